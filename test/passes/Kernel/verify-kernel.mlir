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
