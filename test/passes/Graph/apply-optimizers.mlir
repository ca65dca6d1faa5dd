// RUN: lamina-opt %s --graph-apply-optimizers --canonicalize --cse --graph-prune-scan --split-input-file | FileCheck %s

// Partial norms of the copies by a scan, added up, then the other leaf; the pass is a branch around one scan with
// momentum, step and after. The leaf that has no pass steps outside of it. Its counter counts always.
// CHECK-NOT:   optim
// CHECK-LABEL: func.func @update
// CHECK-SAME:    %[[W:[^:]*]]: tensor<6x4x4xf32>, %[[O:[^:]*]]: tensor<4xf32>, %[[GW:[^:]*]]: tensor<6x4x4xf32>, %[[GO:[^:]*]]: tensor<4xf32>
// CHECK:         %[[T0:.*]] = arith.addi %arg5
// CHECK:         %[[OWN:.*]] = graph.reduce sum %{{.*}} axes [0] : tensor<4xf32> -> tensor<f32>
// CHECK:         %[[NORMS:.*]] = graph.scan %{{.*}} < 6 over(%{{.*}} = %[[GW]] : tensor<6x4x4xf32>) stacks(tensor<6xf32>)
// CHECK:         %[[SUM:.*]] = graph.reduce sum %[[NORMS]] axes [0]
// CHECK:         arith.addf %[[SUM]], %[[OWN]]
// CHECK:         %[[T1:.*]] = arith.addi %arg6
// CHECK:         %[[P:.*]] = arith.cmpi eq
// CHECK:         %[[HELD:.*]]:3 = graph.cond %[[P]]
// CHECK:           graph.scan %{{.*}} < 6 over({{.*}}) stacks(tensor<6x4x4xf32>, tensor<6x4x4xf32>) {
// CHECK:         } else(
// CHECK-NEXT:      graph.yield
// CHECK:         %[[NEW:.*]] = arith.subf %[[O]]
// CHECK:         return %[[HELD]]#0, %[[NEW]], %[[HELD]]#1, %[[T0]], %[[T1]], %[[HELD]]#2
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

// -----

// Rows that a pass holds back keep slots and weight; the counter does not stop.
// CHECK-LABEL: func.func @rows
// CHECK:         %[[KEEP:.*]] = arith.cmpf une
// CHECK:         %[[ANY:.*]] = graph.reduce any
// CHECK:         %[[B:.*]] = graph.broadcast %[[ANY]] axes [0]
// CHECK:         %[[M:.*]] = arith.select %[[B]], %{{.*}}, %arg2
// CHECK:         %[[W:.*]] = arith.select %[[B]], %{{.*}}, %arg0
// CHECK:         return %[[W]], %[[M]], %{{.*}}, %{{.*}}
!w = tensor<8x4xf32>   !s = tensor<f32>   !n = tensor<i64>
optim.stage @lazy for !w step {
^bb0(%g: !w, %w: !w, %rate: !s, %t: !n):
  %zero = arith.constant dense<0.0> : !w
  %c = arith.cmpf une, %g, %zero : !w
  %any = graph.reduce any %c axes [1] : tensor<8x4xi1> -> tensor<8xi1>
  optim.yield %g pass %any : !w, tensor<8xi1>
}
optim.stage @momentum for !w slots(m = 0.0 : f32 : !w) scalars(rate : !s) step {
^bb0(%g: !w, %w: !w, %old: !s, %t: !n, %m: !w, %rate: !s):
  %m1 = arith.addf %m, %g : !w
  optim.yield %m1 rate %rate slots %m1 : !w, !s, !w
}
optim.pipeline @p leaves ["table"] stacked [false] stages [[@lazy], [@momentum]]
func.func @rows(%w: !w, %g: !w, %m: !w, %t0: !n, %t1: !n, %rate: !s) -> (!w, !w, !n, !n) {
  %w1, %m1, %t:2 = optim.apply @p weights(%w : !w) gradients(%g : !w) slots(%m : !w) counters(%t0, %t1 : !n, !n)
      scalars ["rate"](%rate : !s) -> !w slots !w counters !n, !n
  return %w1, %m1, %t#0, %t#1 : !w, !w, !n, !n
}

// -----

