// RUN: lamina-opt %s --graph-expand-gradients --canonicalize --cse --split-input-file | FileCheck %s

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
!x = tensor<?x8xf32, #graph.dims<b>>
!w = tensor<8x8xf32>

// The forward value is used where it stands, nothing is computed twice.
// CHECK-LABEL: func @uses_forward_values
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32, {{.*}}>, %[[W:.*]]: tensor<8x8xf32>
// CHECK:         %[[A:.*]] = graph.contract %[[X]], %[[W]]
// CHECK:         %[[H:.*]] = math.tanh %[[A]]
// CHECK:         %[[HH:.*]] = arith.mulf %[[H]], %[[H]]
// CHECK:         %[[SLOPE:.*]] = arith.subf %{{.*}}, %[[HH]]
// CHECK:         %[[DA:.*]] = arith.mulf %{{.*}}, %[[SLOPE]]
// CHECK:         %[[DW:.*]] = graph.contract %[[X]], %[[DA]]
// CHECK-NOT:     math.tanh
// CHECK-NOT:     graph.gradient
// CHECK:         return %[[DW]]
func.func @uses_forward_values(%x: !x, %w: !w) -> !w {
  %a = graph.contract %x, %w maps [#x, #w, #y] : !x, !w -> !x
  %h = math.tanh %a : !x
  %l = graph.reduce sum %h axes [0, 1] : !x -> tensor<f32>
  %g = graph.gradient %l wrt %w : (tensor<f32>, !w) -> !w
  return %g : !w
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>

// The adjoint of a sum with more bits becomes a factor like the others.
// CHECK-LABEL: func @rounds_the_adjoint_of_a_wide_sum
// CHECK:         graph.contract {{.*}} : tensor<4x8xbf16>, tensor<4x5xbf16> -> tensor<8x5xbf16>
func.func @rounds_the_adjoint_of_a_wide_sum(%x: tensor<4x8xbf16>, %w: tensor<8x5xbf16>) -> tensor<8x5xbf16> {
  %a = graph.contract %x, %w maps [#x, #w, #y] accumulate f32 : tensor<4x8xbf16>, tensor<8x5xbf16> -> tensor<4x5xf32>
  %s = arith.mulf %a, %a : tensor<4x5xf32>
  %l = graph.reduce sum %s axes [0, 1] : tensor<4x5xf32> -> tensor<f32>
  %g = graph.gradient %l wrt %w : (tensor<f32>, tensor<8x5xbf16>) -> tensor<8x5xbf16>
  return %g : tensor<8x5xbf16>
}

// -----

// A gradient of a loop is the loop with two more stacks, and one loop backwards.
// CHECK-LABEL: func @loop_stays_loop
// CHECK:         graph.scan %{{.*}} < 6 init({{.*}}) over({{.*}}) stacks(tensor<6x4xf32>, tensor<6x4xf32>)
// CHECK:         graph.scan %{{.*}} < 6 reverse init({{.*}}) over({{.*}}) stacks(tensor<6x4xf32>)
// CHECK-NOT:     graph.scan
func.func @loop_stays_loop(%x: tensor<4xf32>, %ws: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %out = graph.scan %i < 6 init(%h = %x : tensor<4xf32>) over(%w = %ws : tensor<6x4xf32>) {
    %m = graph.cumulative sum %h axis 0 : tensor<4xf32>
    %p = arith.mulf %m, %w : tensor<4xf32>
    %s = graph.cumulative sum %p axis 0 : tensor<4xf32>
    %t = math.tanh %s : tensor<4xf32>
    graph.yield %t : tensor<4xf32>
  }
  %g = graph.gradient %out wrt %ws : (tensor<4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  return %g : tensor<6x4xf32>
}

// -----

// Of a chain of cheap ops one value is stored; the chain is computed again.
// CHECK-LABEL: func @stores_one_value_of_a_chain
// CHECK:         graph.scan {{.*}} stacks(tensor<6x4xf32>) {
// CHECK:           %[[A:.*]] = graph.cumulative sum
// CHECK:           graph.yield %{{.*}} : tensor<4xf32> stack %[[A]] : tensor<4xf32>
// CHECK:         graph.scan {{.*}} reverse
// CHECK:           math.exp
// CHECK:           math.sin
func.func @stores_one_value_of_a_chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  %out = graph.scan %i < 6 init(%h = %x : tensor<4xf32>) {
    %a = graph.cumulative sum %h axis 0 : tensor<4xf32>
    %e = math.exp %a : tensor<4xf32>
    %s = math.sin %a : tensor<4xf32>
    %p = arith.mulf %e, %s : tensor<4xf32>
    graph.yield %p : tensor<4xf32>
  }
  %g = graph.gradient %out wrt %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// Through a select the adjoint knows where it is zero: 0 times infinity is 0.
// CHECK-LABEL: func @wraps_below_a_select
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>, %[[C:.*]]: tensor<4xi1>
// CHECK:         %[[INV:.*]] = arith.divf %{{.*}}, %[[X]]
// CHECK:         arith.select %[[C]], %[[INV]], %{{.*}}
func.func @wraps_below_a_select(%x: tensor<4xf32>, %c: tensor<4xi1>) -> tensor<4xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %l = math.log %x : tensor<4xf32>
  %s = arith.select %c, %l, %zero : tensor<4xi1>, tensor<4xf32>
  %g = graph.gradient %s wrt %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// Rounds of a loop with `until` are those of its reverse.
// CHECK-LABEL: func @reverse_of_until
// CHECK:         %{{.*}}, %{{.*}}, %[[ROUNDS:.*]] = graph.scan
// CHECK:         graph.scan %{{.*}} < 9 reverse {{.*}} rounds(%[[ROUNDS]])
func.func @reverse_of_until(%x: tensor<f32>) -> tensor<f32> {
  %last, %rounds = graph.scan %i < 9 init(%h = %x : tensor<f32>) {
    %e = math.exp %h : tensor<f32>
    graph.yield %e : tensor<f32>
  } until(%i, %h) {
    %most = arith.constant dense<5.0> : tensor<f32>
    %done = arith.cmpf ogt, %h, %most : tensor<f32>
    graph.yield %done : tensor<i1>
  }
  %g = graph.gradient %last wrt %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %g : tensor<f32>
}

// -----

// Draws have no derivative and are not stored.
// CHECK-LABEL: func @draws_again
// CHECK:         graph.scan
// CHECK-SAME:      stacks(tensor<6x4xf32>)
// CHECK:         graph.scan {{.*}} reverse
// CHECK:           graph.random uniform
func.func @draws_again(%x: tensor<4xf32>, %key: tensor<2xi64>) -> tensor<4xf32> {
  %out = graph.scan %i < 6 init(%h = %x : tensor<4xf32>) with(%k = %key : tensor<2xi64>) {
    %r = graph.key %k, %i : tensor<2xi64>, tensor<i64>
    %u = graph.random uniform %r : tensor<2xi64> -> tensor<4xf32>
    %d = arith.mulf %h, %u : tensor<4xf32>
    %e = math.exp %d : tensor<4xf32>
    %s = graph.cumulative sum %e axis 0 : tensor<4xf32>
    graph.yield %s : tensor<4xf32>
  }
  %g = graph.gradient %out wrt %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @leaves_functions_without_gradients
// CHECK-NEXT:    math.exp
// CHECK-NEXT:    return
func.func @leaves_functions_without_gradients(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = math.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
