// RUN: lamina-opt %s -graph-apply-precision | FileCheck %s
// RUN: lamina-opt %s "-graph-apply-precision=keep-float32=deep" | FileCheck %s --check-prefix=KEEP
// RUN: lamina-opt %s -graph-apply-precision -canonicalize -cse -o %t.once
// RUN: lamina-opt %t.once -graph-apply-precision -canonicalize -cse | diff %t.once -

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#km = affine_map<(m, n, k) -> (k, m)>
#hik = affine_map<(h, i, n, k) -> (h, i, k)>
#hkn = affine_map<(h, i, n, k) -> (k, n)>
#hin = affine_map<(h, i, n, k) -> (h, i, n)>
#nk = affine_map<(m, n, k) -> (n, k)>

program.variable @M.deep.kernel : tensor<8x8xf32> {role = "param", init = 0.0 : f32, file = "deep.kernel"}
program.variable @M.layers.kernel : tensor<4x8x8xf32> {role = "param", init = 0.0 : f32, stack = "layers.*.kernel"}

// A weight that two products read is rounded once; what is made in front of a
// product is rounded where it is made, and the others read what was rounded.
// CHECK-LABEL: func.func @factors
// CHECK-SAME: (%[[W:.*]]: tensor<8x8xf32> {{.*}}, %[[X:.*]]: tensor<4x8xf32>)
// CHECK: %[[NARROW:.*]] = arith.truncf %[[W]] : tensor<8x8xf32> to tensor<8x8xbf16>
// CHECK: %[[Y:.*]] = math.exp %[[X]]
// CHECK-NEXT: %[[R:.*]] = arith.truncf %[[Y]]
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[R]]
// CHECK: %[[Z:.*]] = graph.contract %[[R]], %[[NARROW]] maps {{.*}} accumulate f32 : tensor<4x8xbf16>, tensor<8x8xbf16> -> tensor<4x8xf32>
// CHECK: arith.mulf %[[Z]], %[[WIDE]]
// CHECK: graph.contract %{{.*}}, %[[NARROW]] maps
// CHECK-NOT: truncf
// A kept weight's products are as they were.
// KEEP-LABEL: func.func @factors
// KEEP-NOT: bf16
// KEEP: return
func.func @factors(%w: tensor<8x8xf32> {program.load = @M.deep.kernel}, %x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {program.entry = "sample"} {
  %y = math.exp %x : tensor<4x8xf32>
  %z = graph.contract %y, %w maps [#mk, #kn, #mn] : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %u = arith.mulf %z, %y : tensor<4x8xf32>
  %v = graph.contract %u, %w maps [#mk, #kn, #mn] : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  return %v : tensor<4x8xf32>
}

// The gradient of a kept weight is a kept product as well; that of another one
// is summed and handed on in f32.
// CHECK-LABEL: func.func @gradient
// CHECK: graph.contract {{.*}} : tensor<4x8xbf16>, tensor<4x8xbf16> -> tensor<8x8xf32>
// CHECK-NOT: truncf
// CHECK: return
// KEEP-LABEL: func.func @gradient
// KEEP-NOT: bf16
// KEEP: return
func.func @gradient(%w: tensor<8x8xf32> {program.load = @M.deep.kernel}, %x: tensor<4x8xf32>, %g: tensor<4x8xf32>) -> (tensor<8x8xf32> {program.store = @M.deep.kernel}) attributes {program.entry = "step"} {
  %d = graph.contract %x, %g maps [#km, #kn, #mn] : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<8x8xf32>
  %n = arith.subf %w, %d : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// A stack of weights is rounded in front of the loop, the carry in it; what a
// round stores for the reverse loop is stored as bf16. The gradient of the
// weights stays a stack of f32.
// CHECK-LABEL: func.func @loops
// CHECK: %[[STACK:.*]] = arith.truncf %{{.*}} : tensor<4x8x8xf32> to tensor<4x8x8xbf16>
// CHECK: graph.scan {{.*}} over({{.*}} = %[[STACK]] : tensor<4x8x8xbf16>) stacks(tensor<4x5x8xbf16>)
// CHECK: arith.truncf %{{.*}} : tensor<5x8xf32> to tensor<5x8xbf16>
// CHECK: graph.contract {{.*}} : tensor<5x8xbf16>, tensor<8x8xbf16> -> tensor<5x8xf32>
// CHECK: graph.yield %{{.*}} : tensor<5x8xf32> stack %{{.*}} : tensor<5x8xbf16>
// CHECK: graph.scan {{.*}}stacks(tensor<4x8x8xf32>)
func.func @loops(%w: tensor<4x8x8xf32> {program.load = @M.layers.kernel}, %x: tensor<5x8xf32>) -> (tensor<4x8x8xf32> {program.store = @M.layers.kernel}) attributes {program.entry = "step"} {
  %last, %kept = graph.scan %i < 4 init(%h = %x : tensor<5x8xf32>) over(%row = %w : tensor<4x8x8xf32>) stacks(tensor<4x5x8xf32>) {
    %z = graph.contract %h, %row maps [#mk, #kn, #mn] : tensor<5x8xf32>, tensor<8x8xf32> -> tensor<5x8xf32>
    %t = math.tanh %z : tensor<5x8xf32>
    graph.yield %t : tensor<5x8xf32> stack %z : tensor<5x8xf32>
  }
  %first, %d = graph.scan %i < 4 reverse init(%g = %last : tensor<5x8xf32>) over(%z = %kept : tensor<4x5x8xf32>, %row = %w : tensor<4x8x8xf32>) stacks(tensor<4x8x8xf32>) {
    %a = arith.mulf %g, %z : tensor<5x8xf32>
    %next = graph.contract %a, %row maps [#mk, #nk, #mn] : tensor<5x8xf32>, tensor<8x8xf32> -> tensor<5x8xf32>
    %dw = graph.contract %z, %a maps [#km, #kn, #mn] : tensor<5x8xf32>, tensor<5x8xf32> -> tensor<8x8xf32>
    graph.yield %next : tensor<5x8xf32> stack %dw : tensor<8x8xf32>
  }
  %n = arith.subf %w, %d : tensor<4x8x8xf32>
  return %n : tensor<4x8x8xf32>
}

// Read again behind a further product, so rounded where it is stored until then.
// CHECK-LABEL: func.func @stored
// CHECK: %[[SUM:.*]] = arith.addf
// CHECK-NEXT: %[[KEPT:.*]] = arith.truncf %[[SUM]]
// CHECK-NEXT: arith.extf %[[KEPT]]
func.func @stored(%w: tensor<8x8xf32>, %o: tensor<8xf32>, %x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = graph.contract %x, %w maps [#mk, #kn, #mn] : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %r = graph.broadcast %o axes [1] : tensor<8xf32> -> tensor<4x8xf32>
  %z = arith.addf %y, %r : tensor<4x8xf32>
  %t = math.tanh %z : tensor<4x8xf32>
  %u = graph.contract %t, %w maps [#mk, #kn, #mn] : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %v = arith.mulf %u, %z : tensor<4x8xf32>
  %p = graph.contract %v, %w maps [#mk, #kn, #mn] : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  return %p : tensor<4x8xf32>
}

// Attention reads rounded rows; what a product reads of it its kernel rounds.
// CHECK-LABEL: func.func @attention(
// CHECK: %[[O:.*]], %{{.*}} = graph.attend softmax %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x8xbf16>) -> (tensor<2x4x8xbf16>, tensor<2x4xf32>)
// CHECK-NOT: truncf
// CHECK: graph.contract %[[O]],
func.func @attention(%q: tensor<2x4x8xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x4x8xf32>, %w: tensor<8x8xf32>) -> tensor<2x4x8xf32> {
  %o, %s = graph.attend softmax %q, %k, %v : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4xf32>)
  %p = graph.contract %o, %w maps [#hik, #hkn, #hin] : tensor<2x4x8xf32>, tensor<8x8xf32> -> tensor<2x4x8xf32>
  return %p : tensor<2x4x8xf32>
}

// The adjoint reads o as it was, and the statistics.
// CHECK-LABEL: func.func @attention_grad
// CHECK: %[[O:.*]], %[[S:.*]] = graph.attend {{.*}} -> (tensor<2x4x8xf32>, tensor<2x4xf32>)
// CHECK: %[[R:.*]] = arith.truncf %[[O]]
// CHECK: graph.contract %[[R]],
// CHECK: graph.attend_grad softmax %{{.*}}, %{{.*}}, %{{.*}}, %[[O]], %[[S]], %{{.*}} : (tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x8xbf16>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>)
func.func @attention_grad(%q: tensor<2x4x8xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x4x8xf32>, %w: tensor<8x8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) {
  %o, %s = graph.attend softmax %q, %k, %v : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4xf32>)
  %p = graph.contract %o, %w maps [#hik, #hkn, #hin] : tensor<2x4x8xf32>, tensor<8x8xf32> -> tensor<2x4x8xf32>
  %dq, %dk, %dv = graph.attend_grad softmax %q, %k, %v, %o, %s, %p
      : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4x8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>)
  return %dq, %dk, %dv : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>
}

// Nothing here is a product of rows by columns: a sum of squares, an outer
// product, a loss.
// CHECK-LABEL: func.func @none
// CHECK-NOT: bf16
// CHECK: return
func.func @none(%x: tensor<4x8xf32>, %y: tensor<8xf32>) -> (tensor<4xf32>, tensor<4x8xf32>, tensor<4xf32>) {
  %s = graph.contract %x, %x maps [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>] : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4xf32>
  %o = graph.contract %s, %y maps [affine_map<(m, n) -> (m)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>] : tensor<4xf32>, tensor<8xf32> -> tensor<4x8xf32>
  %l = graph.reduce logsumexp %o axes [1] : tensor<4x8xf32> -> tensor<4xf32>
  return %s, %o, %l : tensor<4xf32>, tensor<4x8xf32>, tensor<4xf32>
}
