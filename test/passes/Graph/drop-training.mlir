// RUN: lamina-opt %s --graph-drop-training --split-input-file | FileCheck %s

// The sample stays with the weight that it loads, which has no first value of its own any more, and with the table,
// which nobody gives: the entry that computes it stays. What trains, tests and reads data goes.
// CHECK-NOT:   @kernel.init
// CHECK:       program.variable @kernel : tensor<4xf32> {init = 0.000000e+00 : f32, role = "param"}
// CHECK-NEXT:  func.func @table.init
// CHECK:       program.variable @table : tensor<4xf32> {init = @table.init, role = "derived"}
// CHECK-NOT:   program.variable
// CHECK-NOT:   func.func
// CHECK:       func.func private @shared
// CHECK-NOT:   func.func
// CHECK:       func.func @classify.entry
// CHECK:       program.sample @classify
// CHECK-NOT:   program.
func.func @kernel.init() -> tensor<4xf32> attributes {program.entry = "init"} {
  %c = arith.constant dense<1.0> : tensor<4xf32>
  return %c : tensor<4xf32>
}
program.variable @kernel : tensor<4xf32> {init = @kernel.init, role = "param"}
func.func @table.init() -> tensor<4xf32> attributes {program.entry = "init"} {
  %c = arith.constant dense<2.0> : tensor<4xf32>
  return %c : tensor<4xf32>
}
program.variable @table : tensor<4xf32> {init = @table.init, role = "derived"}
program.variable @runs : tensor<i64> {init = 0 : i64, role = "counter"}
program.variable @moment : tensor<4xf32> {init = 0.0 : f32, role = "slot"}
func.func private @shared(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @train.step(%w: tensor<4xf32> {program.load = @kernel}, %m: tensor<4xf32> {program.load = @moment})
    -> (tensor<4xf32> {program.store = @kernel}, tensor<4xf32> {program.store = @moment}) attributes {program.entry = "step"} {
  return %m, %w : tensor<4xf32>, tensor<4xf32>
}
program.source @text {kind = "windows"}
program.dataset @learn {source = @text, from = 0.0, to = 0.9}
program.train @train {stages = [{step = @train.step}]}
func.func @classify.entry(%x: tensor<4xf32> {program.input = "x"}, %w: tensor<4xf32> {program.load = @kernel},
    %t: tensor<4xf32> {program.load = @table}) -> (tensor<4xf32> {program.output = "result"}) attributes {program.entry = "sample"} {
  %0 = func.call @shared(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = arith.addf %0, %w : tensor<4xf32>
  %2 = arith.addf %1, %t : tensor<4xf32>
  return %2 : tensor<4xf32>
}
program.sample @classify {entry = @classify.entry, name = "classify"}

// -----

// Does not fire: nothing trains here.
// CHECK-LABEL: func.func @double
// CHECK:       arith.addf
func.func @double(%x: tensor<f32> {program.input = "x"}) -> tensor<f32> attributes {program.entry = "function"} {
  %0 = arith.addf %x, %x : tensor<f32>
  return %0 : tensor<f32>
}
