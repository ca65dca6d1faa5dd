// RUN: lamina-opt %s --graph-form-contractions --canonicalize | FileCheck %s

!q = tensor<?x6x?x64xf32, #graph.dims<b, t>>
!p = tensor<?x6x?x?x64xf32, #graph.dims<b, t, t>>
!s = tensor<?x6x?x?xf32, #graph.dims<b, t, t>>

// CHECK-DAG: #[[Q:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
// CHECK-DAG: #[[K:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
// CHECK-DAG: #[[S:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[X:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 * 2 + d3 * 3 - 1, d4)>
// CHECK-DAG: #[[W:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d3, d4, d2)>

// CHECK-LABEL: func @scores
// CHECK:         %[[S0:.*]] = graph.contract %{{.*}}, %{{.*}} maps [#[[Q]], #[[K]], #[[S]]]
// CHECK-NEXT:    return %[[S0]]
func.func @scores(%q: !q, %k: !q) -> !s {
  %a = graph.broadcast %q axes [0, 1, 2, 4] : !q -> !p
  %b = graph.broadcast %k axes [0, 1, 3, 4] : !q -> !p
  %p = arith.mulf %a, %b : !p
  %s = graph.reduce sum %p axes [4] : !p -> !s
  return %s : !s
}

// A strided, dilated convolution: the window is an index of the map.
// CHECK-LABEL: func @convolution
// CHECK:         graph.contract %{{.*}}, %{{.*}} maps [#[[X]], #[[W]],
// CHECK-NOT:     graph.window
func.func @convolution(%x: tensor<?x32x8xf32, #graph.dims<b>>, %w: tensor<3x8x16xf32>)
    -> tensor<?x14x16xf32, #graph.dims<b>> {
  %0 = graph.window %x axes [1] size [3] stride [2] dilation [3] low [1] outside 0.0 : f32
      : tensor<?x32x8xf32, #graph.dims<b>> -> tensor<?x14x3x8xf32, #graph.dims<b>>
  %1 = graph.broadcast %0 axes [0, 1, 3, 4]
      : tensor<?x14x3x8xf32, #graph.dims<b>> -> tensor<?x14x16x3x8xf32, #graph.dims<b>>
  %t = graph.transpose %w order [2, 0, 1] : tensor<3x8x16xf32> -> tensor<16x3x8xf32>
  %2 = graph.broadcast %t axes [2, 3, 4] : tensor<16x3x8xf32> -> tensor<?x14x16x3x8xf32, #graph.dims<b>>
  %3 = arith.mulf %1, %2 : tensor<?x14x16x3x8xf32, #graph.dims<b>>
  %4 = graph.reduce sum %3 axes [3, 4]
      : tensor<?x14x16x3x8xf32, #graph.dims<b>> -> tensor<?x14x16xf32, #graph.dims<b>>
  return %4 : tensor<?x14x16xf32, #graph.dims<b>>
}

// Three factors, pair by pair: the small matrices first.
// CHECK-LABEL: func @chain
// CHECK:         %[[AB:.*]] = graph.contract %arg0, %arg1 {{.*}} : tensor<4x8xf32>, tensor<8x4xf32> -> tensor<4x4xf32>
// CHECK:         graph.contract %[[AB]], %arg2 {{.*}} -> tensor<4x1000xf32>
func.func @chain(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x1000xf32>) -> tensor<4x1000xf32> {
  %0 = graph.broadcast %a axes [0, 2] : tensor<4x8xf32> -> tensor<4x1000x8x4xf32>
  %1 = graph.broadcast %b axes [2, 3] : tensor<8x4xf32> -> tensor<4x1000x8x4xf32>
  %t = graph.transpose %c order [1, 0] : tensor<4x1000xf32> -> tensor<1000x4xf32>
  %2 = graph.broadcast %t axes [1, 3] : tensor<1000x4xf32> -> tensor<4x1000x8x4xf32>
  %3 = arith.mulf %0, %1 : tensor<4x1000x8x4xf32>
  %4 = arith.mulf %3, %2 : tensor<4x1000x8x4xf32>
  %5 = graph.reduce sum %4 axes [2, 3] : tensor<4x1000x8x4xf32> -> tensor<4x1000xf32>
  return %5 : tensor<4x1000xf32>
}

// A scalar factor is put behind the sum.
// CHECK-LABEL: func @scaled
// CHECK:         %[[C:.*]] = graph.contract %arg0, %arg1
// CHECK:         %[[B:.*]] = graph.broadcast %arg2 axes []
// CHECK:         arith.mulf %[[C]], %[[B]]
func.func @scaled(%a: tensor<4x8xf32>, %b: tensor<5x8xf32>, %s: tensor<f32>) -> tensor<4x5xf32> {
  %0 = graph.broadcast %a axes [0, 2] : tensor<4x8xf32> -> tensor<4x5x8xf32>
  %1 = graph.broadcast %b axes [1, 2] : tensor<5x8xf32> -> tensor<4x5x8xf32>
  %2 = graph.broadcast %s axes [] : tensor<f32> -> tensor<4x5x8xf32>
  %3 = arith.mulf %0, %2 : tensor<4x5x8xf32>
  %4 = arith.mulf %3, %1 : tensor<4x5x8xf32>
  %5 = graph.reduce sum %4 axes [2] : tensor<4x5x8xf32> -> tensor<4x5xf32>
  return %5 : tensor<4x5xf32>
}

// CHECK-LABEL: func @keeps_weighted_rows
// CHECK-NOT:     graph.contract
// CHECK:         graph.reduce sum
func.func @keeps_weighted_rows(%a: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<4xf32> {
  %0 = graph.broadcast %w axes [1] : tensor<8xf32> -> tensor<4x8xf32>
  %1 = arith.mulf %a, %0 : tensor<4x8xf32>
  %2 = graph.reduce sum %1 axes [1] : tensor<4x8xf32> -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// CHECK-LABEL: func @keeps_product_with_other_users
// CHECK-NOT:     graph.contract
func.func @keeps_product_with_other_users(%a: tensor<4x8xf32>, %b: tensor<5x8xf32>)
    -> (tensor<4x5xf32>, tensor<4x5x8xf32>) {
  %0 = graph.broadcast %a axes [0, 2] : tensor<4x8xf32> -> tensor<4x5x8xf32>
  %1 = graph.broadcast %b axes [1, 2] : tensor<5x8xf32> -> tensor<4x5x8xf32>
  %2 = arith.mulf %0, %1 : tensor<4x5x8xf32>
  %3 = graph.reduce sum %2 axes [2] : tensor<4x5x8xf32> -> tensor<4x5xf32>
  return %3, %2 : tensor<4x5xf32>, tensor<4x5x8xf32>
}
