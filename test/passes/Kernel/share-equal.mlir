// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-form-clusters),convert-graph-to-kernel,kernel-share-equal)' | FileCheck %s

!a = tensor<4x8xf32>
!b = tensor<100xf32>

// Updates of tensors of any shape are one kernel; another function is another.
// CHECK-LABEL: func @layers
// CHECK: kernel.launch @[[K:.*]] ins({{.*}}) dims <32>
// CHECK: kernel.launch @[[K]] ins({{.*}}) dims <100>
// CHECK: kernel.launch @[[L:.*]] ins({{.*}}) dims <100>
// CHECK-COUNT-2: kernel.func map
// CHECK-NOT: kernel.func
func.func @layers(%x: !a, %y: !b, %z: !b) -> (!a, !b, !b) {
  %0 = arith.addf %x, %x : !a
  %1 = arith.addf %y, %y : !b
  %2 = arith.mulf %z, %z : !b
  return %0, %1, %2 : !a, !b, !b
}
