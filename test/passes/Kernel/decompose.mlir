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

// A contraction that sums over nothing, or over one element, is elementwise.
// CHECK-LABEL: func @outer
// CHECK-NOT: graph.contract
// CHECK: %[[A:.*]] = graph.broadcast %{{.*}} axes [0]
// CHECK: %[[B:.*]] = graph.broadcast %{{.*}} axes [1]
// CHECK: arith.mulf %[[A]], %[[B]]
func.func @outer(%x: tensor<4x1xf32>, %y: tensor<1x6xf32>) -> tensor<4x6xf32> {
  %z = graph.contract %x, %y maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
       affine_map<(m, n, k) -> (m, n)>] : tensor<4x1xf32>, tensor<1x6xf32> -> tensor<4x6xf32>
  return %z : tensor<4x6xf32>
}

// The axes of an operand are put in the order of the result's.
// CHECK-LABEL: func @outer_turned
// CHECK: graph.transpose %{{.*}} order [1, 0]
// CHECK: arith.mulf
func.func @outer_turned(%x: tensor<4x6xf32>, %y: tensor<6xf32>) -> tensor<6x4xf32> {
  %z = graph.contract %x, %y maps [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
       affine_map<(m, n) -> (n, m)>] : tensor<4x6xf32>, tensor<6xf32> -> tensor<6x4xf32>
  return %z : tensor<6x4xf32>
}

// One that sums stays.
// CHECK-LABEL: func @product
// CHECK-NEXT: graph.contract
// CHECK-NEXT: return
func.func @product(%x: tensor<4x2xf32>, %y: tensor<2x6xf32>) -> tensor<4x6xf32> {
  %z = graph.contract %x, %y maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
       affine_map<(m, n, k) -> (m, n)>] : tensor<4x2xf32>, tensor<2x6xf32> -> tensor<4x6xf32>
  return %z : tensor<4x6xf32>
}

// The axis of a scatter is moved behind the batch axes, and back.
// CHECK-LABEL: func @scatter_middle
// CHECK: graph.transpose %{{.*}} order [1, 0, 2] : tensor<2x5x3xf32> -> tensor<5x2x3xf32>
// CHECK: graph.transpose %{{.*}} order [1, 0, 2] : tensor<2x4x3xf32> -> tensor<4x2x3xf32>
// CHECK: graph.scatter sum {{.*}} axis 0 batch 0
// CHECK: graph.transpose %{{.*}} order [1, 0, 2] : tensor<5x2x3xf32> -> tensor<2x5x3xf32>
func.func @scatter_middle(%x: tensor<2x5x3xf32>, %i: tensor<4xi32>, %u: tensor<2x4x3xf32>) -> tensor<2x5x3xf32> {
  %y = graph.scatter sum %x at %i with %u axis 1 batch 0 : tensor<2x5x3xf32>, tensor<4xi32>, tensor<2x4x3xf32> -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}

// CHECK-LABEL: func @scatter_first
// CHECK-NEXT: graph.scatter
// CHECK-NEXT: return
func.func @scatter_first(%x: tensor<2x5x3xf32>, %i: tensor<2x4xi32>, %u: tensor<2x4x3xf32>) -> tensor<2x5x3xf32> {
  %y = graph.scatter sum %x at %i with %u axis 1 batch 1 : tensor<2x5x3xf32>, tensor<2x4xi32>, tensor<2x4x3xf32> -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}
