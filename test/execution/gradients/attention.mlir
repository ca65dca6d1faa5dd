// Attention: its adjoint op, and both in parts, against differences.
// RUN: lamina-reference --check-gradients --size b=2 --size t=3 %s | FileCheck %s
// RUN: lamina-reference --check-gradients --then='graph-decompose-attention{only-adjoints=true}' --size b=2 --size t=3 %s | FileCheck %s
// RUN: lamina-reference --check-gradients --then=graph-decompose-attention,canonicalize,cse,graph-simplify --size b=2 --size t=3 %s | FileCheck %s

!q = tensor<?x4x?x2xf64, #graph.dims<b, t>>
!k = tensor<?x2x?x2xf64, #graph.dims<b, t>>
!s = tensor<?x4x?xf64, #graph.dims<b, t>>
!n = tensor<?xi32, #graph.dims<b>>

// Two heads share a key; a window that depends on data; slopes by head, and a
// bias read at a computed index.
// CHECK: @softmax: agrees
func.func @softmax(%q: !q, %k: !k, %v: !k, %length: !n {test.range = [1.0, 3.0]}, %slope: tensor<4xf64>, %bias: tensor<5xf64>) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v with %length, %slope, %bias : (!q, !k, !k, !n, tensor<4xf64>, tensor<5xf64>) -> (!q, !s)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index, %len: !n, %sl: tensor<4xf64>, %bi: tensor<5xf64>):
    %l32 = tensor.extract %len[%b] : !n
    %l = arith.index_cast %l32 : i32 to index
    %inside = arith.cmpi slt, %j, %l : index
    %causal = arith.cmpi sle, %j, %i : index
    %seen = arith.andi %inside, %causal : i1
    graph.yield %seen : i1
  }
  score {
  ^bb0(%s: f64, %b: index, %h: index, %i: index, %j: index, %len: !n, %sl: tensor<4xf64>, %bi: tensor<5xf64>):
    %half = arith.constant 0.5 : f64
    %two = arith.constant 2 : index
    %p = arith.mulf %s, %half : f64
    %d = arith.subi %j, %i : index
    %d2 = arith.addi %d, %two : index
    %f = tensor.extract %sl[%h] : tensor<4xf64>
    %g = tensor.extract %bi[%d2] : tensor<5xf64>
    %m = arith.mulf %f, %g : f64
    %r = arith.addf %p, %m : f64
    graph.yield %r : f64
  }
  return %o : !q
}
// The statistics have an adjoint too: forward in parts.
// CHECK: @statistics: agrees
func.func @statistics(%q: !q, %k: !k, %v: !k) -> (!q, !s) {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !k, !k) -> (!q, !s)
  return %o, %stats : !q, !s
}
// CHECK: @count: agrees
func.func @count(%q: !q, %k: !k, %v: !k) -> !q {
  %o, %stats = graph.attend count %q, %k, %v : (!q, !k, !k) -> (!q, !s)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %causal = arith.cmpi slt, %j, %i : index
    graph.yield %causal : i1
  }
  score {
  ^bb0(%s: f64, %b: index, %h: index, %i: index, %j: index):
    %r = arith.mulf %s, %s : f64
    graph.yield %r : f64
  }
  return %o : !q
}
// CHECK: @sum: agrees
func.func @sum(%q: !q, %k: !k, %v: !k) -> !q {
  %o, %stats = graph.attend sum %q, %k, %v : (!q, !k, !k) -> (!q, !s)
  score {
  ^bb0(%s: f64, %b: index, %h: index, %i: index, %j: index):
    %r = math.exp %s : f64
    graph.yield %r : f64
  }
  return %o : !q
}
// One value as query, key and value.
// CHECK: @shared: agrees
func.func @shared(%x: !k) -> !k {
  %o, %stats = graph.attend none %x, %x, %x : (!k, !k, !k) -> (!k, tensor<?x2x?xf64, #graph.dims<b, t>>)
  return %o : !k
}
// The adjoint op itself, with a mask: up to its second derivative.
// CHECK: @adjoint: agrees
func.func @adjoint(%q: !q, %k: !k, %v: !k, %g: !q) -> (!q, !k, !k) {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !k, !k) -> (!q, !s)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %causal = arith.cmpi sle, %j, %i : index
    graph.yield %causal : i1
  }
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %o, %stats, %g : (!q, !k, !k, !q, !s, !q) -> (!q, !k, !k)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %causal = arith.cmpi sle, %j, %i : index
    graph.yield %causal : i1
  }
  return %dq, %dk, %dv : !q, !k, !k
}
