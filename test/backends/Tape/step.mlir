// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-place-scalars,kernel-form-clusters),convert-graph-to-kernel,func.func(kernel-order,kernel-plan-memory),verify-planned)' -o %t.mlir
// RUN: lamina build --from planned --emit=tape %t.mlir | tr -d ' \n' | FileCheck %s

!w = tensor<8x8xf32>
program.dim @b in 1 to 64 usually 4
program.variable @w : !w {role = "param", init = 0.0 : f32}

// The host divides the rate by the batch; the update is in place.
// CHECK: "arguments":[{"load":"w","type":{"element":"f32","shape":[8,8]}}
// CHECK-SAME: "register":0,"scalar":"rate"
// CHECK-SAME: "args":[{"size":"b"}],"host":{{[0-9]+}},"op":"real"
// CHECK-SAME: "op":"div"
// CHECK-SAME: "launch":0
// CHECK-SAME: "scalars":[{"register":{{[0-9]+}}}]
// CHECK-SAME: "results":[{"from":{"base":["argument",0]},"store":"w"
// CHECK-SAME: "kernels":[{
// CHECK-SAME: "kind":"map"
// CHECK-SAME: "sizes":[{"high":64,"low":1,"name":"b","usual":4}]
func.func @step(%w: !w {program.load = @w}, %g: !w {program.input = "g"}, %rate: tensor<f32> {program.scalar = "rate"})
    -> (!w {program.store = @w}) attributes {program.entry = "step"} {
  %n = graph.size <b> : tensor<f32>
  %r = arith.divf %rate, %n : tensor<f32>
  %rb = graph.broadcast %r axes [] : tensor<f32> -> !w
  %s = arith.mulf %rb, %g : !w
  %next = arith.subf %w, %s : !w
  return %next : !w
}
