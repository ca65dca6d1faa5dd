// RUN: lamina-opt %s --graph-flatten-scans --split-input-file | FileCheck %s

// The optimizer over a stack of weights: one elementwise kernel and a row sum.
// CHECK-LABEL: func @optimizer_over_a_stack
// CHECK-NOT:     graph.scan
// CHECK:         %[[RATE:.*]] = graph.broadcast %arg2 axes [] : tensor<f32> -> tensor<4x4xf32>
// CHECK:         %[[RATES:.*]] = graph.broadcast %[[RATE]] axes [1, 2] : tensor<4x4xf32> -> tensor<6x4x4xf32>
// CHECK:         %[[STEP:.*]] = arith.mulf %[[RATES]], %arg1 : tensor<6x4x4xf32>
// CHECK:         %[[NEW:.*]] = arith.subf %arg0, %[[STEP]] : tensor<6x4x4xf32>
// CHECK:         %[[NORM:.*]] = graph.reduce sum %{{.*}} axes [1, 2] : tensor<6x4x4xf32> -> tensor<6xf32>
// CHECK:         return %[[NEW]], %[[NORM]]
func.func @optimizer_over_a_stack(%ws: tensor<6x4x4xf32>, %gs: tensor<6x4x4xf32>, %rate: tensor<f32>) -> (tensor<6x4x4xf32>, tensor<6xf32>) {
  %new, %norm = graph.scan %i < 6 over(%w = %ws : tensor<6x4x4xf32>, %g = %gs : tensor<6x4x4xf32>) with(%r = %rate : tensor<f32>)
      stacks(tensor<6x4x4xf32>, tensor<6xf32>) {
    %rb = graph.broadcast %r axes [] : tensor<f32> -> tensor<4x4xf32>
    %s = arith.mulf %rb, %g : tensor<4x4xf32>
    %n = arith.subf %w, %s : tensor<4x4xf32>
    %q = arith.mulf %g, %g : tensor<4x4xf32>
    %t = graph.reduce sum %q axes [0, 1] : tensor<4x4xf32> -> tensor<f32>
    graph.yield stack %n, %t : tensor<4x4xf32>, tensor<f32>
  }
  return %new, %norm : tensor<6x4x4xf32>, tensor<6xf32>
}

// -----

// The round becomes an index.
// CHECK-LABEL: func @rounds_as_index
// CHECK:         %[[I:.*]] = graph.iota axis 0 : tensor<?xi64, #graph.dims<n>>
// CHECK:         arith.sitofp %[[I]] : tensor<?xi64, #graph.dims<n>> to tensor<?xf32, #graph.dims<n>>
func.func @rounds_as_index() -> tensor<?xf32, #graph.dims<n>> {
  %0 = graph.scan %i < n stacks(tensor<?xf32, #graph.dims<n>>) {
    %f = arith.sitofp %i : tensor<i64> to tensor<f32>
    graph.yield stack %f : tensor<f32>
  }
  return %0 : tensor<?xf32, #graph.dims<n>>
}

// -----

// A key for each round is a number of the host; a stack of keys would not be.
// CHECK-LABEL: func @keeps_draws_in_a_loop
// CHECK:         graph.scan
func.func @keeps_draws_in_a_loop(%key: tensor<2xi64>) -> tensor<?x4xf32, #graph.dims<n>> {
  %0 = graph.scan %i < n with(%k = %key : tensor<2xi64>) stacks(tensor<?x4xf32, #graph.dims<n>>) {
    %r = graph.key %k, %i : tensor<2xi64>, tensor<i64>
    %d = graph.random normal %r : tensor<2xi64> -> tensor<4xf32>
    graph.yield stack %d : tensor<4xf32>
  }
  return %0 : tensor<?x4xf32, #graph.dims<n>>
}

// -----

// A branch on a value of around the loop is one branch for all rounds.
// CHECK-LABEL: func @branch_of_all_rounds
// CHECK:         graph.cond %arg1 with(%{{.*}} = %arg0 : tensor<6x4xf32>) -> tensor<6x4xf32>
// CHECK:           math.exp %{{.*}} : tensor<6x4xf32>
func.func @branch_of_all_rounds(%ws: tensor<6x4xf32>, %p: tensor<i1>) -> tensor<6x4xf32> {
  %0 = graph.scan %i < 6 over(%w = %ws : tensor<6x4xf32>) with(%q = %p : tensor<i1>) stacks(tensor<6x4xf32>) {
    %c = graph.cond %q with(%a = %w : tensor<4xf32>) -> tensor<4xf32> {
      %e = math.exp %a : tensor<4xf32>
      graph.yield %e : tensor<4xf32>
    } else(%a) {
      graph.yield %a : tensor<4xf32>
    }
    graph.yield stack %c : tensor<4xf32>
  }
  return %0 : tensor<6x4xf32>
}

// -----

// CHECK-LABEL: func @keeps_loop_with_carry
// CHECK:         graph.scan
func.func @keeps_loop_with_carry(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.scan %i < 6 init(%a = %x : tensor<4xf32>) {
    %e = math.exp %a : tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>

// Contractions may be large: a loop keeps memory for one round.
// CHECK-LABEL: func @keeps_loop_with_contraction
// CHECK:         graph.scan
func.func @keeps_loop_with_contraction(%ws: tensor<6x4x4xf32>) -> tensor<6x4x4xf32> {
  %0 = graph.scan %i < 6 over(%w = %ws : tensor<6x4x4xf32>) stacks(tensor<6x4x4xf32>) {
    %p = graph.contract %w, %w maps [#x, #w, #y] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    graph.yield stack %p : tensor<4x4xf32>
  }
  return %0 : tensor<6x4x4xf32>
}
