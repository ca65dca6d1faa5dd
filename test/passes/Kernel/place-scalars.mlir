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
