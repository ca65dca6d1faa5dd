// The inverse undoes the call; the log-determinant is that of the Jacobian, known here in closed form.
// RUN: lamina-opt %s --model-derive-inverses --convert-model-to-graph --graph-expand-gradients --canonicalize --cse > %t.mlir
// RUN: lamina-reference %t.mlir | FileCheck %s

!x = tensor<2x3x2xf64>   !h = tensor<2x3x1xf64>   !b = tensor<2xf64>   !w = tensor<2x2xf64>
!mix = !model.tree<@Mix>   !couple = !model.tree<@Couple>   !net = !model.tree<@Net>
model.layer @Mix {
  model.param @kernel : !w init 1.0 : f64
  func.func @call(%self: !mix, %x: !x) -> !x {
    %w = model.leaf %self "kernel" : !mix -> !w
    %y = graph.contract %x, %w maps [affine_map<(b, t, n, k) -> (b, t, k)>, affine_map<(b, t, n, k) -> (k, n)>, affine_map<(b, t, n, k) -> (b, t, n)>] : !x, !w -> !x
    return %y : !x
  }
}
// (a, c) to (c * exp(tanh(a)) + a, a), then all through tanh.
model.layer @Couple {
  func.func @call(%self: !couple, %x: !x) -> !x {
    %a = graph.slice %x start [0, 0, 0] step [1, 1, 1] : !x -> !h
    %c = graph.slice %x start [0, 0, 1] step [1, 1, 1] : !x -> !h
    %t = math.tanh %a : !h
    %e = math.exp %t : !h
    %p = arith.mulf %c, %e : !h
    %s = arith.addf %p, %a : !h
    %y = graph.concat %s, %a axis 2 : !h, !h -> !x
    return %y : !x
  }
}
model.layer @Net {
  model.field @couples : !model.tree<@Couple * 3>
  model.field @mixes : !model.tree<@Mix * 3>
  func.func @call(%self: !net, %x: !x) -> !x {
    %cs = model.part %self @couples : !net -> !model.tree<@Couple * 3>
    %ms = model.part %self @mixes : !net -> !model.tree<@Mix * 3>
    %y = graph.scan %i < 3 init(%h = %x : !x) over(%c = %cs : !model.tree<@Couple * 3>, %m = %ms : !model.tree<@Mix * 3>) {
      %0 = model.call %c @call(%h) : !couple, (!x) -> !x
      %1 = model.call %m @call(%0) : !mix, (!x) -> !x
      graph.yield %1 : !x
    }
    return %y : !x
  }
}
func.func private @input() -> !x {
  %0 = arith.constant dense<[[[0.1, -0.2], [0.3, 0.7], [-0.5, 0.2]], [[0.9, 0.4], [-0.3, -0.8], [0.6, -0.1]]]> : !x
  return %0 : !x
}
func.func private @net() -> !net {
  %w = arith.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [-1.0, 0.5]], [[2.0, 0.0], [1.0, 3.0]]]> : tensor<3x2x2xf64>
  %0 = model.pack %w : tensor<3x2x2xf64> -> !net
  return %0 : !net
}

// CHECK: @round_trip: [0.1, -0.2, 0.3, 0.7, -0.5, 0.2, 0.9, 0.4, -0.3, -0.8, 0.6, -0.1]
func.func @round_trip() -> !x {
  %x = func.call @input() : () -> !x
  %n = func.call @net() : () -> !net
  %y = model.call %n @call(%x) : !net, (!x) -> !x
  %z = model.inverse %n @call(%y) : !net, (!x) -> !x
  return %z : !x
}

// Three positions, |det| = 2: 3 log 2.
// CHECK: @volume_of_product: [2.07944{{.*}}, 2.07944{{.*}}]
func.func @volume_of_product() -> !b {
  %x = func.call @input() : () -> !x
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : !w
  %m = model.pack %w : !w -> !mix
  %d = model.log_det %m @call(%x) : !mix, (!x) -> !b
  return %d : !b
}

// What is added up by log_det is what the inverse takes away again; from the Jacobian of the whole map by LU.
// CHECK: @difference: [{{-?0|-?[0-9.]+e-1[0-9]}}, {{-?0|-?[0-9.]+e-1[0-9]}}]
func.func @difference() -> !b {
  %x = func.call @input() : () -> !x
  %n = func.call @net() : () -> !net
  %d = model.log_det %n @call(%x) : !net, (!x) -> !b
  %y = model.call %n @call(%x) : !net, (!x) -> !x
  %j = graph.gradient %y wrt %x each 3 : (!x, !x) -> tensor<2x3x2x2x3x2xf64>
  %0 = graph.slice %j start [0, 0, 0, 0, 0, 0] step [1, 1, 1, 1, 1, 1] : tensor<2x3x2x2x3x2xf64> -> tensor<1x3x2x1x3x2xf64>
  %1 = graph.slice %j start [1, 0, 0, 1, 0, 0] step [1, 1, 1, 1, 1, 1] : tensor<2x3x2x2x3x2xf64> -> tensor<1x3x2x1x3x2xf64>
  %2 = graph.reshape %0 : tensor<1x3x2x1x3x2xf64> -> tensor<1x6x6xf64>
  %3 = graph.reshape %1 : tensor<1x3x2x1x3x2xf64> -> tensor<1x6x6xf64>
  %4 = graph.concat %2, %3 axis 0 : tensor<1x6x6xf64>, tensor<1x6x6xf64> -> tensor<2x6x6xf64>
  %f, %p = graph.lu %4 : tensor<2x6x6xf64> -> tensor<2x6xi32>
  %r = graph.iota axis 1 : tensor<2x6x6xi32>
  %c = graph.iota axis 2 : tensor<2x6x6xi32>
  %same = arith.cmpi eq, %r, %c : tensor<2x6x6xi32>
  %one = arith.constant dense<1.0> : tensor<2x6x6xf64>
  %u = arith.select %same, %f, %one : tensor<2x6x6xi1>, tensor<2x6x6xf64>
  %a = math.absf %u : tensor<2x6x6xf64>
  %l = math.log %a : tensor<2x6x6xf64>
  %s = graph.reduce sum %l axes [1, 2] : tensor<2x6x6xf64> -> !b
  %e = arith.subf %d, %s : !b
  return %e : !b
}
