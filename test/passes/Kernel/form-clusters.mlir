// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-form-clusters))' | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
!x = tensor<?x64xf32, #graph.dims<b>>
!v = tensor<?xf32, #graph.dims<b>>
!w = tensor<64x64xf32>

// The bias and the activation join their contraction. The derivative of the
// activation is cheap and read by the gradient only: it is computed there.
// CHECK-LABEL: func @epilogue
// CHECK: graph.contract {{.*}} {kernel.cluster = [[C:[0-9]+]] : i64}
// CHECK: math.tanh {{.*}} {kernel.cluster = [[C]] : i64}
// CHECK: graph.contract {{.*}} {kernel.cluster = [[D:[0-9]+]] : i64}
// CHECK: arith.mulf {{.*}} {kernel.cluster = [[D]] : i64}
// CHECK: arith.mulf {{.*}} {kernel.cluster = [[D]] : i64}
func.func @epilogue(%x: !x, %w: !w, %g: !x) -> (!x, !x) {
  %a = graph.contract %x, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %h = math.tanh %a : !x
  %dh = graph.contract %g, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %hh = arith.mulf %h, %h : !x
  %d = arith.mulf %dh, %hh : !x
  return %h, %d : !x, !x
}

// A softmax is one kernel.
// CHECK-LABEL: func @softmax
// CHECK: graph.reduce max {{.*}} {kernel.cluster = [[R:[0-9]+]] : i64}
// CHECK: arith.subf {{.*}} {kernel.cluster = [[R]] : i64}
// CHECK: math.exp {{.*}} {kernel.cluster = [[R]] : i64}
// CHECK: graph.reduce sum {{.*}} {kernel.cluster = [[R]] : i64}
// CHECK: arith.divf {{.*}} {kernel.cluster = [[R]] : i64}
func.func @softmax(%x: !x) -> !x {
  %m = graph.reduce max %x axes [1] : !x -> !v
  %mb = graph.broadcast %m axes [0] : !v -> !x
  %d = arith.subf %x, %mb : !x
  %e = math.exp %d : !x
  %s = graph.reduce sum %e axes [1] : !x -> !v
  %sb = graph.broadcast %s axes [0] : !v -> !x
  %y = arith.divf %e, %sb : !x
  return %y : !x
}

// Values of rows stay with their rows; the sum over rows is a kernel of its own.
// CHECK-LABEL: func @loss
// CHECK: graph.reduce sum {{.*}} axes [1] {kernel.cluster = [[R:[0-9]+]] : i64}
// CHECK: math.log {{.*}} {kernel.cluster = [[R]] : i64}
// CHECK: graph.reduce sum {{.*}} axes [0] {kernel.cluster = [[S:[0-9]+]] : i64}
// CHECK-NOT: kernel.cluster = [[R]]
func.func @loss(%x: !x) -> tensor<f32> {
  %s = graph.reduce sum %x axes [1] : !x -> !v
  %l = math.log %s : !v
  %t = graph.reduce sum %l axes [0] : !v -> tensor<f32>
  return %t : tensor<f32>
}

// What reads another one at a transposed index is another kernel.
// CHECK-LABEL: func @transposed_reader_stays_apart
// CHECK: math.exp {{.*}} {kernel.cluster = [[A:[0-9]+]] : i64}
// CHECK-NOT: math.tanh {{.*}} {kernel.cluster = [[A]] : i64}
// CHECK: return
func.func @transposed_reader_stays_apart(%w: !w) -> (!w, !w) {
  %e = math.exp %w : !w
  %t = graph.transpose %e order [1, 0] : !w -> !w
  %h = math.tanh %t : !w
  return %e, %h : !w, !w
}

