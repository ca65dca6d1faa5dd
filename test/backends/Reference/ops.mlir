// One small case of each group of ops, by hand.
// RUN: lamina-reference %s | FileCheck %s

// CHECK: @window: [0, 1, 2, 1, 2, 3, 2, 3, 0]
func.func @window() -> tensor<3x3xf32> {
  %x = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = graph.window %x axes [0] size [3] stride [1] dilation [1] low [1] outside 0.0 : f32 : tensor<3xf32> -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}
// CHECK: @pad: [9, 1, 9, 2, 9]
func.func @pad() -> tensor<5xf32> {
  %x = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %v = arith.constant dense<9.0> : tensor<f32>
  %0 = graph.pad %x, %v low [1] interior [1] : tensor<2xf32>, tensor<f32> -> tensor<5xf32>
  return %0 : tensor<5xf32>
}
// Nothing at all: the neutral value; only -inf: -inf, no NaN.
// CHECK: @logsumexp: [1.31326, -inf]
func.func @logsumexp() -> tensor<2xf32> {
  %x = arith.constant dense<[[0.0, 1.0], [0xFF800000, 0xFF800000]]> : tensor<2x2xf32>
  %0 = graph.reduce logsumexp %x axes [1] : tensor<2x2xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
// NaN is passed over, ties go to the lowest index.
// CHECK: @arg_reduce: 1
func.func @arg_reduce() -> tensor<i32> {
  %x = arith.constant dense<[0x7FC00000, 3.0, 3.0]> : tensor<3xf32>
  %0 = graph.arg_reduce max %x axis 0 : tensor<3xf32> -> tensor<i32>
  return %0 : tensor<i32>
}
// Repeated ids are applied in order of position.
// CHECK: @scatter: [0, 3, 0]
// CHECK: @scatter: [0, 6, 0]
func.func @scatter() -> (tensor<3xf32>, tensor<3xf32>) {
  %x = arith.constant dense<0.0> : tensor<3xf32>
  %i = arith.constant dense<[1, 1, 1]> : tensor<3xi32>
  %u = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = graph.scatter set %x at %i with %u axis 0 batch 0 : tensor<3xf32>, tensor<3xi32>, tensor<3xf32> -> tensor<3xf32>
  %1 = graph.scatter sum %x at %i with %u axis 0 batch 0 : tensor<3xf32>, tensor<3xi32>, tensor<3xf32> -> tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32>
}
// CHECK: @sort: [3, 2, 2, 1]
// CHECK: @sort: [1, 0, 3, 2]
func.func @sort() -> (tensor<4xf32>, tensor<4xi32>) {
  %x = arith.constant dense<[2.0, 3.0, 1.0, 2.0]> : tensor<4xf32>
  %i = graph.iota axis 0 : tensor<4xi32>
  %0:2 = graph.sort %x, %i axis 0 descending : tensor<4xf32>, tensor<4xi32> -> tensor<4xf32>, tensor<4xi32>
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xi32>
}
// Rows that no round wrote are 0.
// CHECK: @until: 8
// CHECK: @until: [1, 2, 4, 0, 0]
// CHECK: @until: 3
func.func @until() -> (tensor<f32>, tensor<5xf32>, tensor<i64>) {
  %x = arith.constant dense<1.0> : tensor<f32>
  %0, %1, %2 = graph.scan %i < 5 init(%h = %x : tensor<f32>) stacks(tensor<5xf32>) {
    %d = arith.addf %h, %h : tensor<f32>
    graph.yield %d : tensor<f32> stack %h : tensor<f32>
  } until(%i, %h) {
    %most = arith.constant dense<5.0> : tensor<f32>
    %done = arith.cmpf ogt, %h, %most : tensor<f32>
    graph.yield %done : tensor<i1>
  }
  return %0, %1, %2 : tensor<f32>, tensor<5xf32>, tensor<i64>
}
// In reverse from the last of the rounds.
// CHECK: @rounds_in_reverse: [0, 3, 2, 0, 0]
func.func @rounds_in_reverse() -> tensor<5xf32> {
  %x = arith.constant dense<0.0> : tensor<f32>
  %two = arith.constant dense<3> : tensor<i64>
  %0, %1 = graph.scan %i < 5 reverse init(%h = %x : tensor<f32>) rounds(%two) stacks(tensor<5xf32>) {
    %f = arith.sitofp %i : tensor<i64> to tensor<f32>
    %d = arith.addf %h, %f : tensor<f32>
    %s = arith.subf %d, %f : tensor<f32>
    %z = arith.mulf %f, %h : tensor<f32>
    %row = arith.addf %z, %f : tensor<f32>
    graph.yield %d : tensor<f32> stack %row : tensor<f32>
  }
  return %1 : tensor<5xf32>
}
// Values 0, 1, 2; the third key hidden, the first query sees nothing.
// CHECK: @attend: [0, 0.5]
// CHECK: @attend: [-inf, 0.693147]
func.func @attend() -> (tensor<1x2x1xf32>, tensor<1x2xf32>) {
  %q = arith.constant dense<0.0> : tensor<1x2x1xf32>
  %k = arith.constant dense<1.0> : tensor<1x3x1xf32>
  %v = arith.constant dense<[[[0.0], [1.0], [2.0]]]> : tensor<1x3x1xf32>
  %o, %s = graph.attend softmax %q, %k, %v : (tensor<1x2x1xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>)
      -> (tensor<1x2x1xf32>, tensor<1x2xf32>)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %two = arith.constant 2 : index
    %zero = arith.constant 0 : index
    %a = arith.cmpi slt, %j, %two : index
    %b = arith.cmpi ne, %i, %zero : index
    %c = arith.andi %a, %b : i1
    graph.yield %c : i1
  }
  return %o, %s : tensor<1x2x1xf32>, tensor<1x2xf32>
}
