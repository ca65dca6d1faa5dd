// Views against differences. Squares before a view make its second derivative
// other than zero.
// RUN: lamina-reference --check-gradients --size b=3 %s | FileCheck %s
// RUN: lamina-reference --check-batch-law --size b=3 %s | FileCheck %s
// RUN: lamina-reference --check-gradients --size b=3 %s \
// RUN:   --then=canonicalize,cse,graph-prune-scan,graph-simplify,graph-flatten-scans,graph-hoist-invariants,canonicalize,cse \
// RUN:   | FileCheck %s

!x = tensor<2x3xf64>
!b = tensor<?x4xf64, #graph.dims<b>>

// CHECK: @broadcast: agrees
func.func @broadcast(%a: tensor<3xf64>, %s: tensor<2x3x2xf64>) -> tensor<2x3x2xf64> {
  %q = arith.mulf %a, %a : tensor<3xf64>
  %0 = graph.broadcast %q axes [1] : tensor<3xf64> -> tensor<2x3x2xf64>
  %1 = arith.mulf %0, %s : tensor<2x3x2xf64>
  return %1 : tensor<2x3x2xf64>
}
// CHECK: @broadcast_named: agrees
func.func @broadcast_named(%a: tensor<4xf64>, %s: !b) -> !b {
  %0 = graph.broadcast %a axes [1] : tensor<4xf64> -> !b
  %1 = arith.mulf %0, %s : !b
  return %1 : !b
}
// CHECK: @transpose: agrees
func.func @transpose(%a: tensor<2x3x4xf64>) -> tensor<4x2x3xf64> {
  %q = arith.mulf %a, %a : tensor<2x3x4xf64>
  %0 = graph.transpose %q order [2, 0, 1] : tensor<2x3x4xf64> -> tensor<4x2x3xf64>
  return %0 : tensor<4x2x3xf64>
}
// CHECK: @reverse: agrees
func.func @reverse(%a: !x) -> !x {
  %q = arith.mulf %a, %a : !x
  %0 = graph.reverse %q axes [1] : !x
  return %0 : !x
}
// CHECK: @reshape: agrees
func.func @reshape(%a: !x) -> tensor<6xf64> {
  %q = arith.mulf %a, %a : !x
  %0 = graph.reshape %q : !x -> tensor<6xf64>
  return %0 : tensor<6xf64>
}
// CHECK: @slice: agrees
func.func @slice(%a: tensor<3x7xf64>) -> tensor<2x3xf64> {
  %q = arith.mulf %a, %a : tensor<3x7xf64>
  %0 = graph.slice %q start [1, 1] step [1, 2] : tensor<3x7xf64> -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}
// CHECK: @pad: agrees
func.func @pad(%a: !x, %v: tensor<f64>) -> tensor<4x6xf64> {
  %q = arith.mulf %a, %a : !x
  %0 = graph.pad %q, %v low [1, 0] interior [0, 1] : !x, tensor<f64> -> tensor<4x6xf64>
  %1 = arith.mulf %0, %0 : tensor<4x6xf64>
  return %1 : tensor<4x6xf64>
}
// CHECK: @concat: agrees
func.func @concat(%a: !x, %c: tensor<2x2xf64>) -> tensor<2x8xf64> {
  %q = arith.mulf %a, %a : !x
  %0 = graph.concat %q, %c, %a axis 1 : !x, tensor<2x2xf64>, !x -> tensor<2x8xf64>
  return %0 : tensor<2x8xf64>
}
// CHECK: @concat_named: agrees
func.func @concat_named(%a: !b, %c: tensor<2x4xf64>) -> tensor<?x4xf64, #graph.dims<b + 2>> {
  %q = arith.mulf %c, %c : tensor<2x4xf64>
  %0 = graph.concat %a, %q axis 0 : !b, tensor<2x4xf64> -> tensor<?x4xf64, #graph.dims<b + 2>>
  return %0 : tensor<?x4xf64, #graph.dims<b + 2>>
}
// CHECK: @window: agrees
func.func @window(%a: tensor<2x8xf64>) -> tensor<2x4x3xf64> {
  %q = arith.mulf %a, %a : tensor<2x8xf64>
  %0 = graph.window %q axes [1] size [3] stride [2] dilation [2] low [1] outside 0.0 : f64 : tensor<2x8xf64> -> tensor<2x4x3xf64>
  return %0 : tensor<2x4x3xf64>
}
// CHECK: @unwindow: agrees
func.func @unwindow(%a: tensor<2x4x3xf64>) -> tensor<2x8xf64> {
  %q = arith.mulf %a, %a : tensor<2x4x3xf64>
  %0 = graph.unwindow %q axes [1] size [3] stride [2] dilation [2] low [1] : tensor<2x4x3xf64> -> tensor<2x8xf64>
  return %0 : tensor<2x8xf64>
}
// CHECK: @dynamic_slice: agrees
func.func @dynamic_slice(%a: tensor<2x8xf64>, %i: tensor<i32>) -> !x {
  %q = arith.mulf %a, %a : tensor<2x8xf64>
  %0 = graph.dynamic_slice %q at %i axes [1] : tensor<2x8xf64>, tensor<i32> -> !x
  return %0 : !x
}
// CHECK: @dynamic_update: agrees
func.func @dynamic_update(%a: tensor<2x8xf64>, %u: !x, %i: tensor<i32>) -> tensor<2x8xf64> {
  %q = arith.mulf %a, %a : tensor<2x8xf64>
  %v = arith.mulf %u, %u : !x
  %0 = graph.dynamic_update %q, %v at %i axes [1] : tensor<2x8xf64>, !x, tensor<i32>
  return %0 : tensor<2x8xf64>
}
// CHECK: @barrier: agrees
func.func @barrier(%a: !x, %c: !x) -> !x {
  %q = arith.mulf %a, %a : !x
  %0:2 = graph.barrier %q, %c : !x, !x -> !x, !x
  return %0#0 : !x
}
// CHECK: @stop: agrees
func.func @stop(%a: !x {test.range = [0.3, 0.4]}) -> !x {
  %n = arith.constant dense<8.0> : !x
  %f = arith.mulf %a, %n : !x
  %c = math.floor %f : !x
  %s = graph.stop %c : !x
  %0 = arith.mulf %s, %a : !x
  return %0 : !x
}
