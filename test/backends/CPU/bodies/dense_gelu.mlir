// RUN: lamina-opt %s | FileCheck %s
// A dense layer with its activation: the sum is kept for the gradient, gelu(sum) is the second result.

// CHECK: kernel.func contract @dense_gelu
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (n)>
kernel.func contract @dense_gelu outs(2) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64>, array<i64>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x384xf32>, %w: tensor<384x1536xf32>, %offset: tensor<1536xf32>, %cubic: f32, %slope: f32,
     %sum: tensor<?x1536xf32>, %out: tensor<?x1536xf32>):
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%sum : tensor<?x1536xf32>) -> tensor<?x1536xf32>
  %c = linalg.contract indexing_maps = [#mk, #kn, #mn] ins(%x, %w : tensor<?x384xf32>, tensor<384x1536xf32>) outs(%z : tensor<?x1536xf32>) -> tensor<?x1536xf32>
  %r:2 = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
         ins(%offset : tensor<1536xf32>) outs(%c, %out : tensor<?x1536xf32>, tensor<?x1536xf32>) {
  ^bb1(%o: f32, %acc: f32, %unused: f32):
    %s = arith.addf %acc, %o : f32
    %ss = arith.mulf %s, %s : f32
    %ssc = arith.mulf %ss, %cubic : f32
    %f = arith.addf %ssc, %one : f32
    %sf = arith.mulf %s, %f : f32
    %u = arith.mulf %sf, %slope : f32
    %e = math.exp %u : f32
    %den = arith.addf %e, %one : f32
    %g = arith.divf %s, %den : f32
    linalg.yield %s, %g : f32, f32
  } -> (tensor<?x1536xf32>, tensor<?x1536xf32>)
  kernel.return %r#0, %r#1 : tensor<?x1536xf32>, tensor<?x1536xf32>
}
