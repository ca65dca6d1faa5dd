// RUN: lamina-opt %s --graph-decompose-attention | FileCheck %s
// RUN: lamina-opt %s --graph-decompose-attention='only-adjoints=true' | FileCheck %s --check-prefix=ADJOINTS
// RUN: lamina-opt %s --graph-decompose-attention='widest=4' 2>%t | FileCheck %s --check-prefix=KERNELS
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t

!q = tensor<2x3x4xf32>
!s = tensor<2x3xf32>

// CHECK-LABEL: func @forward
// CHECK:         graph.contract
// CHECK:         %[[M:.*]] = arith.select
// CHECK:         graph.reduce logsumexp %[[M]] axes [2]
// CHECK:         graph.contract
// CHECK-NOT:     graph.attend
// ADJOINTS-LABEL: func @forward
// ADJOINTS:         graph.attend softmax
func.func @forward(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @backward
// CHECK:         graph.barrier
// CHECK-NOT:     graph.attend_grad
// CHECK-NOT:     graph.gradient
// ADJOINTS-LABEL: func @backward
// ADJOINTS-NOT:     graph.attend_grad
func.func @backward(%q: !q, %k: !q, %v: !q, %o: !q, %stats: !s, %do: !q) -> (!q, !q, !q) {
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %o, %stats, %do : (!q, !q, !q, !q, !s, !q) -> (!q, !q, !q)
  return %dq, %dk, %dv : !q, !q, !q
}

// Every backend has a routine for it.
// CHECK-LABEL: func @keeps_sort
// CHECK:         graph.sort
func.func @keeps_sort(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.sort %x axis 0 : tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// With a kernel for heads of four numbers the others stay, and so does their adjoint.
// KERNELS-LABEL: func @forward
// KERNELS:         graph.attend softmax
// KERNELS-LABEL: func @backward
// KERNELS:         graph.attend_grad softmax

// KERNELS-LABEL: func @wider
// KERNELS-NOT:     graph.attend
func.func @wider(%q: tensor<2x3x5xf32>, %k: tensor<2x3x5xf32>, %v: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %o, %stats = graph.attend softmax %q, %k, %v : (tensor<2x3x5xf32>, tensor<2x3x5xf32>, tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, !s)
  return %o : tensor<2x3x4xf32>
}

// KERNELS-LABEL: func @other_type
// KERNELS-NOT:     graph.attend
func.func @other_type(%q: tensor<2x3x4xf64>) -> tensor<2x3x4xf64> {
  %o, %stats = graph.attend softmax %q, %q, %q : (tensor<2x3x4xf64>, tensor<2x3x4xf64>, tensor<2x3x4xf64>) -> (tensor<2x3x4xf64>, tensor<2x3xf64>)
  return %o : tensor<2x3x4xf64>
}

// A slope that is learned has no kernel; one that nobody asks for does no harm.
// KERNELS-LABEL: func @slopes
// KERNELS:         graph.attend_grad softmax
// KERNELS-LABEL: func @learned_slopes
// KERNELS-NOT:     graph.attend_grad
// REMARK: remark: the adjoint of this attention keeps all scores in memory
// REMARK-NOT: remark
func.func @slopes(%q: !q, %o: !q, %stats: !s, %do: !q, %slope: tensor<2xf32>) -> !q {
  %dq, %dk, %dv, %dslope = graph.attend_grad softmax %q, %q, %q, %o, %stats, %do with %slope : (!q, !q, !q, !q, !s, !q, tensor<2xf32>) -> (!q, !q, !q, tensor<2xf32>)
  score {
  ^bb0(%s: f32, %h: index, %i: index, %j: index, %sl: tensor<2xf32>):
    %f = tensor.extract %sl[%h] : tensor<2xf32>
    %r = arith.mulf %s, %f : f32
    graph.yield %r : f32
  }
  return %dq : !q
}
func.func @learned_slopes(%q: !q, %o: !q, %stats: !s, %do: !q, %slope: tensor<2xf32>) -> tensor<2xf32> {
  %dq, %dk, %dv, %dslope = graph.attend_grad softmax %q, %q, %q, %o, %stats, %do with %slope : (!q, !q, !q, !q, !s, !q, tensor<2xf32>) -> (!q, !q, !q, tensor<2xf32>)
  score {
  ^bb0(%s: f32, %h: index, %i: index, %j: index, %sl: tensor<2xf32>):
    %f = tensor.extract %sl[%h] : tensor<2xf32>
    %r = arith.mulf %s, %f : f32
    graph.yield %r : f32
  }
  return %dslope : tensor<2xf32>
}

// In bfloat16: an adjoint without a kernel is taken apart in the type of the scores.
// CHECK-LABEL: func.func @narrow
// CHECK-NOT: graph.attend_grad
// CHECK: arith.truncf %{{.*}} : tensor<2x3x4xf32> to tensor<2x3x4xbf16>
// CHECK: return
// KERNELS-LABEL: func.func @narrow
// KERNELS: graph.attend_grad
func.func @narrow(%q: tensor<2x3x4xbf16>, %o: !q, %stats: !s, %do: tensor<2x3x4xbf16>) -> (!q, tensor<2x3x4xbf16>) {
  %dq, %dk, %dv = graph.attend_grad softmax %q, %q, %q, %o, %stats, %do : (tensor<2x3x4xbf16>, tensor<2x3x4xbf16>, tensor<2x3x4xbf16>, !q, !s, tensor<2x3x4xbf16>) -> (!q, !q, tensor<2x3x4xbf16>)
  return %dq, %dv : !q, tensor<2x3x4xbf16>
}
