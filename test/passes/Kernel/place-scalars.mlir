// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-place-scalars))' | FileCheck %s

!x = tensor<?xf32, #graph.dims<b>>

// A rate and a size are numbers of the host; a loss is not.
// CHECK-LABEL: func @step
// CHECK: %[[H:.*]] = kernel.host ins(%{{.*}} : tensor<f32>) -> tensor<f32> {
// CHECK:   graph.size <b>
// CHECK:   arith.divf
// CHECK: graph.reduce sum
// CHECK: arith.mulf %{{.*}}, %[[H]] : tensor<f32>
// CHECK: return
func.func @step(%x: !x, %rate: tensor<f32> {program.scalar = "rate"}) -> tensor<f32> {
  %n = graph.size <b> : tensor<f32>
  %r = arith.divf %rate, %n : tensor<f32>
  %s = graph.reduce sum %x axes [0] : !x -> tensor<f32>
  %l = arith.mulf %s, %r : tensor<f32>
  return %l : tensor<f32>
}

// A carry is a number of the host if its start and what is yielded are.
// CHECK-LABEL: func @counter
// CHECK: graph.scan
// CHECK:   kernel.host
// CHECK:     arith.addi
// CHECK:   graph.yield
func.func @counter(%start: tensor<i64> {program.scalar = "step"}) -> tensor<i64> {
  %end = graph.scan %i < 4 init(%n = %start : tensor<i64>) {
    %one = arith.constant dense<1> : tensor<i64>
    %next = arith.addi %n, %one : tensor<i64>
    graph.yield %next : tensor<i64>
  }
  return %end : tensor<i64>
}

// An argument that is data is none.
// CHECK-LABEL: func @data
// CHECK-NOT: kernel.host
func.func @data(%x: tensor<f32> {program.input = "x"}) -> tensor<f32> {
  %y = arith.addf %x, %x : tensor<f32>
  return %y : tensor<f32>
}

// A constant that is handed into a choice is made inside, for both branches and
// for the loop within.
// CHECK-LABEL: func @constant
// CHECK: graph.cond
// CHECK:   kernel.host ins(%{{.*}} : tensor<i64>) -> tensor<i64> {
// CHECK:     %[[ONE:.*]] = arith.constant dense<1> : tensor<i64>
// CHECK:     arith.addi %{{.*}}, %[[ONE]]
// CHECK: else
// CHECK:   graph.scan
// CHECK:     kernel.host ins(%{{[^,]*}} : tensor<i64>) -> tensor<i64> {
// CHECK:       %[[SAME:.*]] = arith.constant dense<1> : tensor<i64>
// CHECK:       arith.muli %{{.*}}, %[[SAME]]
func.func @constant(%step: tensor<i64> {program.scalar = "step"},
                    %p: tensor<i1> {program.scalar = "p"}) -> tensor<i64> {
  %one = arith.constant dense<1> : tensor<i64>
  %r = graph.cond %p with(%n = %step : tensor<i64>, %c = %one : tensor<i64>) -> tensor<i64> {
    %next = arith.addi %n, %c : tensor<i64>
    graph.yield %next : tensor<i64>
  } else(%n, %c) {
    %end = graph.scan %i < 4 init(%m = %n : tensor<i64>) with(%d = %c : tensor<i64>) {
      %twice = arith.muli %m, %d : tensor<i64>
      graph.yield %twice : tensor<i64>
    }
    graph.yield %end : tensor<i64>
  }
  return %r : tensor<i64>
}

// So is a view of a constant.
// CHECK-LABEL: func @reshaped
// CHECK: graph.scan
// CHECK:   %[[C:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK:   %[[R:.*]] = graph.reshape %[[C]] : tensor<2xf32> -> tensor<1x2xf32>
// CHECK:   arith.mulf %{{.*}}, %[[R]]
func.func @reshaped(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %r = graph.reshape %c : tensor<2xf32> -> tensor<1x2xf32>
  %y = graph.scan %i < 4 init(%h = %x : tensor<1x2xf32>) with(%k = %r : tensor<1x2xf32>) {
    %n = arith.mulf %h, %k : tensor<1x2xf32>
    graph.yield %n : tensor<1x2xf32>
  }
  return %y : tensor<1x2xf32>
}

// What `until` asks of the round and of numbers from around the loop is the host's, what it asks of a carry is not.
// CHECK-LABEL: func @leaves
// CHECK: } until(%[[ROUND:.*]], %[[X:.*]], %[[LEAST:.*]]) {
// CHECK:   kernel.host ins(%[[ROUND]], %[[LEAST]] : tensor<i64>, tensor<i64>) -> tensor<i1> {
// CHECK:     arith.cmpi sgt
// CHECK:   graph.reduce sum %[[X]]
// CHECK:   arith.cmpf
// CHECK:   arith.andi
func.func @leaves(%x: !x, %least: tensor<i64> {program.scalar = "step"}) -> !x {
  %end, %rounds = graph.scan %i < 10 init(%c = %x : !x) with(%l = %least : tensor<i64>) {
    %next = arith.addf %c, %c : !x
    graph.yield %next : !x
  } until(%i, %c, %l) {
    %zero = arith.constant dense<0.0> : tensor<f32>
    %late = arith.cmpi sgt, %i, %l : tensor<i64>
    %sum = graph.reduce sum %c axes [0] : !x -> tensor<f32>
    %large = arith.cmpf ogt, %sum, %zero : tensor<f32>
    %both = arith.andi %late, %large : tensor<i1>
    graph.yield %both : tensor<i1>
  }
  return %end : !x
}
