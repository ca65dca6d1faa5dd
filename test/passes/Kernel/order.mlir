// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-form-clusters),convert-graph-to-kernel,func.func(kernel-order))' | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
!w = tensor<8x8xf32>

program.variable @w : !w {role = "param", init = 0.0 : f32}

// A reader behind the update is moved before it.
// CHECK-LABEL: func @order
// CHECK: kernel.launch @order.contract
// CHECK: kernel.launch @order.map
func.func @order(%w: !w {program.load = @w}, %g: !w {program.input = "g"})
    -> (!w {program.store = @w}, !w {program.output = "y"}) {
  %n = arith.subf %w, %g : !w
  %y = graph.contract %g, %w maps [#mk, #kn, #mn] : !w, !w -> !w
  return %n, %y : !w, !w
}

// A reader of the new value stays behind it.
// CHECK-LABEL: func @new_value
// CHECK: kernel.launch @new_value.map
// CHECK: kernel.launch @new_value.contract
func.func @new_value(%w: !w {program.load = @w}, %g: !w {program.input = "g"})
    -> (!w {program.store = @w}, !w {program.output = "y"}) {
  %n = arith.subf %w, %g : !w
  %y = graph.contract %n, %w maps [#mk, #kn, #mn] : !w, !w -> !w
  return %n, %y : !w, !w
}
