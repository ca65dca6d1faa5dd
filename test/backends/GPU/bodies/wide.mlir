// RUN: lamina-kernel %s --gpu=sm_80 --dims=44 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_90a --dims=44 --schedule=4 | FileCheck %s
//
// More columns than two tiles of 256, more of k than a ring has stages; the
// rows are two axes that are one.
//
// CHECK: wide: ok

#x = affine_map<(t, m, n, k) -> (t, m, k)>
#w = affine_map<(t, m, n, k) -> (n, k)>
#y = affine_map<(t, m, n, k) -> (t, m, n)>
kernel.func contract @wide outs(1) attributes {dims = ["t"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%x: tensor<?x3x328xbf16>, %w: tensor<520x328xbf16>, %y: tensor<?x3x520xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x3x520xf32>) -> tensor<?x3x520xf32>
  %c = linalg.contract indexing_maps = [#x, #w, #y] ins(%x, %w : tensor<?x3x328xbf16>, tensor<520x328xbf16>) outs(%z : tensor<?x3x520xf32>) -> tensor<?x3x520xf32>
  kernel.return %c : tensor<?x3x520xf32>
}
