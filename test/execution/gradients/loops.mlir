// Loops, branches, gradients in gradients against differences.
// RUN: lamina-reference --check-gradients --size t=4 --size b=2 %s | FileCheck %s
// RUN: lamina-reference --check-gradients --size t=4 --size b=2 %s \
// RUN:   --then=canonicalize,cse,graph-prune-scan,graph-simplify,graph-flatten-scans,graph-hoist-invariants,canonicalize,cse \
// RUN:   | FileCheck %s

!c = tensor<?xf64, #graph.dims<b>>
!cs = tensor<?x?xf64, #graph.dims<t, b>>
!x = tensor<3xf64>

// CHECK: @carry_over_with_stack: agrees
func.func @carry_over_with_stack(%x: !c, %in: !cs, %w: tensor<f64>) -> (!c, !cs) {
  %last, %all = graph.scan %i < t init(%h = %x : !c) over(%u = %in : !cs) with(%f = %w : tensor<f64>) stacks(!cs) {
    %p = arith.mulf %h, %u : !c
    %fb = graph.broadcast %f axes [] : tensor<f64> -> !c
    %s = arith.addf %p, %fb : !c
    %next = math.tanh %s : !c
    %row = arith.mulf %next, %h : !c
    graph.yield %next : !c stack %row : !c
  }
  return %last, %all : !c, !cs
}
// CHECK: @reversed: agrees
func.func @reversed(%x: !c, %in: !cs) -> !c {
  %last = graph.scan %i < t reverse init(%h = %x : !c) over(%u = %in : !cs) {
    %p = arith.mulf %h, %u : !c
    %next = math.sin %p : !c
    graph.yield %next : !c
  }
  return %last : !c
}
// Carries that depend on each other, one of them only from the second round on.
// CHECK: @crossed_carries: agrees
func.func @crossed_carries(%x: !x) -> !x {
  %zero = arith.constant dense<0.5> : !x
  %a, %b, %c = graph.scan %i < 3 init(%p = %x : !x, %q = %zero : !x, %r = %zero : !x) {
    %s = arith.mulf %p, %r : !x
    %e = math.sin %q : !x
    graph.yield %s, %p, %e : !x, !x, !x
  }
  %0 = arith.addf %b, %c : !x
  return %0 : !x
}
// CHECK: @until: agrees
func.func @until(%x: !x {test.range = [0.1, 0.2]}) -> (!x, tensor<9x3xf64>) {
  %limit = arith.constant dense<10.0> : tensor<f64>
  %last, %all, %rounds = graph.scan %i < 9 init(%h = %x : !x) with(%most = %limit : tensor<f64>) stacks(tensor<9x3xf64>) {
    %e = math.exp %h : !x
    graph.yield %e : !x stack %h : !x
  } until(%i, %h, %most) {
    %s = graph.reduce sum %h axes [0] : !x -> tensor<f64>
    %done = arith.cmpf ogt, %s, %most : tensor<f64>
    graph.yield %done : tensor<i1>
  }
  return %last, %all : !x, tensor<9x3xf64>
}
// CHECK: @nested: agrees
func.func @nested(%x: !x, %ws: tensor<2x2x3xf64>) -> !x {
  %out = graph.scan %i < 2 init(%h = %x : !x) over(%w = %ws : tensor<2x2x3xf64>) {
    %o = graph.scan %j < 2 init(%g = %h : !x) over(%v = %w : tensor<2x3xf64>) with(%start = %h : !x) {
      %p = arith.mulf %g, %v : !x
      %q = arith.addf %p, %start : !x
      %t = math.tanh %q : !x
      graph.yield %t : !x
    }
    graph.yield %o : !x
  }
  return %out : !x
}
// CHECK: @branch: agrees
func.func @branch(%x: !x, %y: !x) -> (!x, !x) {
  %s = graph.reduce sum %x axes [0] : !x -> tensor<f64>
  %far = arith.constant dense<-9.0> : tensor<f64>
  %p = arith.cmpf ogt, %s, %far : tensor<f64>
  %0:2 = graph.cond %p with(%a = %x : !x, %b = %y : !x) -> (!x, !x) {
    %m = arith.mulf %a, %b : !x
    %e = math.exp %m : !x
    graph.yield %e, %a : !x, !x
  } else(%a, %b) {
    graph.yield %b, %b : !x, !x
  }
  return %0#0, %0#1 : !x, !x
}
// A gradient in the function, so the check differentiates it up to third order.
// CHECK: @inner_gradient: agrees
func.func @inner_gradient(%x: !x) -> !x {
  %s = math.sin %x : !x
  %q = arith.mulf %s, %x : !x
  %g = graph.gradient %q wrt %x : (!x, !x) -> !x
  %0 = arith.mulf %g, %s : !x
  return %0 : !x
}
// CHECK: @gradient_in_a_loop: agrees
func.func @gradient_in_a_loop(%x: !x) -> !x {
  %rate = arith.constant dense<0.1> : !x
  %out = graph.scan %i < 3 init(%h = %x : !x) with(%r = %rate : !x) {
    %e = math.exp %h : !x
    %l = graph.reduce sum %e axes [0] : !x -> tensor<f64>
    %g = graph.gradient %l wrt %h : (tensor<f64>, !x) -> !x
    %m = arith.mulf %r, %g : !x
    %n = arith.subf %h, %m : !x
    graph.yield %n : !x
  }
  return %out : !x
}
// CHECK: @jacobian: agrees
func.func @jacobian(%x: !x) -> tensor<3x3xf64> {
  %t = math.tanh %x : !x
  %c = graph.cumulative sum %t axis 0 : !x
  %j = graph.gradient %c wrt %x each 1 : (!x, !x) -> tensor<3x3xf64>
  return %j : tensor<3x3xf64>
}
// CHECK: @pushed: agrees
func.func @pushed(%x: !x, %v: !x) -> !x {
  %t = math.tanh %x : !x
  %p = graph.pushforward %t wrt %x tangents %v : (!x, !x, !x) -> !x
  return %p : !x
}
// The pullback that the user wrote, and the derivative of it.
// CHECK: @custom: agrees
func.func @custom(%x: !x, %w: !x) -> !x {
  %y = graph.custom %x, %w : (!x, !x) -> !x value {
  ^bb0(%a: !x, %b: !x):
    %s = math.sin %a : !x
    %p = arith.mulf %s, %b : !x
    graph.yield %p : !x
  } pullback {
  ^bb0(%a: !x, %b: !x, %p: !x, %g: !x):
    %c = math.cos %a : !x
    %cb = arith.mulf %c, %b : !x
    %da = arith.mulf %g, %cb : !x
    %s = math.sin %a : !x
    %db = arith.mulf %g, %s : !x
    graph.yield %da, %db : !x, !x
  }
  return %y : !x
}
