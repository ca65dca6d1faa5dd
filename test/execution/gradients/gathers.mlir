// Moves by ids and sorting against differences.
// RUN: lamina-reference --check-gradients %s | FileCheck %s
// RUN: lamina-reference --check-batch-law %s | FileCheck %s
// RUN: lamina-reference --check-gradients %s \
// RUN:   --then=canonicalize,cse,graph-prune-scan,graph-simplify,graph-flatten-scans,graph-hoist-invariants,canonicalize,cse \
// RUN:   | FileCheck %s

!x = tensor<2x3x4xf64>

// CHECK: @gather: agrees
func.func @gather(%a: !x, %i: tensor<2x5xi32>) -> tensor<2x5x4xf64> {
  %q = arith.mulf %a, %a : !x
  %0 = graph.gather %q at %i axis 1 batch 1 : !x, tensor<2x5xi32> -> tensor<2x5x4xf64>
  return %0 : tensor<2x5x4xf64>
}
// Ids 3 and 4 are outside.
// CHECK: @gather_outside: agrees
func.func @gather_outside(%a: !x, %i: tensor<5xi32> {test.range = [0.0, 4.0]}) -> tensor<2x5x4xf64> {
  %q = arith.mulf %a, %a : !x
  %0 = graph.gather %q at %i axis 1 batch 0 outside zero : !x, tensor<5xi32> -> tensor<2x5x4xf64>
  return %0 : tensor<2x5x4xf64>
}
// CHECK: @scatter_sum: agrees
func.func @scatter_sum(%a: !x, %i: tensor<2x5xi32>, %u: tensor<2x5x4xf64>) -> !x {
  %q = arith.mulf %a, %a : !x
  %v = arith.mulf %u, %u : tensor<2x5x4xf64>
  %0 = graph.scatter sum %q at %i with %v axis 1 batch 1 : !x, tensor<2x5xi32>, tensor<2x5x4xf64> -> !x
  return %0 : !x
}
// Five ids for three places: some are replaced.
// CHECK: @scatter_set: agrees
func.func @scatter_set(%a: !x, %i: tensor<2x5xi32>, %u: tensor<2x5x4xf64>) -> !x {
  %q = arith.mulf %a, %a : !x
  %v = arith.mulf %u, %u : tensor<2x5x4xf64>
  %0 = graph.scatter set %q at %i with %v axis 1 batch 1 : !x, tensor<2x5xi32>, tensor<2x5x4xf64> -> !x
  return %0 : !x
}
// CHECK: @sort: agrees
func.func @sort(%a: !x, %p: !x) -> (!x, !x) {
  %q = math.exp %a : !x
  %r = arith.mulf %p, %p : !x
  %0:2 = graph.sort %q, %r axis 1 descending : !x, !x -> !x, !x
  return %0#0, %0#1 : !x, !x
}
// CHECK: @top: agrees
func.func @top(%a: !x) -> tensor<2x2x4xf64> {
  %q = math.exp %a : !x
  %0, %1 = graph.top_k %q k 2 axis 1 : !x -> tensor<2x2x4xf64>, tensor<2x2x4xi32>
  return %0 : tensor<2x2x4xf64>
}
