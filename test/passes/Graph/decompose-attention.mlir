// RUN: lamina-opt %s --graph-decompose-attention | FileCheck %s
// RUN: lamina-opt %s --graph-decompose-attention='only-adjoints=true' | FileCheck %s --check-prefix=ADJOINTS

!q = tensor<2x3x4xf32>
!s = tensor<2x3xf32>

// CHECK-LABEL: func @forward
// CHECK:         graph.contract
// CHECK:         %[[M:.*]] = arith.select
// CHECK:         graph.reduce logsumexp %[[M]] axes [2]
// CHECK:         graph.contract
// CHECK-NOT:     graph.attend
// ADJOINTS-LABEL: func @forward
// ADJOINTS:         graph.attend softmax
func.func @forward(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @backward
// CHECK:         graph.barrier
// CHECK-NOT:     graph.attend_grad
// CHECK-NOT:     graph.gradient
// ADJOINTS-LABEL: func @backward
// ADJOINTS-NOT:     graph.attend_grad
func.func @backward(%q: !q, %k: !q, %v: !q, %o: !q, %stats: !s, %do: !q) -> (!q, !q, !q) {
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %o, %stats, %do : (!q, !q, !q, !q, !s, !q) -> (!q, !q, !q)
  return %dq, %dk, %dv : !q, !q, !q
}

// Every backend has a routine for it.
// CHECK-LABEL: func @keeps_sort
// CHECK:         graph.sort
func.func @keeps_sort(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.sort %x axis 0 : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
