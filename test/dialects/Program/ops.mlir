// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK:       program.dim @b in 1 to 4096 usually 32
// CHECK:       program.variable @student.kernel : tensor<4x4xf32> {init = @student.kernel.init, role = "param"}
// CHECK:       program.variable @adam.m.kernel : tensor<4x4xf32> {init = 0.000000e+00 : f32, role = "slot"}
// CHECK:       func.func @step(%{{.*}}: !model.tree<@Net> {program.load = @student}
// CHECK-SAME:    {program.batch = "x"}
!x = tensor<?x4xf32, #graph.dims<b>>   !w = tensor<4x4xf32>
program.dim @b in 1 to 4096 usually 32
model.layer @Net {
  model.param @kernel : !w init @glorot.4
}
program.variable @student.kernel : !w {role = "param", init = @student.kernel.init}
program.variable @teacher.kernel : !w {role = "state", init = @teacher.kernel.init}
program.variable @adam.m.kernel : !w {role = "slot", init = 0.0 : f32}
func.func private @student.kernel.init(%key: tensor<2xi64> {program.scalar = "key"}) -> !w
func.func private @teacher.kernel.init(%w: !w {program.load = @student.kernel}) -> !w {       // state teacher = encoder
  return %w : !w
}
// a tree in an entry: the attribute is the prefix of the variables of its leaves
func.func @step(%net: !model.tree<@Net> {program.load = @student}, %m: !w {program.load = @adam.m.kernel},
                %x: !x {program.batch = "x"}, %rate: tensor<f32> {program.scalar = "rate"})
    -> (!model.tree<@Net> {program.store = @student}, !w {program.store = @adam.m.kernel}) {
  return %net, %m : !model.tree<@Net>, !w
}

// CHECK: program.dim @t in 0 to 512 usually 128 ragged over @b
program.dim @t in 0 to 512 usually 128 ragged over @b
// CHECK: program.dim @t_2 in 1 to 512 usually 128 written "t"
program.dim @t_2 in 1 to 512 usually 128 written "t"
// CHECK: program.scalar @rate {default = 1.000000e-03 : f32, role = "set", type = f32}
program.scalar @rate {type = f32, default = 0.001 : f32, role = "set"}
// CHECK: program.source @text
program.source @text {kind = "windows", file = "text.txt", window = 257 : i64}
// CHECK: program.dataset @learn
program.dataset @learn {source = @text, from = 0.0, to = 0.9}
// CHECK: program.train @train
program.train @train {stages = [{name = "main", step = @step, steps = 100 : i64}]}
// CHECK: program.report @loss
program.report @loss {name = "loss", batch = @step}
// CHECK: program.sample @s
program.sample @s {entry = @step}
// CHECK: program.test @t1
program.test @t1 {entry = @step, name = "t"}
// CHECK: program.provenance @source
program.provenance @source {file = "a.lam", hash = "00"}
