// RUN: lamina-kernel %s --dims=65 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=65 | FileCheck %s
//
// One operand is f32 and stays so: the other one is read as f32.
//
// CHECK: mixed: ok

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
kernel.func contract @mixed outs(1) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%x: tensor<?x20xf32>, %w: tensor<20x24xbf16>, %y: tensor<?x24xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x24xf32>) -> tensor<?x24xf32>
  %c = linalg.contract indexing_maps = [#mk, #kn, #mn] ins(%x, %w : tensor<?x20xf32>, tensor<20x24xbf16>) outs(%z : tensor<?x24xf32>) -> tensor<?x24xf32>
  kernel.return %c : tensor<?x24xf32>
}