// A total over a leaf that is held back and one that is not: the pass is a select, what is held adds 0, and the
// counter behind it counts only where it passes.
// CHECK-LABEL: func.func @shared_total
// CHECK-NOT:     graph.cond
// CHECK:         %[[P:.*]] = arith.cmpi eq
// CHECK:         %[[PART:.*]] = arith.select %[[P]], %{{.*}}, %{{.*}} : tensor<i1>, tensor<f32>
// CHECK:         arith.addf %[[PART]], %{{.*}} : tensor<f32>
// CHECK:         %[[T1:.*]] = arith.select %[[P]], %{{.*}}, %arg5 : tensor<i1>, tensor<i64>
// CHECK:         return %{{.*}}, %{{.*}}, %{{.*}}, %[[T1]], %{{.*}}
!v = tensor<4xf32>   !s = tensor<f32>   !n = tensor<i64>
optim.stage @every for !v step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n):
  %two = arith.constant dense<2> : !n
  %zero = arith.constant dense<0> : !n
  %k = arith.remsi %t, %two : !n
  %last = arith.cmpi eq, %k, %zero : !n
  optim.yield %g pass %last : !v, tensor<i1>
}
optim.stage @clip for !v step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n):
  %q = graph.reduce sum %g axes [0] : !v -> !s
  %all = optim.total %q : !s
  %b = graph.broadcast %all axes [] : !s -> !v
  %h = arith.divf %g, %b : !v
  optim.yield %h : !v
}
optim.pipeline @p leaves ["a", "b"] stacked [false, false] stages [[@every, unit], [@clip, @clip]]
func.func @shared_total(%a: !v, %b: !v, %ga: !v, %gb: !v, %t0: !n, %t1: !n, %t2: !n) -> (!v, !v, !n, !n, !n) {
  %w:2, %t:3 = optim.apply @p weights(%a, %b : !v, !v) gradients(%ga, %gb : !v, !v)
      counters(%t0, %t1, %t2 : !n, !n, !n) -> !v, !v counters !n, !n, !n
  return %w#0, %w#1, %t#0, %t#1, %t#2 : !v, !v, !n, !n, !n
}

// -----

// A stack of stacks is one stack while it is updated; `final` is what evaluation uses.
// CHECK-LABEL: func.func @nested
// CHECK:         graph.reshape %{{.*}} : tensor<2x3x4xf32> -> tensor<6x4xf32>
// CHECK:         %[[S:.*]]:2 = graph.scan %{{.*}} < 6 over(
// CHECK:         graph.reshape %[[S]]#{{.}} : tensor<6x4xf32> -> tensor<2x3x4xf32>
// CHECK-LABEL: func.func @final
// CHECK:         return %arg1
!v = tensor<4xf32>   !vs = tensor<2x3x4xf32>   !s = tensor<f32>   !n = tensor<i64>
optim.stage @ema for !v slots(e = 0.0 : f32 : !v) step {
^bb0(%g: !v, %w: !v, %rate: !s, %t: !n, %e: !v):
  optim.yield %g slots %e : !v, !v
} after {
^bb0(%w: !v, %rate: !s, %t: !n, %e: !v):
  %half = arith.constant dense<0.5> : !v
  %d = arith.subf %w, %e : !v
  %m = arith.mulf %half, %d : !v
  %e1 = arith.addf %e, %m : !v
  optim.yield %w slots %e1 : !v, !v
} final {
^bb0(%w: !v, %rate: !s, %t: !n, %e: !v):
  optim.yield %e : !v
}
optim.pipeline @p leaves ["a"] stacked [true] stages [[@ema]]
func.func @nested(%w: !vs, %g: !vs, %e: !vs, %t0: !n) -> (!vs, !vs, !n) {
  %w1, %e1, %t = optim.apply @p weights(%w : !vs) gradients(%g : !vs) slots(%e : !vs) counters(%t0 : !n)
      -> !vs slots !vs counters !n
  return %w1, %e1, %t : !vs, !vs, !n
}
func.func @final(%w: !vs, %e: !vs, %t0: !n) -> !vs {
  %0 = optim.final @p weights(%w : !vs) slots(%e : !vs) counters(%t0 : !n) -> !vs
  return %0 : !vs
}
