// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-place-scalars,kernel-form-clusters),convert-graph-to-kernel,func.func(kernel-order,kernel-plan-memory),verify-planned)' -o %t.mlir
// RUN: lamina build --from planned --emit=tape %t.mlir | tr -d ' \n' | FileCheck %s

// What the host knows is checked in a register, what data decides on the device.
// CHECK: {"check":{"register":{{[0-9]+}}},"message":"toofew"}
// CHECK: {"check":{"word":{"base":["slot",{{[0-9]+}}]}},"message":"negative"}
func.func @f(%n: tensor<i64> {program.scalar = "step"}, %x: tensor<4xf32> {program.input = "x"})
    -> (tensor<4xf32> {program.output = "y"}) attributes {program.entry = "sample"} {
  %two = arith.constant dense<2> : tensor<i64>
  %enough = arith.cmpi sge, %n, %two : tensor<i64>
  graph.check %enough "too few" : tensor<i1>
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %fits = arith.cmpf oge, %x, %zero : tensor<4xf32>
  %all = graph.reduce all %fits axes [0] : tensor<4xi1> -> tensor<i1>
  graph.check %all "negative" : tensor<i1>
  %y = math.sqrt %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
