// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK-LABEL: optim.stage @clip.kernel for tensor<4x4xf32> step {
// CHECK:         optim.total %{{.*}} : tensor<f32>
// CHECK:         optim.yield %{{.*}} : tensor<4x4xf32>
// CHECK-LABEL: optim.stage @every.kernel
// CHECK:         optim.yield %{{.*}} pass %{{.*}} : tensor<4x4xf32>, tensor<i1>
// CHECK-LABEL: optim.stage @momentum.kernel for tensor<4x4xf32> slots(m = 0.000000e+00 : f32 : tensor<4x4xf32>) step {
// CHECK:         optim.yield %{{.*}} rate %{{.*}} slots %{{.*}} : tensor<4x4xf32>, tensor<f32>, tensor<4x4xf32>
// CHECK:       } after {
// CHECK:         optim.yield %{{.*}} slots %{{.*}} : tensor<4x4xf32>, tensor<4x4xf32>
// CHECK:       optim.pipeline @recipe leaves ["blocks.kernel", "offset"] stacked [true, false] stages {{\[\[}}@clip.kernel, @clip.offset], [@every.kernel, unit], [@momentum.kernel, unit]]
// CHECK:         optim.apply @recipe weights({{.*}}) gradients({{.*}}) slots({{.*}}) counters({{.*}}) -> {{.*}} slots {{.*}} counters
!w = tensor<4x4xf32>   !ws = tensor<6x4x4xf32>   !v = tensor<4xf32>   !s = tensor<f32>   !n = tensor<i64>
optim.stage @clip.kernel for !w step {                      // one op for each stage and weight type
^bb0(%g: !w, %w: !w, %rate: !s, %t: !n):
  %gg = arith.mulf %g, %g : !w
  %q = graph.reduce sum %gg axes [0, 1] : !w -> !s
  %all = optim.total %q : !s
  %norm = math.sqrt %all : !s
  %one = arith.constant dense<1.0> : !s
  %f = arith.divf %one, %norm : !s
  %m = arith.minimumf %one, %f : !s
  %mb = graph.broadcast %m axes [] : !s -> !w
  %h = arith.mulf %g, %mb : !w
  optim.yield %h : !w
}
optim.stage @clip.offset for !v step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n):
  %gg = arith.mulf %g, %g : !v
  %q = graph.reduce sum %gg axes [0] : !v -> !s
  %all = optim.total %q : !s
  %norm = math.sqrt %all : !s
  %one = arith.constant dense<1.0> : !s
  %f = arith.divf %one, %norm : !s
  %m = arith.minimumf %one, %f : !s
  %mb = graph.broadcast %m axes [] : !s -> !v
  %h = arith.mulf %g, %mb : !v
  optim.yield %h : !v
}
optim.stage @every.kernel for !w step {                     // pass when t mod 2 == 0
^bb0(%g: !w, %w: !w, %rate: !s, %t: !n):
  %two = arith.constant dense<2> : !n
  %zero = arith.constant dense<0> : !n
  %k = arith.remsi %t, %two : !n
  %last = arith.cmpi eq, %k, %zero : !n
  optim.yield %g pass %last : !w, tensor<i1>
}
optim.stage @momentum.kernel for !w slots(m = 0.0 : f32 : !w) step {
^bb0(%g: !w, %w: !w, %rate: !s, %t: !n, %m: !w):
  %b = arith.constant dense<0.9> : !w
  %bm = arith.mulf %b, %m : !w
  %m1 = arith.addf %bm, %g : !w
  %r = arith.constant dense<0.1> : !s
  optim.yield %m1 rate %r slots %m1 : !w, !s, !w
} after {                                                   // (w, rate, t, slots) -> (w', slots')
^bb0(%w: !w, %rate: !s, %t: !n, %m: !w):
  optim.yield %w slots %m : !w, !w
}
optim.pipeline @recipe leaves ["blocks.kernel", "offset"] stacked [true, false]
  stages [[@clip.kernel, @clip.offset], [@every.kernel, unit], [@momentum.kernel, unit]]
func.func @update(%w: !ws, %o: !v, %gw: !ws, %go: !v, %m: !ws, %t0: !n, %t1: !n, %t2: !n) -> (!ws, !v, !ws, !n, !n, !n) {
  %new:2, %m1, %t:3 = optim.apply @recipe weights(%w, %o : !ws, !v) gradients(%gw, %go : !ws, !v) slots(%m : !ws)
      counters(%t0, %t1, %t2 : !n, !n, !n) -> !ws, !v slots !ws counters !n, !n, !n
  return %new#0, %new#1, %m1, %t#0, %t#1, %t#2 : !ws, !v, !ws, !n, !n, !n
}

// CHECK-LABEL: optim.stage @ema.offset for tensor<4xf32> slots(e = 0.000000e+00 : f32 : tensor<4xf32>) scalars(decay : tensor<f32>) step {
// CHECK:       } final {
optim.stage @ema.offset for !v slots(e = 0.0 : f32 : !v) scalars(decay : !s) step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n, %e: !v, %decay: !s):
  optim.yield %g slots %e : !v, !v
} final {
^bb0(%w: !v, %rate: !s, %t: !n, %e: !v, %decay: !s):
  optim.yield %e : !v
}
optim.pipeline @mean leaves ["offset"] stacked [false] stages [[@ema.offset]]
func.func @final(%o: !v, %e: !v, %t0: !n, %decay: !s) -> !v {
  // CHECK: optim.final @mean weights({{.*}}) slots({{.*}}) counters({{.*}}) scalars ["decay"](%{{.*}} : tensor<f32>) -> tensor<4xf32>
  %0 = optim.final @mean weights(%o : !v) slots(%e : !v) counters(%t0 : !n) scalars ["decay"](%decay : !s) -> !v
  return %0 : !v
}
