// Clusters that no kernel can be made of, as `kernel-form-clusters` never makes
// them: each falls into two until every piece has a kernel.
// RUN: lamina-opt %s --split-input-file --convert-graph-to-kernel=report-splits 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=WHY < %t.remarks
// WHY: remark: a cluster falls into two, one of its ops 'graph.pad' has no form inside a kernel
// WHY: remark: a cluster falls into two, one of its ops has the elements of its kernel in another order
// WHY-NOT: remark

// A whole written part by part cannot be an element of a sum.
// CHECK-LABEL: func @pad_in_a_sum
// CHECK: %[[P:.*]] = kernel.launch @pad_in_a_sum.map
// CHECK: kernel.launch @pad_in_a_sum.map_0 ins({{.*}}%[[P]]
func.func @pad_in_a_sum(%x: tensor<4xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %p = graph.pad %x, %zero low [1] interior [0] {kernel.cluster = 0 : i64} : tensor<4xf32>, tensor<f32> -> tensor<6xf32>
  %s = arith.addf %p, %y {kernel.cluster = 0 : i64} : tensor<6xf32>
  return %s : tensor<6xf32>
}

// -----

// Two sums over axes that have no loops in common.
// CHECK-LABEL: func @other_digits
// CHECK: kernel.launch @other_digits.row
// CHECK: kernel.launch @other_digits.row
func.func @other_digits(%a: tensor<6x4xf32>, %b: tensor<4x6xf32>) -> (tensor<6x4xf32>, tensor<4x6xf32>) {
  %s = graph.reduce sum %a axes [0, 1] {kernel.cluster = 0 : i64} : tensor<6x4xf32> -> tensor<f32>
  %sb = graph.broadcast %s axes [] : tensor<f32> -> tensor<6x4xf32>
  %x = arith.mulf %a, %sb {kernel.cluster = 0 : i64} : tensor<6x4xf32>
  %r = graph.reduce sum %b axes [0, 1] {kernel.cluster = 0 : i64} : tensor<4x6xf32> -> tensor<f32>
  %rb = graph.broadcast %r axes [] : tensor<f32> -> tensor<4x6xf32>
  %y = arith.mulf %b, %rb {kernel.cluster = 0 : i64} : tensor<4x6xf32>
  return %x, %y : tensor<6x4xf32>, tensor<4x6xf32>
}
