// RUN: not lamina-reference %s 2>&1 | FileCheck %s

// CHECK: error: the id 3 is outside an axis of size 3
func.func @id_outside() -> tensor<2xf32> {
  %x = arith.constant dense<0.0> : tensor<3xf32>
  %i = arith.constant dense<[1, 3]> : tensor<2xi32>
  %0 = graph.gather %x at %i axis 0 batch 0 : tensor<3xf32>, tensor<2xi32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
