// RUN: lamina-opt %s --graph-form-cumulative --canonicalize | FileCheck %s

!x = tensor<?x?xf32, #graph.dims<b, t>>
!p = tensor<?x?x?xf32, #graph.dims<b, t, t>>
!i = tensor<?x?x?xi32, #graph.dims<b, t, t>>

// total[b, t] = sum[s where s <= t](x[b, s])
// CHECK-LABEL: func @running_sum
// CHECK-SAME:    %[[X:.*]]: tensor
// CHECK-NEXT:    %[[S:.*]] = graph.cumulative sum %[[X]] axis 1 :
// CHECK-NEXT:    return %[[S]]
func.func @running_sum(%x: !x) -> !x {
  %s = graph.iota axis 2 : !i
  %t = graph.iota axis 1 : !i
  %c = arith.cmpi sle, %s, %t : !i
  %v = graph.broadcast %x axes [0, 2] : !x -> !p
  %zero = arith.constant dense<0.0> : tensor<f32>
  %z = graph.broadcast %zero axes [] : tensor<f32> -> !p
  %w = arith.select %c, %v, %z : tensor<?x?x?xi1, #graph.dims<b, t, t>>, !p
  %r = graph.reduce sum %w axes [2] : !p -> !x
  return %r : !x
}

// Later positions, without the own one; t and s compared the other way round.
// CHECK-LABEL: func @rest_of_maximum
// CHECK:         graph.cumulative max %{{.*}} axis 0 reverse exclusive : tensor<4xf32>
func.func @rest_of_maximum(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = graph.iota axis 0 : tensor<4x4xi32>
  %t = graph.iota axis 1 : tensor<4x4xi32>
  %c = arith.cmpi slt, %t, %s : tensor<4x4xi32>
  %v = graph.broadcast %x axes [0] : tensor<4xf32> -> tensor<4x4xf32>
  %z = arith.constant dense<0xFF800000> : tensor<4x4xf32>
  %w = arith.select %c, %v, %z : tensor<4x4xi1>, tensor<4x4xf32>
  %r = graph.reduce max %w axes [0] : tensor<4x4xf32> -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: func @keeps_other_neutral
// CHECK-NOT:     graph.cumulative
func.func @keeps_other_neutral(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = graph.iota axis 1 : tensor<4x4xi32>
  %t = graph.iota axis 0 : tensor<4x4xi32>
  %c = arith.cmpi sle, %s, %t : tensor<4x4xi32>
  %v = graph.broadcast %x axes [1] : tensor<4xf32> -> tensor<4x4xf32>
  %one = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = arith.select %c, %v, %one : tensor<4x4xi1>, tensor<4x4xf32>
  %r = graph.reduce sum %w axes [1] : tensor<4x4xf32> -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: func @keeps_values_of_both
// CHECK-NOT:     graph.cumulative
func.func @keeps_values_of_both(%x: tensor<4x4xf32>) -> tensor<4xf32> {
  %s = graph.iota axis 1 : tensor<4x4xi32>
  %t = graph.iota axis 0 : tensor<4x4xi32>
  %c = arith.cmpi sle, %s, %t : tensor<4x4xi32>
  %zero = arith.constant dense<0.0> : tensor<4x4xf32>
  %w = arith.select %c, %x, %zero : tensor<4x4xi1>, tensor<4x4xf32>
  %r = graph.reduce sum %w axes [1] : tensor<4x4xf32> -> tensor<4xf32>
  return %r : tensor<4xf32>
}
