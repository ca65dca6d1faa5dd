// RUN: lamina-opt %s --graph-simplify --split-input-file | FileCheck %s

!b = tensor<?x4xf32, #graph.dims<b>>

// CHECK-LABEL: func @neutral_numbers_of_named_sizes
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32, {{.*}}>
// CHECK-NEXT:    return %[[X]]
func.func @neutral_numbers_of_named_sizes(%x: !b) -> !b {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %z = graph.broadcast %zero axes [] : tensor<f32> -> !b
  %o = graph.broadcast %one axes [] : tensor<f32> -> !b
  %0 = arith.addf %x, %z : !b
  %1 = arith.mulf %o, %0 : !b
  %2 = arith.divf %1, %o : !b
  return %2 : !b
}

// -----

!b = tensor<?x4xf32, #graph.dims<b>>

// x * 0 is not 0 for NaN and infinity.
// CHECK-LABEL: func @keeps_product_with_zero
// CHECK:         arith.mulf
func.func @keeps_product_with_zero(%x: !b) -> !b {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %z = graph.broadcast %zero axes [] : tensor<f32> -> !b
  %0 = arith.mulf %x, %z : !b
  return %0 : !b
}

// -----

// CHECK-LABEL: func @selects_under_their_own_condition
// CHECK-SAME:    %[[C:.*]]: tensor<4xi1>, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>, %[[D:.*]]: tensor<4xf32>
// CHECK-NEXT:    %[[R:.*]] = arith.select %[[C]], %[[A]], %[[D]]
// CHECK-NEXT:    return %[[R]]
func.func @selects_under_their_own_condition(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>
  %1 = arith.select %c, %0, %d : tensor<4xi1>, tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

!z = tensor<?x10xf32, #graph.dims<b>>
!i = tensor<?xi32, #graph.dims<b>>
!f = tensor<?xf32, #graph.dims<b>>

// The adjoint of picking one logit is elementwise.
// CHECK-LABEL: func @select_instead_of_scatter
// CHECK-DAG:     %[[IOTA:.*]] = graph.iota axis 1
// CHECK-DAG:     %[[IDS:.*]] = graph.broadcast %arg1 axes [0]
// CHECK:         %[[HIT:.*]] = arith.cmpi eq, %[[IOTA]], %[[IDS]]
// CHECK:         %[[SUM:.*]] = arith.addf %arg0
// CHECK:         arith.select %[[HIT]], %[[SUM]], %arg0
// CHECK-NOT:     graph.scatter
func.func @select_instead_of_scatter(%z: !z, %i: !i, %u: !f) -> !z {
  %0 = graph.scatter sum %z at %i with %u axis 1 batch 1 : !z, !i, !f -> !z
  return %0 : !z
}

// -----

!e = tensor<10x4xf32>
!i = tensor<?xi32, #graph.dims<b>>
!r = tensor<?x4xf32, #graph.dims<b>>

// Rows of a table, more than one: stays, but adds in place.
// CHECK-LABEL: func @scatter_into_sum
// CHECK:         %[[R:.*]] = graph.scatter sum %arg0 at %arg1 with %arg2 axis 0 batch 0
// CHECK-NEXT:    return %[[R]]
func.func @scatter_into_sum(%t: !e, %i: !i, %u: !r) -> !e {
  %zero = arith.constant dense<0.0> : !e
  %0 = graph.scatter sum %zero at %i with %u axis 0 batch 0 : !e, !i, !r -> !e
  %1 = arith.addf %t, %0 : !e
  return %1 : !e
}

// -----

// CHECK-LABEL: func @computes_before_broadcast
// CHECK:         %[[M:.*]] = arith.mulf %arg0, %arg1 : tensor<4xf32>
// CHECK:         %[[E:.*]] = math.exp %[[M]] : tensor<4xf32>
// CHECK:         graph.broadcast %[[E]] axes [1] : tensor<4xf32> -> tensor<3x4xf32>
func.func @computes_before_broadcast(%a: tensor<4xf32>, %c: tensor<4xf32>) -> tensor<3x4xf32> {
  %0 = graph.broadcast %a axes [1] : tensor<4xf32> -> tensor<3x4xf32>
  %1 = graph.broadcast %c axes [1] : tensor<4xf32> -> tensor<3x4xf32>
  %2 = arith.mulf %0, %1 : tensor<3x4xf32>
  %3 = math.exp %2 : tensor<3x4xf32>
  return %3 : tensor<3x4xf32>
}

// -----

!b = tensor<?x4xf32, #graph.dims<b>>

// The gradient of an offset that all rows share, of a sum.
// CHECK-LABEL: func @sum_of_what_repeats
// CHECK:         %[[N:.*]] = graph.size <b> : tensor<f32>
// CHECK:         %[[B:.*]] = graph.broadcast %[[N]]
// CHECK:         arith.mulf %arg0, %[[B]] : tensor<4xf32>
// CHECK-NOT:     graph.reduce
func.func @sum_of_what_repeats(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.broadcast %x axes [1] : tensor<4xf32> -> !b
  %1 = graph.reduce sum %0 axes [0] : !b -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
#mk = affine_map<(m, n, k) -> (m, n, k)>

// CHECK-DAG:   #[[K:.*]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK-LABEL: func @reads_what_repeats_by_fewer_indices
// CHECK:         graph.contract %arg0, %arg1 maps [#[[K]],
func.func @reads_what_repeats_by_fewer_indices(%x: tensor<4xf32>, %w: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %0 = graph.broadcast %x axes [1] : tensor<4xf32> -> tensor<3x4xf32>
  %1 = graph.contract %0, %w maps [#x, #w, #y] : tensor<3x4xf32>, tensor<4x5xf32> -> tensor<3x5xf32>
  return %1 : tensor<3x5xf32>
}

// -----

!p = tensor<?x64x16xf32, #graph.dims<b>>

// Angles of positions and frequencies do not depend on the batch.
// CHECK-LABEL: func @outer_product_without_the_batch
// CHECK:         %[[M:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<64x16xf32>
// CHECK:         %[[C:.*]] = math.cos %[[M]] : tensor<64x16xf32>
// CHECK:         graph.broadcast %[[C]] axes [1, 2]
func.func @outer_product_without_the_batch(%t: tensor<64xf32>, %f: tensor<16xf32>) -> !p {
  %0 = graph.broadcast %t axes [1] : tensor<64xf32> -> !p
  %1 = graph.broadcast %f axes [2] : tensor<16xf32> -> !p
  %2 = arith.mulf %0, %1 : !p
  %3 = math.cos %2 : !p
  return %3 : !p
}
