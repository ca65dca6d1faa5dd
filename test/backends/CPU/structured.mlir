// RUN: lamina-kernel %s --dims=3,37 --ids=12 | FileCheck %s
// RUN: lamina-kernel %s --dims=2,5 --ids=3 --mcpu=x86-64 | FileCheck %s
// Ops that are no nest of loops over linalg, against the plain meaning: [batch, axis, inner].
// CHECK-NOT: WRONG

// CHECK-DAG: sort: ok

kernel.func sort @sort outs(2) attributes {dims = ["b", "n"], shapes = [array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%k: tensor<?x?x3xf32>, %p: tensor<?x?x3xi32>, %ko: tensor<?x?x3xf32>, %po: tensor<?x?x3xi32>):
  %r:2 = graph.sort %k, %p axis 1 descending : tensor<?x?x3xf32>, tensor<?x?x3xi32> -> tensor<?x?x3xf32>, tensor<?x?x3xi32>
  kernel.return %r#0, %r#1 : tensor<?x?x3xf32>, tensor<?x?x3xi32>
}

// CHECK-DAG: sort_up: ok
kernel.func sort @sort_up outs(1) attributes {dims = ["b", "n"], shapes = [array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%k: tensor<?x?x1xi32>, %ko: tensor<?x?x1xi32>):
  %r = graph.sort %k axis 1 : tensor<?x?x1xi32> -> tensor<?x?x1xi32>
  kernel.return %r : tensor<?x?x1xi32>
}

// CHECK-DAG: top: ok
kernel.func sort @top outs(2) attributes {dims = ["b", "n"], shapes = [array<i64: 0, 1>, array<i64: 0>, array<i64: 0>]} {
^bb0(%k: tensor<?x?x2xf32>, %v: tensor<?x5x2xf32>, %i: tensor<?x5x2xi32>):
  %r:2 = graph.top_k %k k 5 axis 1 : tensor<?x?x2xf32> -> tensor<?x5x2xf32>, tensor<?x5x2xi32>
  kernel.return %r#0, %r#1 : tensor<?x5x2xf32>, tensor<?x5x2xi32>
}

// CHECK-DAG: running: ok
kernel.func cumulative @running outs(1) attributes {dims = ["b", "n"], shapes = [array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%k: tensor<?x?x2xf32>, %v: tensor<?x?x2xf32>):
  %r = graph.cumulative sum %k axis 1 reverse exclusive : tensor<?x?x2xf32>
  kernel.return %r : tensor<?x?x2xf32>
}

// CHECK-DAG: running_lse: ok
kernel.func cumulative @running_lse outs(1) attributes {dims = ["b", "n"], shapes = [array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%k: tensor<?x?x2xf32>, %v: tensor<?x?x2xf32>):
  %r = graph.cumulative logsumexp %k axis 1 : tensor<?x?x2xf32>
  kernel.return %r : tensor<?x?x2xf32>
}

// CHECK-DAG: set: ok
kernel.func scatter @set outs(1) attributes {dims = ["b", "n"], shapes = [array<i64: 0, 1>, array<i64: 0, 1>, array<i64: 0>]} {
^bb0(%ids: tensor<?x?xi32>, %u: tensor<?x?x19xf32>, %out: tensor<?x9x19xf32>):
  %r = graph.scatter set %out at %ids with %u axis 1 batch 1 outside zero : tensor<?x9x19xf32>, tensor<?x?xi32>, tensor<?x?x19xf32> -> tensor<?x9x19xf32>
  kernel.return %r : tensor<?x9x19xf32>
}
