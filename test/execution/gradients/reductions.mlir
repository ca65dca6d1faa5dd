// Reductions, running ones, contractions against differences.
// RUN: lamina-reference --check-gradients --size b=3 %s | FileCheck %s
// RUN: lamina-reference --check-batch-law --size b=3 %s | FileCheck %s
// RUN: lamina-reference --check-gradients --size b=3 %s \
// RUN:   --then=canonicalize,cse,graph-prune-scan,graph-simplify,graph-flatten-scans,graph-hoist-invariants,canonicalize,cse \
// RUN:   | FileCheck %s

!x = tensor<2x3x4xf64>
!r = tensor<2x4xf64>

// CHECK: @sum: agrees
func.func @sum(%a: !x) -> !r {
  %q = arith.mulf %a, %a : !x
  %0 = graph.reduce sum %q axes [1] : !x -> !r
  return %0 : !r
}
// CHECK: @maximum: agrees
func.func @maximum(%a: !x) -> !r {
  %q = arith.mulf %a, %a : !x
  %0 = graph.reduce max %q axes [1] : !x -> !r
  return %0 : !r
}
// CHECK: @minimum_of_two_axes: agrees
func.func @minimum_of_two_axes(%a: !x) -> tensor<3xf64> {
  %q = math.exp %a : !x
  %0 = graph.reduce min %q axes [0, 2] : !x -> tensor<3xf64>
  return %0 : tensor<3xf64>
}
// CHECK: @logsumexp: agrees
func.func @logsumexp(%a: !x) -> !r {
  %0 = graph.reduce logsumexp %a axes [1] : !x -> !r
  return %0 : !r
}
// CHECK: @product: agrees
func.func @product(%a: !x) -> !r {
  %0 = graph.reduce prod %a axes [1] : !x -> !r
  return %0 : !r
}
// CHECK: @product_of_two_axes: agrees
func.func @product_of_two_axes(%a: tensor<2x2x3xf64>) -> tensor<2xf64> {
  %0 = graph.reduce prod %a axes [0, 2] : tensor<2x2x3xf64> -> tensor<2xf64>
  return %0 : tensor<2xf64>
}
// CHECK: @running_sum: agrees
func.func @running_sum(%a: !x) -> !x {
  %q = arith.mulf %a, %a : !x
  %0 = graph.cumulative sum %q axis 1 : !x
  %1 = graph.cumulative sum %q axis 1 reverse exclusive : !x
  %2 = arith.mulf %0, %1 : !x
  return %2 : !x
}
// CHECK: @running_product: agrees
func.func @running_product(%a: !x) -> !x {
  %0 = graph.cumulative prod %a axis 1 : !x
  return %0 : !x
}
// CHECK: @running_maximum: agrees
func.func @running_maximum(%a: !x) -> !x {
  %q = math.exp %a : !x
  %0 = graph.cumulative max %q axis 2 : !x
  return %0 : !x
}
// CHECK: @running_minimum: agrees
func.func @running_minimum(%a: !x) -> !x {
  %q = math.exp %a : !x
  %0 = graph.cumulative min %q axis 1 : !x
  return %0 : !x
}
// CHECK: @running_logsumexp: agrees
func.func @running_logsumexp(%a: !x) -> !x {
  %0 = graph.cumulative logsumexp %a axis 2 reverse : !x
  return %0 : !x
}
// CHECK: @matrix_product: agrees
func.func @matrix_product(%a: tensor<?x4xf64, #graph.dims<b>>, %w: tensor<4x2xf64>) -> tensor<?x2xf64, #graph.dims<b>> {
  %0 = graph.contract %a, %w maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
       affine_map<(m, n, k) -> (m, n)>] : tensor<?x4xf64, #graph.dims<b>>, tensor<4x2xf64> -> tensor<?x2xf64, #graph.dims<b>>
  return %0 : tensor<?x2xf64, #graph.dims<b>>
}
// A loop of one operand only.
// CHECK: @sum_inside_contract: agrees
func.func @sum_inside_contract(%a: tensor<3x4xf64>, %w: tensor<2xf64>) -> tensor<2x3xf64> {
  %0 = graph.contract %a, %w maps [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n)>,
       affine_map<(m, n, k) -> (n, m)>] : tensor<3x4xf64>, tensor<2xf64> -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// CHECK: @convolution: agrees
func.func @convolution(%a: tensor<2x8x2xf64>, %w: tensor<3x2x3xf64>) -> tensor<2x3x3xf64> {
  %0 = graph.contract %a, %w maps [affine_map<(b, t, c, j, d) -> (b, t * 2 + j * 2 - 1, d)>,
       affine_map<(b, t, c, j, d) -> (j, d, c)>, affine_map<(b, t, c, j, d) -> (b, t, c)>]
       : tensor<2x8x2xf64>, tensor<3x2x3xf64> -> tensor<2x3x3xf64>
  return %0 : tensor<2x3x3xf64>
}
// CHECK: @transposed_convolution: agrees
func.func @transposed_convolution(%a: tensor<4xf64>, %w: tensor<3xf64>) -> tensor<8xf64> {
  %0 = graph.contract %a, %w maps [affine_map<(u, j) -> ((u - j) floordiv 2)>,
       affine_map<(u, j) -> (j)>, affine_map<(u, j) -> (u)>] : tensor<4xf64>, tensor<3xf64> -> tensor<8xf64>
  return %0 : tensor<8xf64>
}
// CHECK: @convolution_of_images: agrees
func.func @convolution_of_images(%a: tensor<5x5xf64>, %w: tensor<3x3xf64>) -> tensor<5x5xf64> {
  %0 = graph.contract %a, %w maps [affine_map<(y, x, i, j) -> (y + i - 1, x + j - 1)>,
       affine_map<(y, x, i, j) -> (i, j)>, affine_map<(y, x, i, j) -> (y, x)>] : tensor<5x5xf64>, tensor<3x3xf64> -> tensor<5x5xf64>
  return %0 : tensor<5x5xf64>
}
