// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-form-clusters,kernel-recompute-cheap))' | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#tn = affine_map<(m, n, k) -> (k, m)>
!x = tensor<?x64xf32, #graph.dims<b>>
!v = tensor<?xf32, #graph.dims<b>>
!w = tensor<64x64xf32>

// The derivative of an activation is made from what the activation is of, by
// whoever reads it: nothing but %y, which a product reads, is written.
// CHECK-LABEL: func @activation
// CHECK: math.tanh %{{[a-z0-9]+}} : tensor
// CHECK: arith.mulf %arg2, {{.*}} {kernel.cluster = [[A:[0-9]+]] : i64}
// CHECK: arith.mulf {{.*}} {kernel.cluster = [[G:[0-9]+]] : i64}
// CHECK: graph.contract %arg1, %arg0 {{.*}} {kernel.cluster = [[G]] : i64}
// CHECK: arith.addf {{.*}} {kernel.cluster = [[G]] : i64}
func.func @activation(%w: !w, %g: !x, %z: !x) -> (!w, !x) {
  %t = math.tanh %z : !x
  %y = arith.mulf %z, %t : !x
  %s = arith.mulf %t, %t : !x
  %dw = graph.contract %y, %g maps [#tn, #kn, #mn] : !x, !x -> !w
  %dy = graph.contract %g, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %p = arith.mulf %dy, %s : !x
  %q = arith.mulf %dy, %t : !x
  %d = arith.addf %p, %q : !x
  return %dw, %d : !w, !x
}

// What a product, a loop or the caller reads has to be written anyway.
// CHECK-LABEL: func @demanded_stays
// CHECK: math.exp {{.*}} {kernel.cluster
func.func @demanded_stays(%w: !w, %g: !x, %z: !x) -> (!x, !x) {
  %e = math.exp %z : !x
  %c = graph.contract %g, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %y = arith.mulf %c, %e : !x
  return %e, %y : !x, !x
}

// Between %r and memory stands a sum over each row.
// CHECK-LABEL: func @reduction_stays
// CHECK: graph.reduce sum {{.*}} {kernel.cluster = [[R:[0-9]+]] : i64}
// CHECK: math.rsqrt {{.*}} {kernel.cluster = [[R]] : i64}
// CHECK: arith.mulf {{.*}} {kernel.cluster = [[R]] : i64}
func.func @reduction_stays(%w: !w, %g: !x, %z: !x) -> (!x, !x) {
  %s = graph.reduce sum %z axes [1] : !x -> !v
  %r = math.rsqrt %s : !v
  %rb = graph.broadcast %r axes [0] : !v -> !x
  %n = arith.mulf %z, %rb : !x
  %y = math.tanh %n : !x
  %c = graph.contract %y, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %d = arith.mulf %c, %n : !x
  return %d, %y : !x, !x
}

// To compute %s again its reader would read two tensors instead of one, to
// spare one write: no bytes saved.
// CHECK-LABEL: func @more_reads_stay
// CHECK: arith.addf {{.*}} {kernel.cluster
func.func @more_reads_stay(%w: !w, %y: !x, %z: !x) -> (!x, !x) {
  %s = arith.addf %y, %z : !x
  %h = math.tanh %s : !x
  %c = graph.contract %h, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %d = arith.mulf %c, %s : !x
  return %d, %h : !x, !x
}

program.variable @v : !w {role = "param", init = 0.0 : f32}

// The variable %v is to be updated in place: nobody begins to read it late.
// CHECK-LABEL: func @variables_are_left
// CHECK: math.exp {{.*}} {kernel.cluster
func.func @variables_are_left(%v: !w {program.load = @v}, %w: !w) -> (!w {program.store = @v}, !w) {
  %e = math.exp %v : !w
  %h = arith.mulf %e, %v : !w
  %c = graph.contract %h, %w maps [#mk, #kn, #mn] : !w, !w -> !w
  %d = arith.mulf %c, %e : !w
  return %h, %d : !w, !w
}

// Ten rounds of Philox are dearer than a byte of memory.
// CHECK-LABEL: func @draws_stay
// CHECK: arith.mulf {{.*}} {kernel.cluster
func.func @draws_stay(%w: !w, %g: !x, %z: !x, %key: tensor<2xi64> {program.scalar = "key"}) -> (!x, !x) {
  %u = graph.random uniform %key : tensor<2xi64> -> !x
  %m = arith.mulf %u, %z : !x
  %h = math.tanh %m : !x
  %c = graph.contract %h, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %y = arith.mulf %c, %m : !x
  return %y, %h : !x, !x
}
