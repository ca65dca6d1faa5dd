// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-decompose))' | FileCheck %s

!x = tensor<?x10xf32, #graph.dims<b>>
!v = tensor<?xf32, #graph.dims<b>>

// CHECK-LABEL: func @logsumexp
// CHECK: graph.reduce max
// CHECK: math.exp
// CHECK: graph.reduce sum
// CHECK: math.log
func.func @logsumexp(%x: !x) -> !v {
  %y = graph.reduce logsumexp %x axes [1] : !x -> !v
  return %y : !v
}

// CHECK-LABEL: func @argmax
// CHECK-NOT: graph.arg_reduce
// CHECK: graph.reduce max
// CHECK: graph.iota axis 1
// CHECK: graph.reduce min
func.func @argmax(%x: !x) -> tensor<?xi32, #graph.dims<b>> {
  %y = graph.arg_reduce max %x axis 1 : !x -> tensor<?xi32, #graph.dims<b>>
  return %y : tensor<?xi32, #graph.dims<b>>
}

// Other reductions stay.
// CHECK-LABEL: func @sum
// CHECK-NEXT: graph.reduce sum
// CHECK-NEXT: return
func.func @sum(%x: !x) -> !v {
  %y = graph.reduce sum %x axes [1] : !x -> !v
  return %y : !v
}
