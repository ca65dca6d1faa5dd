// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-form-clusters),convert-graph-to-kernel,func.func(kernel-order,kernel-plan-memory),verify-planned)' | FileCheck %s

!w = tensor<8x8xf32>
!ws = tensor<6x8x8xf32>

program.variable @w : !w {role = "param", init = 0.0 : f32}

// The update is made in place: nothing reads the old value later.
// CHECK-LABEL: func @in_place
// CHECK: kernel.launch {{.*}} places [#kernel.place<argument 0>]
func.func @in_place(%w: !w {program.load = @w}, %g: !w {program.input = "g"}) -> (!w {program.store = @w}) {
  %n = arith.subf %w, %g : !w
  return %n : !w
}

// The old value is returned as well, so the new one has a place of its own.
// CHECK-LABEL: func @old_value_lives
// CHECK: kernel.launch {{.*}} places [#kernel.place<slot 0>]
func.func @old_value_lives(%w: !w {program.load = @w}, %g: !w {program.input = "g"})
    -> (!w {program.store = @w}, !w {program.output = "old"}) {
  %n = arith.subf %w, %g : !w
  return %n, %w : !w, !w
}

// A transposed read is no read at the index that is written.
// CHECK-LABEL: func @transposed
// CHECK: kernel.launch {{.*}} places [#kernel.place<slot 0>]
func.func @transposed(%w: !w {program.load = @w}) -> (!w {program.store = @w}) {
  %t = graph.transpose %w order [1, 0] : !w -> !w
  %n = arith.addf %w, %t : !w
  return %n : !w
}

// A carry has one place; its next value is computed into it. A row of a stack
// is written where it stands.
// CHECK-LABEL: func @loop
// CHECK: kernel.loop trip <6> number 0 {{.*}} places [#kernel.place<result 0>, #kernel.place<result 1>]
// CHECK: kernel.launch {{.*}} places [#kernel.place<result 0>, #kernel.place<result 1 rounds[0] strides["256"]>]
func.func @loop(%x: !w {program.input = "x"}, %ws: !ws {program.input = "ws"})
    -> (!w {program.output = "last"}, !ws {program.output = "all"}) {
  %last, %all = graph.scan %i < 6 init(%h = %x : !w) over(%w = %ws : !ws) stacks(!ws) {
    %n = arith.addf %h, %w : !w
    %s = math.exp %n : !w
    graph.yield %n : !w stack %s : !w
  }
  return %last, %all : !w, !ws
}
