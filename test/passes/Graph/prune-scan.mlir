// RUN: lamina-opt %s --graph-prune-scan --split-input-file | FileCheck %s

// %b only feeds itself; the second stack and %u are not read.
// CHECK-LABEL: func @drops_what_reaches_nothing
// CHECK:         %{{.*}}, %{{.*}} = graph.scan %{{.*}} < 3 init(%{{[^,]*}} = %arg0 : tensor<4xf32>) stacks(tensor<3x4xf32>) {
// CHECK-NEXT:      math.exp
// CHECK-NEXT:      graph.yield
// CHECK-NEXT:    }
func.func @drops_what_reaches_nothing(%x: tensor<4xf32>, %us: tensor<3x4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %l, %m, %s, %t = graph.scan %i < 3 init(%a = %x : tensor<4xf32>, %b = %x : tensor<4xf32>) over(%u = %us : tensor<3x4xf32>)
      stacks(tensor<3x4xf32>, tensor<3x4xf32>) {
    %e = math.exp %a : tensor<4xf32>
    %f = math.sin %b : tensor<4xf32>
    %g = arith.mulf %f, %u : tensor<4xf32>
    graph.yield %e, %g : tensor<4xf32>, tensor<4xf32> stack %a, %f : tensor<4xf32>, tensor<4xf32>
  }
  return %l, %s : tensor<4xf32>, tensor<3x4xf32>
}

// -----

// CHECK-LABEL: func @invariant_carry_becomes_with
// CHECK:         %[[R:.*]] = graph.scan %{{.*}} < 3 init(%{{[^,]*}} = %arg0 : tensor<4xf32>) with(%[[B:.*]] = %arg1 : tensor<4xf32>)
// CHECK:         return %[[R]], %arg1
func.func @invariant_carry_becomes_with(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %l, %m = graph.scan %i < 3 init(%a = %x : tensor<4xf32>, %b = %y : tensor<4xf32>) {
    %e = arith.mulf %a, %b : tensor<4xf32>
    graph.yield %e, %b : tensor<4xf32>, tensor<4xf32>
  }
  return %l, %m : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: func @makes_equal_rows_in_the_body
// CHECK:         graph.scan %{{.*}} < 3 init({{.*}}) with(%[[R:.*]] = %arg1 : tensor<f32>) {
// CHECK:           graph.broadcast %[[R]] axes [] : tensor<f32> -> tensor<4xf32>
func.func @makes_equal_rows_in_the_body(%x: tensor<4xf32>, %r: tensor<f32>) -> tensor<4xf32> {
  %rs = graph.broadcast %r axes [] : tensor<f32> -> tensor<3x4xf32>
  %l = graph.scan %i < 3 init(%a = %x : tensor<4xf32>) over(%u = %rs : tensor<3x4xf32>) {
    %e = arith.mulf %a, %u : tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  }
  return %l : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @drops_results_of_branches
// CHECK:         %[[R:.*]] = graph.cond %arg0 with(%{{[^,]*}} = %arg1 : tensor<f32>) -> tensor<f32>
// CHECK:         return %[[R]]
func.func @drops_results_of_branches(%p: tensor<i1>, %x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %0:2 = graph.cond %p with(%a = %x : tensor<f32>, %b = %y : tensor<f32>) -> (tensor<f32>, tensor<f32>) {
    %e = math.exp %a : tensor<f32>
    graph.yield %e, %b : tensor<f32>, tensor<f32>
  } else(%a, %b) {
    graph.yield %a, %b : tensor<f32>, tensor<f32>
  }
  return %0#0 : tensor<f32>
}

// -----

// The result is not read, but the question whether to stop is.
// CHECK-LABEL: func @keeps_what_until_reads
// CHECK:         graph.scan %{{.*}} < 9 init(%{{.*}} = %arg0 : tensor<f32>, %{{.*}} = %arg1 : tensor<f32>)
func.func @keeps_what_until_reads(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %a, %b, %n = graph.scan %i < 9 init(%h = %x : tensor<f32>, %k = %y : tensor<f32>) {
    %e = math.exp %h : tensor<f32>
    %f = arith.addf %k, %k : tensor<f32>
    graph.yield %e, %f : tensor<f32>, tensor<f32>
  } until(%i, %h, %k) {
    %most = arith.constant dense<5.0> : tensor<f32>
    %done = arith.cmpf ogt, %k, %most : tensor<f32>
    graph.yield %done : tensor<i1>
  }
  return %a : tensor<f32>
}
