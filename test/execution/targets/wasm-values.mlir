// REQUIRES: wasm
// What an entry loads and no checkpoint has: a table that its own entry computes, a number everywhere. Both are there
// before the first call; what the seed of later calls is changes nothing.
// RUN: lamina build %s --from=model --target=wasm32 -o %t.wasm
// RUN: lamina build %s --from=model -o %t
// RUN: node %examples/browser/run.mjs %t.wasm - shifted x=2 --seed 7 | FileCheck %s
// RUN: %t shifted --x 2 --seed 7 | FileCheck %s --check-prefix=PROGRAM
// CHECK: [3] 15.5 16.5 17.5
// PROGRAM: [15.5, 16.5, 17.5]
module {
  func.func @table.init(%key: tensor<2xi64> {program.scalar = "key"}) -> tensor<3xf32> attributes {program.entry = "init"} {
    %c = arith.constant dense<[10.0, 11.0, 12.0]> : tensor<3xf32>
    return %c : tensor<3xf32>
  }
  program.variable @table : tensor<3xf32> {init = @table.init, role = "derived"}
  program.variable @offset : tensor<3xf32> {init = 3.5 : f32, role = "derived"}
  func.func @shifted.entry(%x: tensor<f32> {program.input = "x"}, %table: tensor<3xf32> {program.load = @table},
      %offset: tensor<3xf32> {program.load = @offset}) -> (tensor<3xf32> {program.output = "result"}) attributes {program.entry = "sample"} {
    %0 = graph.broadcast %x axes [] : tensor<f32> -> tensor<3xf32>
    %1 = arith.addf %table, %offset : tensor<3xf32>
    %2 = arith.addf %0, %1 : tensor<3xf32>
    return %2 : tensor<3xf32>
  }
  program.sample @shifted {entry = @shifted.entry, parameters = [{element = "f32", kind = "tensor", name = "x"}], results = [{name = "result"}]}
}
