// Factorisations and solves against differences.
// RUN: lamina-reference --check-gradients %s | FileCheck %s
// RUN: lamina-reference --check-batch-law %s | FileCheck %s
// RUN: lamina-reference --check-gradients %s \
// RUN:   --then=canonicalize,cse,graph-prune-scan,graph-simplify,graph-flatten-scans,graph-hoist-invariants,canonicalize,cse \
// RUN:   | FileCheck %s

#ab = affine_map<(b, i, j, k) -> (b, i, k)>
#bc = affine_map<(b, i, j, k) -> (b, j, k)>
#ac = affine_map<(b, i, j, k) -> (b, i, j)>
!m = tensor<2x3x3xf64>

// CHECK: @solve_lower: agrees
func.func @solve_lower(%a: !m {test.range = [1.0, 2.0]}, %b: tensor<2x3x2xf64>) -> tensor<2x3x2xf64> {
  %0 = graph.triangular_solve left %a, %b lower : !m, tensor<2x3x2xf64>
  return %0 : tensor<2x3x2xf64>
}
// CHECK: @solve_upper_transposed_unit: agrees
func.func @solve_upper_transposed_unit(%a: !m, %b: tensor<2x3x2xf64>) -> tensor<2x3x2xf64> {
  %0 = graph.triangular_solve left %a, %b transposed unit : !m, tensor<2x3x2xf64>
  return %0 : tensor<2x3x2xf64>
}
// CHECK: @solve_right: agrees
func.func @solve_right(%a: !m {test.range = [1.0, 2.0]}, %b: tensor<2x2x3xf64>) -> tensor<2x2x3xf64> {
  %0 = graph.triangular_solve right %a, %b lower transposed : !m, tensor<2x2x3xf64>
  return %0 : tensor<2x2x3xf64>
}
// CHECK: @cholesky: agrees
func.func @cholesky(%a: !m) -> !m {
  %eye = arith.constant dense<[[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]> : tensor<3x3xf64>
  %e = graph.broadcast %eye axes [1, 2] : tensor<3x3xf64> -> !m
  %s = graph.contract %a, %a maps [#ab, #bc, #ac] : !m, !m -> !m
  %p = arith.addf %s, %e : !m
  %0 = graph.cholesky %p : !m
  return %0 : !m
}
// CHECK: @lu: agrees
func.func @lu(%a: !m {test.range = [0.2, 2.0]}) -> !m {
  %0, %p = graph.lu %a : !m -> tensor<2x3xi32>
  return %0 : !m
}
// CHECK: @qr: agrees
func.func @qr(%a: tensor<2x4x3xf64>) -> (tensor<2x4x3xf64>, !m) {
  %q, %r = graph.qr %a : tensor<2x4x3xf64> -> tensor<2x4x3xf64>, !m
  return %q, %r : tensor<2x4x3xf64>, !m
}
