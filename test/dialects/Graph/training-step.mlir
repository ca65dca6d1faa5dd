// RUN: lamina-opt %s | lamina-opt | FileCheck %s

// CHECK-LABEL: func @step
// CHECK:         graph.gradient
// CHECK-LABEL: func @replaces_gradient
#mk = affine_map<(m, n, k) -> (m, k)>   #kn = affine_map<(m, n, k) -> (k, n)>   #mn = affine_map<(m, n, k) -> (m, n)>   #b = #graph.dims<b>
!xb = tensor<?x784xf32, #b>   !hb = tensor<?x128xf32, #b>   !zb = tensor<?x10xf32, #b>   !ib = tensor<?xi32, #b>   !fb = tensor<?xf32, #b>
!w1 = tensor<784x128xf32>   !w2 = tensor<128x10xf32>
program.dim @b in 1 to 4096 usually 32
func.func private @hidden.kernel.init() -> !w1
func.func private @out.kernel.init() -> !w2
program.variable @hidden.kernel : !w1 {role = "param", init = @hidden.kernel.init}
program.variable @out.kernel : !w2 {role = "param", init = @out.kernel.init}
func.func @step(%w1: !w1 {program.load = @hidden.kernel}, %w2: !w2 {program.load = @out.kernel},
                %x: !xb {program.batch = "x"}, %y: !ib {program.batch = "y"}, %rate: tensor<f32> {program.scalar = "rate"})
    -> (!w1 {program.store = @hidden.kernel}, !w2 {program.store = @out.kernel}, tensor<f32> {program.metric = "loss"}) {
  %a = graph.contract %x, %w1 maps [#mk, #kn, #mn] : !xb, !w1 -> !hb
  %h = math.tanh %a : !hb
  %z = graph.contract %h, %w2 maps [#mk, #kn, #mn] : !hb, !w2 -> !zb
  %lse = graph.reduce logsumexp %z axes [1] : !zb -> !fb
  %zy = graph.gather %z at %y axis 1 batch 1 : !zb, !ib -> !fb
  %nll = arith.subf %lse, %zy : !fb
  %total = graph.reduce sum %nll axes [0] : !fb -> tensor<f32>
  %n = graph.size #b : tensor<f32>
  %loss = arith.divf %total, %n : tensor<f32>
  %g:2 = graph.gradient %loss wrt %w1, %w2 : (tensor<f32>, !w1, !w2) -> (!w1, !w2)
  %r1 = graph.broadcast %rate axes [] : tensor<f32> -> !w1
  %s1 = arith.mulf %r1, %g#0 : !w1
  %v1 = arith.subf %w1, %s1 : !w1
  %r2 = graph.broadcast %rate axes [] : tensor<f32> -> !w2
  %s2 = arith.mulf %r2, %g#1 : !w2
  %v2 = arith.subf %w2, %s2 : !w2
  return %v1, %v2, %loss : !w1, !w2, tensor<f32>
}
#m_k = affine_map<(k, n, m) -> (m, k)>   #m_n = affine_map<(k, n, m) -> (m, n)>   #k_n = affine_map<(k, n, m) -> (k, n)>
func.func @replaces_gradient(%w2: !w2, %x: !xb, %y: !ib, %h: !hb, %z: !zb, %lse: !fb, %n: tensor<f32>) -> (!w1, !w2) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %d = arith.divf %one, %n : tensor<f32>
  %dn = graph.broadcast %d axes [] : tensor<f32> -> !fb
  %l = graph.broadcast %lse axes [0] : !fb -> !zb
  %zl = arith.subf %z, %l : !zb
  %p = math.exp %zl : !zb
  %dp = graph.broadcast %d axes [] : tensor<f32> -> !zb
  %q = arith.mulf %dp, %p : !zb
  %neg = arith.negf %dn : !fb
  %dz = graph.scatter sum %q at %y with %neg axis 1 batch 1 : !zb, !ib, !fb -> !zb
  %dw2 = graph.contract %h, %dz maps [#m_k, #m_n, #k_n] : !hb, !zb -> !w2
  %dh = graph.contract %dz, %w2 maps [affine_map<(m, k, n) -> (m, n)>, affine_map<(m, k, n) -> (k, n)>, affine_map<(m, k, n) -> (m, k)>] : !zb, !w2 -> !hb
  %hh = arith.mulf %h, %h : !hb
  %c = graph.broadcast %one axes [] : tensor<f32> -> !hb
  %t = arith.subf %c, %hh : !hb
  %da = arith.mulf %dh, %t : !hb
  %dw1 = graph.contract %x, %da maps [#m_k, #m_n, #k_n] : !xb, !hb -> !w1
  return %dw1, %dw2 : !w1, !w2
}
