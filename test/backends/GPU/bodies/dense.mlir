// RUN: lamina-kernel %s --dims=1 --tolerance=0.008 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=1 --tolerance=0.008 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=67 --schedule=5 --tolerance=0.008 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=131 --tolerance=0.008 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_90a --dims=131 --tolerance=0.008 | FileCheck %s
//
// A dense layer on bf16 with gelu: the sum is kept as f32, the activation is
// rounded for the next layer. 200 numbers of k are six tiles and a part of one.
//
// CHECK: dense: ok

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (n)>
kernel.func contract @dense outs(2) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64>, array<i64>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x200xbf16>, %w: tensor<200x136xbf16>, %offset: tensor<136xf32>, %slope: f32,
     %sum: tensor<?x136xf32>, %out: tensor<?x136xbf16>):
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%sum : tensor<?x136xf32>) -> tensor<?x136xf32>
  %c = linalg.contract indexing_maps = [#mk, #kn, #mn] ins(%x, %w : tensor<?x200xbf16>, tensor<200x136xbf16>) outs(%z : tensor<?x136xf32>) -> tensor<?x136xf32>
  %r:2 = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
         ins(%offset : tensor<136xf32>) outs(%c, %out : tensor<?x136xf32>, tensor<?x136xbf16>) {
  ^bb1(%o: f32, %acc: f32, %unused: bf16):
    %s = arith.addf %acc, %o : f32
    %u = arith.mulf %s, %slope : f32
    %e = math.exp %u : f32
    %den = arith.addf %e, %one : f32
    %g = arith.divf %s, %den : f32
    %short = arith.truncf %g : f32 to bf16
    linalg.yield %s, %short : f32, bf16
  } -> (tensor<?x136xf32>, tensor<?x136xbf16>)
  kernel.return %r#0, %r#1 : tensor<?x136xf32>, tensor<?x136xbf16>
}