// %e and %y may not be one kernel: the contraction between them reads one and
// is read by the other.
// CHECK-LABEL: func @no_cycle
// CHECK: math.exp {{.*}} {kernel.cluster = [[A:[0-9]+]] : i64}
// CHECK: graph.contract {{.*}} {kernel.cluster = [[B:[0-9]+]] : i64}
// CHECK: arith.addf {{.*}} {kernel.cluster = [[B]] : i64}
func.func @no_cycle(%x: !x, %w: !w) -> !x {
  %e = math.exp %x : !x
  %c = graph.contract %e, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  %y = arith.addf %e, %c : !x
  return %y : !x
}

// A view that the caller gets is copied; a reshape is not.
// CHECK-LABEL: func @views
// CHECK: graph.reshape
// CHECK: graph.transpose
// CHECK: graph.stop {{.*}} {kernel.cluster = {{[0-9]+}} : i64}
// CHECK-NOT: graph.stop
func.func @views(%w: !w) -> (tensor<4096xf32>, !w) {
  %r = graph.reshape %w : !w -> tensor<4096xf32>
  %t = graph.transpose %w order [1, 0] : !w -> !w
  return %r, %t : tensor<4096xf32>, !w
}

// What makes the parts of a whole joins the kernel that writes them; who reads
// the whole does not.
// CHECK-LABEL: func @parts
// CHECK-DAG: math.cos {{.*}} {kernel.cluster = [[P:[0-9]+]] : i64}
// CHECK-DAG: math.sin {{.*}} {kernel.cluster = [[P]] : i64}
// CHECK: graph.concat {{.*}} {kernel.cluster = [[P]] : i64}
// CHECK-NOT: math.exp {{.*}} {kernel.cluster = [[P]] : i64}
// CHECK: return
func.func @parts(%x: !v) -> tensor<?x2xf32, #graph.dims<b>> {
  %a = math.exp %x : !v
  %c = math.cos %a : !v
  %s = math.sin %a : !v
  %cr = graph.reshape %c : !v -> tensor<?x1xf32, #graph.dims<b>>
  %sr = graph.reshape %s : !v -> tensor<?x1xf32, #graph.dims<b>>
  %p = graph.concat %cr, %sr axis 1 : tensor<?x1xf32, #graph.dims<b>>, tensor<?x1xf32, #graph.dims<b>> -> tensor<?x2xf32, #graph.dims<b>>
  %y = math.exp %p : tensor<?x2xf32, #graph.dims<b>>
  return %y : tensor<?x2xf32, #graph.dims<b>>
}

// As many elements in axes that are no digits of the same loops: the sums meet
// in %y, but two walks of 24 are needed. [6, 4] and [3, 8] go together.
// CHECK-LABEL: func @other_digits
// CHECK: graph.reduce {{.*}} {kernel.cluster = [[A:[0-9]+]] : i64} : tensor<6x4xf32>
// CHECK-NOT: graph.reduce {{.*}} {kernel.cluster = [[A]] : i64} : tensor<4x6xf32>
// CHECK: return
func.func @other_digits(%a: tensor<6x4xf32>, %b: tensor<4x6xf32>) -> tensor<f32> {
  %s = graph.reduce sum %a axes [0, 1] : tensor<6x4xf32> -> tensor<f32>
  %r = graph.reduce sum %b axes [0, 1] : tensor<4x6xf32> -> tensor<f32>
  %y = arith.addf %s, %r : tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func @same_digits
// CHECK: graph.reduce {{.*}} {kernel.cluster = [[A:[0-9]+]] : i64} : tensor<6x4xf32>
// CHECK: graph.reduce {{.*}} {kernel.cluster = [[A]] : i64} : tensor<3x8xf32>
func.func @same_digits(%a: tensor<6x4xf32>, %b: tensor<3x8xf32>) -> tensor<f32> {
  %s = graph.reduce sum %a axes [0, 1] : tensor<6x4xf32> -> tensor<f32>
  %r = graph.reduce sum %b axes [0, 1] : tensor<3x8xf32> -> tensor<f32>
  %y = arith.addf %s, %r : tensor<f32>
  return %y : tensor<f32>
}
