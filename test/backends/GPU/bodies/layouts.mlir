// RUN: lamina-kernel %s --dims=67,9,13 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=67,9,13 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=33,130,1 --schedule=3 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=1,1,1 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_90a --dims=67,9,13 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_90a --dims=33,300,1 --schedule=3 | FileCheck %s
//
// Products whose operands have either axis last: x · w', x' · dy summed into
// what is there, and one whose rows are no multiple of 16 bytes.
//
// CHECK: transposed: ok
// CHECK: gradient: ok
// CHECK: odd: ok

#mk = affine_map<(m, n, k) -> (m, k)>
#km = affine_map<(m, n, k) -> (k, m)>
#kn = affine_map<(m, n, k) -> (k, n)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
kernel.func contract @transposed outs(1) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%x: tensor<?x72xbf16>, %w: tensor<40x72xbf16>, %y: tensor<?x40xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x40xf32>) -> tensor<?x40xf32>
  %c = linalg.contract indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x72xbf16>, tensor<40x72xbf16>) outs(%z : tensor<?x40xf32>) -> tensor<?x40xf32>
  kernel.return %c : tensor<?x40xf32>
}

kernel.func contract @gradient outs(1) attributes {dims = ["k"], shapes = [array<i64: 0>, array<i64: 0>, array<i64>]} {
^bb0(%x: tensor<?x72xbf16>, %dy: tensor<?x136xbf16>, %dw: tensor<72x136xf32>):
  %c = linalg.contract indexing_maps = [#km, #kn, #mn] ins(%x, %dy : tensor<?x72xbf16>, tensor<?x136xbf16>) outs(%dw : tensor<72x136xf32>) -> tensor<72x136xf32>
  kernel.return %c : tensor<72x136xf32>
}

kernel.func contract @odd outs(1) attributes {dims = ["m", "k", "n"], shapes = [array<i64: 0, 1>, array<i64: 1, 2>, array<i64: 0, 2>]} {
^bb0(%x: tensor<?x?xbf16>, %w: tensor<?x?xbf16>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [#mk, #kn, #mn] ins(%x, %w : tensor<?x?xbf16>, tensor<?x?xbf16>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}
