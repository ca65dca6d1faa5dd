// RUN: lamina-opt %s --canonicalize | FileCheck %s

!x = tensor<?x8xf32, #graph.dims<b>>

// CHECK-LABEL: func @identities
// CHECK-SAME:    %[[X:[^:]*]]: tensor<?x8
// CHECK-NEXT:    return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
func.func @identities(%x: !x) -> (!x, !x, !x, !x, !x, !x) {
  %0 = graph.broadcast %x axes [0, 1] : !x -> !x
  %1 = graph.transpose %x order [0, 1] : !x -> !x
  %2 = graph.reverse %x axes [1] : !x
  %3 = graph.reverse %2 axes [1] : !x
  %4 = graph.slice %x start [0, 0] step [1, 1] : !x -> !x
  %5 = graph.concat %x axis 0 : !x -> !x
  %6 = graph.reduce sum %x axes [] : !x -> !x
  return %0, %1, %3, %4, %5, %6 : !x, !x, !x, !x, !x, !x
}

// CHECK-LABEL: func @views_of_views
func.func @views_of_views(%v: tensor<8xf32>, %t: tensor<2x3x4xf32>, %r: tensor<24xf32>)
    -> (tensor<5x4x8xf32>, tensor<4x2x3xf32>, tensor<4x6xf32>) {
  // CHECK: graph.broadcast %{{.*}} axes [2] : tensor<8xf32> -> tensor<5x4x8xf32>
  %0 = graph.broadcast %v axes [1] : tensor<8xf32> -> tensor<4x8xf32>
  %1 = graph.broadcast %0 axes [1, 2] : tensor<4x8xf32> -> tensor<5x4x8xf32>
  // CHECK: graph.transpose %{{.*}} order [2, 0, 1]
  %2 = graph.transpose %t order [1, 2, 0] : tensor<2x3x4xf32> -> tensor<3x4x2xf32>
  %3 = graph.transpose %2 order [1, 2, 0] : tensor<3x4x2xf32> -> tensor<4x2x3xf32>
  // CHECK: graph.reshape %{{.*}} : tensor<24xf32> -> tensor<4x6xf32>
  %4 = graph.reshape %r : tensor<24xf32> -> tensor<2x12xf32>
  %5 = graph.reshape %4 : tensor<2x12xf32> -> tensor<4x6xf32>
  return %1, %3, %5 : tensor<5x4x8xf32>, tensor<4x2x3xf32>, tensor<4x6xf32>
}

// CHECK-LABEL: func @constants
// CHECK-DAG:     arith.constant dense<6.400000e+01> : tensor<f32>
// CHECK-DAG:     arith.constant dense<2.000000e+00> : tensor<4x8xf32>
// CHECK-NOT:     graph.
func.func @constants() -> (tensor<f32>, tensor<4x8xf32>) {
  %0 = graph.size <64> : tensor<f32>
  %1 = arith.constant dense<2.0> : tensor<f32>
  %2 = graph.broadcast %1 axes [] : tensor<f32> -> tensor<4x8xf32>
  return %0, %2 : tensor<f32>, tensor<4x8xf32>
}

// A named size is no constant.
// CHECK-LABEL: func @keeps_named_size
// CHECK:         graph.size <b> : tensor<f32>
func.func @keeps_named_size() -> tensor<f32> {
  %0 = graph.size <b> : tensor<f32>
  return %0 : tensor<f32>
}

// CHECK-LABEL: func @transposed_operand
// CHECK-NOT:     graph.transpose
// CHECK:         graph.contract %{{.*}}, %{{.*}} maps [#{{.*}}, #[[B:.*]], #{{.*}}] : tensor<4x8xf32>, tensor<5x8xf32>
func.func @transposed_operand(%a: tensor<4x8xf32>, %b: tensor<5x8xf32>) -> tensor<4x5xf32> {
  %t = graph.transpose %b order [1, 0] : tensor<5x8xf32> -> tensor<8x5xf32>
  %0 = graph.contract %a, %t maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      : tensor<4x8xf32>, tensor<8x5xf32> -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}

// CHECK-LABEL: func @known_branch
// CHECK-SAME:    %[[X:[^:]*]]: tensor<4xf32>
// CHECK-NEXT:    %[[Y:.*]] = arith.addf %[[X]], %[[X]]
// CHECK-NEXT:    return %[[Y]]
func.func @known_branch(%x: tensor<4xf32>) -> tensor<4xf32> {
  %p = arith.constant dense<true> : tensor<i1>
  %0 = graph.cond %p with(%a = %x : tensor<4xf32>) -> tensor<4xf32> {
    %y = arith.addf %a, %a : tensor<4xf32>
    graph.yield %y : tensor<4xf32>
  } else(%a) {
    graph.yield %a : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func @no_rounds
// CHECK-SAME:    %[[X:[^:]*]]: tensor<4xf32>
// CHECK-NEXT:    return %[[X]]
func.func @no_rounds(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.scan %i < 0 init(%a = %x : tensor<4xf32>) {
    %y = arith.addf %a, %a : tensor<4xf32>
    graph.yield %y : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
