// RUN: lamina-opt %s --verify-kernel --verify-diagnostics --split-input-file

func.func @launches_only(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  %r = graph.reshape %x : tensor<4xf32> -> tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}

// -----

func.func @forgotten(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{is no launch, loop or number of the host}}
  %y = math.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

kernel.func map @sizes outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>]} {
^bb0(%y: tensor<?xf32>):
  // expected-error @below {{'kernel.size' op is that of dim 1, but the kernel has 1}}
  %n = kernel.size 1
  kernel.return %y : tensor<?xf32>
}
