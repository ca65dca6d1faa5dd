// RUN: lamina-opt %s --graph-keep-gradients --split-input-file --verify-diagnostics | FileCheck %s

// A variable and a result for each weight, in the leaves' order; a stack stays one. What the step minimizes after
// that has names of its own.
// CHECK-DAG:   program.variable @train.gradient.blocks.kernel : tensor<6x4xf32> {init = 0.000000e+00 : f32, role = "gradient", stack = "train.gradient.blocks.*.kernel"}
// CHECK-DAG:   program.variable @train.gradient.offset : tensor<4xf32> {init = 0.000000e+00 : f32, role = "gradient"}
// CHECK-DAG:   program.variable @train.gradient2.offset : tensor<4xf32>
// CHECK-LABEL: func.func @train.step
// CHECK-SAME:    tensor<6x4xf32> {program.store = @train.gradient.blocks.kernel}
// CHECK-SAME:    tensor<4xf32> {program.store = @train.gradient.offset}
// CHECK-SAME:    tensor<4xf32> {program.store = @train.gradient2.offset}
// CHECK:         return %{{.*}}, %{{.*}}, %arg2, %arg3, %arg4
!w = tensor<6x4xf32>   !v = tensor<4xf32>   !s = tensor<f32>   !n = tensor<i64>
optim.stage @sgd.offset for !v step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n):
  optim.yield %g : !v
}
program.variable @kernel : !w {role = "param", init = 0.0 : f32, stack = "blocks.*.kernel"}
program.variable @offset : !v {role = "param", init = 0.0 : f32}
optim.pipeline @both leaves ["blocks.*.kernel", "offset"] stacked [true, false] stages [[@sgd.offset, @sgd.offset]]
optim.pipeline @again leaves ["offset"] stacked [false] stages [[@sgd.offset]]
func.func @train.step(%w: !w {program.load = @kernel}, %v: !v {program.load = @offset}, %gw: !w, %gv: !v, %gv2: !v)
    -> (!w {program.store = @kernel}, !v {program.store = @offset}) attributes {program.entry = "step"} {
  %c = arith.constant dense<0> : !n
  %w1, %v1, %c1 = optim.apply @both weights(%w, %v : !w, !v) gradients(%gw, %gv : !w, !v) counters(%c : !n) -> !w, !v counters !n
  %v2, %c2 = optim.apply @again weights(%v1 : !v) gradients(%gv2 : !v) counters(%c : !n) -> !v counters !n
  return %w1, %v2 : !w, !v
}

// -----

// Does not fire: the rounds of a loop.
// CHECK-LABEL: func.func @looped.step
// CHECK-SAME:    -> tensor<4xf32>
// CHECK-NOT:     program.store
!v = tensor<4xf32>   !s = tensor<f32>   !n = tensor<i64>
optim.stage @sgd.offset for !v step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n):
  optim.yield %g : !v
}
optim.pipeline @p leaves ["offset"] stacked [false] stages [[@sgd.offset]]
func.func @looped.step(%v: !v) -> !v attributes {program.entry = "step"} {
  %out = graph.scan %i < 3 init(%h = %v : !v) {
    %c = arith.constant dense<0> : !n
    // expected-warning @below {{a loop in the step takes these gradients; those of its rounds are not kept}}
    %v1, %c1 = optim.apply @p weights(%h : !v) gradients(%h : !v) counters(%c : !n) -> !v counters !n
    graph.yield %v1 : !v
  }
  return %out : !v
}

// -----

// expected-warning @below {{no step here applies gradients, so there are none to keep}}
module {
  func.func @f(%x: tensor<f32>) -> tensor<f32> {
    return %x : tensor<f32>
  }
}
