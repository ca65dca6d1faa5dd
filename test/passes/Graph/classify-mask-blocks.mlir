// RUN: lamina-opt %s --graph-classify-mask-blocks | FileCheck %s

!q = tensor<2x?x4xf32, #graph.dims<t>>
!s = tensor<2x?xf32, #graph.dims<t>>

// CHECK-LABEL: func @causal
// CHECK:         #mask.blocks<range (d0)[s0] -> (0, d0 + 1), full (d0)[s0] -> (0, d0 + 1)>
func.func @causal(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @window
// CHECK:         #mask.blocks<range (d0)[s0] -> (d0 - 127, d0 + 128), full (d0)[s0] -> (d0 - 127, d0 + 128)>
func.func @window(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 128 : index
    %d = arith.subi %i, %j : index
    %a = math.absi %d : index
    %c = arith.cmpi slt, %a, %n : index
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @causal_window
// CHECK:         #mask.blocks<range (d0)[s0] -> (d0 - 127, d0 + 1), full (d0)[s0] -> (d0 - 127, d0 + 1)>
func.func @causal_window(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 128 : index
    %d = arith.subi %i, %j : index
    %a = math.absi %d : index
    %w = arith.cmpi slt, %a, %n : index
    %s = arith.cmpi sle, %j, %i : index
    %c = arith.andi %s, %w : i1
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @first
// CHECK:         #mask.blocks<range (d0)[s0] -> (0, 4), full (d0)[s0] -> (0, 4)>
func.func @first(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 4 : index
    %c = arith.cmpi sgt, %n, %j : index
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @blocks
// CHECK:         #mask.blocks<range (d0)[s0] -> ((d0 floordiv 16) * 16, (d0 floordiv 16) * 16 + 16), full (d0)[s0] -> ((d0 floordiv 16) * 16, (d0 floordiv 16) * 16 + 16)>
func.func @blocks(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 16 : index
    %x = arith.divsi %i, %n : index
    %y = arith.divsi %j, %n : index
    %c = arith.cmpi eq, %x, %y : index
    graph.yield %c : i1
  }
  return %o : !q
}

// Two intervals: around both, and inside of one.
// CHECK-LABEL: func @sinks
// CHECK:         #mask.blocks<range (d0)[s0] -> (0, d0 + 1), full (d0)[s0] -> (d0 - 8, d0 + 1)>
func.func @sinks(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 4 : index
    %m = arith.constant 9 : index
    %d = arith.subi %i, %j : index
    %w = arith.cmpi slt, %d, %m : index
    %f = arith.cmpi slt, %j, %n : index
    %a = arith.ori %w, %f : i1
    %s = arith.cmpi sle, %j, %i : index
    %c = arith.andi %a, %s : i1
    graph.yield %c : i1
  }
  return %o : !q
}

// 'mod' is not understood, the rest is.
// CHECK-LABEL: func @strided
// CHECK:         #mask.blocks<range (d0)[s0] -> (0, d0 + 1), full (d0)[s0] -> (d0 - 7, d0 + 1)>
func.func @strided(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 8 : index
    %z = arith.constant 0 : index
    %d = arith.subi %i, %j : index
    %w = arith.cmpi slt, %d, %n : index
    %r = arith.remsi %d, %n : index
    %e = arith.cmpi eq, %r, %z : index
    %a = arith.ori %w, %e : i1
    %s = arith.cmpi sle, %j, %i : index
    %c = arith.andi %s, %a : i1
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @later
// CHECK:         #mask.blocks<range (d0)[s0] -> (d0 + 1, s0), full (d0)[s0] -> (d0 + 1, s0)>
func.func @later(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %c = arith.cmpi slt, %i, %j : index
    graph.yield %c : i1
  }
  return %o : !q
}

// CHECK-LABEL: func @never
// CHECK:         #mask.blocks<range (d0)[s0] -> (d0 + 1, d0), full (d0)[s0] -> (d0 + 1, d0)>
func.func @never(%q: !q, %k: !q, %v: !q) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %s = arith.cmpi slt, %j, %i : index
    %t = arith.cmpi slt, %i, %j : index
    %c = arith.andi %s, %t : i1
    graph.yield %c : i1
  }
  return %o : !q
}

// What is read from tensors may be anything; the causal half is known all the same.
// CHECK-LABEL: func @lengths
// CHECK:         #mask.blocks<range (d0)[s0] -> (0, d0 + 1), full (d0)[s0] -> (0, 0)>
func.func @lengths(%q: !q, %k: !q, %v: !q, %n: tensor<2xi32>) -> !q {
  %o, %stats = graph.attend softmax %q, %k, %v with %n : (!q, !q, !q, tensor<2xi32>) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index, %m: tensor<2xi32>):
    %l = tensor.extract %m[%h] : tensor<2xi32>
    %j32 = arith.index_cast %j : index to i32
    %a = arith.cmpi slt, %j32, %l : i32
    %s = arith.cmpi sle, %j, %i : index
    %c = arith.andi %a, %s : i1
    graph.yield %c : i1
  }
  return %o : !q
}

// The bound of an adjoint op, too.
// CHECK-LABEL: func @adjoint
// CHECK:         #mask.blocks<range (d0)[s0] -> (0, d0 + 1)
func.func @adjoint(%q: !q, %k: !q, %v: !q, %o: !q, %stats: !s, %do: !q) -> (!q, !q, !q) {
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %o, %stats, %do : (!q, !q, !q, !q, !s, !q) -> (!q, !q, !q)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %c = arith.cmpi sle, %j, %i : index
    graph.yield %c : i1
  }
  return %dq, %dk, %dv : !q, !q, !q
}

// Nothing is known: a bound that decreases, data alone, no mask.
// CHECK-LABEL: func @nothing_known
// CHECK-NOT:     #mask.blocks
func.func @nothing_known(%q: !q, %k: !q, %v: !q, %d: tensor<?xi32, #graph.dims<t>>) -> (!q, !q, !q) {
  %o0, %stats0 = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index):
    %n = arith.constant 9 : index
    %sum = arith.addi %i, %j : index
    %c = arith.cmpi slt, %sum, %n : index
    graph.yield %c : i1
  }
  %o1, %stats1 = graph.attend softmax %q, %k, %v with %d : (!q, !q, !q, tensor<?xi32, #graph.dims<t>>) -> (!q, !s)
  mask {
  ^bb0(%h: index, %i: index, %j: index, %e: tensor<?xi32, #graph.dims<t>>):
    %x = tensor.extract %e[%i] : tensor<?xi32, #graph.dims<t>>
    %y = tensor.extract %e[%j] : tensor<?xi32, #graph.dims<t>>
    %c = arith.cmpi eq, %x, %y : i32
    graph.yield %c : i1
  }
  %o2, %stats2 = graph.attend softmax %q, %k, %v : (!q, !q, !q) -> (!q, !s)
  return %o0, %o1, %o2 : !q, !q, !q
}
