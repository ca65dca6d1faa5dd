// RUN: lamina-opt %s | FileCheck %s
// Gradient of a layer norm: x and dy are read once; dgain and doffset leave as partial sums of 64 rows each.

// CHECK: kernel.func row @layer_norm_grad
#p = affine_map<(p, r) -> (p)>
#r = affine_map<(p, r) -> (r)>
#id = affine_map<(p, r) -> (p, r)>
#p1 = affine_map<(p) -> (p)>
#part = affine_map<(p, r) -> (p floordiv 64, r)>
kernel.func row @layer_norm_grad outs(3) attributes {dims = ["b * 256", "(b * 256 + 63) floordiv 64"],
    shapes = [array<i64: 0>, array<i64>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 1>, array<i64: 1>]} {
^bb0(%dy: tensor<?x384xf32>, %gain: tensor<384xf32>, %n: tensor<?x384xf32>, %rstd: tensor<?xf32>, %width: f32,
     %dx: tensor<?x384xf32>, %dgain: tensor<?x384xf32>, %doffset: tensor<?x384xf32>):
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %p = tensor.dim %dy, %c0 : tensor<?x384xf32>
  %e0 = tensor.empty(%p) : tensor<?xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<?xf32>) -> tensor<?xf32>
  %e1 = tensor.empty(%p) : tensor<?xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %s:2 = linalg.generic {indexing_maps = [#id, #r, #id, #p, #p], iterator_types = ["parallel", "reduction"]}
      ins(%dy, %gain, %n : tensor<?x384xf32>, tensor<384xf32>, tensor<?x384xf32>) outs(%f0, %f1 : tensor<?xf32>, tensor<?xf32>) {
  ^bb1(%d: f32, %g: f32, %h: f32, %acc0: f32, %acc1: f32):
    %dg = arith.mulf %d, %g : f32
    %dgh = arith.mulf %dg, %h : f32
    %s0 = arith.addf %acc0, %dg : f32
    %s1 = arith.addf %acc1, %dgh : f32
    linalg.yield %s0, %s1 : f32, f32
  } -> (tensor<?xf32>, tensor<?xf32>)
  %e2 = tensor.empty(%p) : tensor<?xf32>
  %e3 = tensor.empty(%p) : tensor<?xf32>
  %m:2 = linalg.generic {indexing_maps = [#p1, #p1, #p1, #p1], iterator_types = ["parallel"]}
      ins(%s#0, %s#1 : tensor<?xf32>, tensor<?xf32>) outs(%e2, %e3 : tensor<?xf32>, tensor<?xf32>) {
  ^bb1(%s0: f32, %s1: f32, %u0: f32, %u1: f32):
    %m0 = arith.divf %s0, %width : f32
    %m1 = arith.divf %s1, %width : f32
    linalg.yield %m0, %m1 : f32, f32
  } -> (tensor<?xf32>, tensor<?xf32>)
  %x = linalg.generic {indexing_maps = [#id, #r, #id, #p, #p, #p, #id], iterator_types = ["parallel", "parallel"]}
      ins(%dy, %gain, %n, %m#0, %m#1, %rstd : tensor<?x384xf32>, tensor<384xf32>, tensor<?x384xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
      outs(%dx : tensor<?x384xf32>) {
  ^bb1(%d: f32, %g: f32, %h: f32, %m0: f32, %m1: f32, %rs: f32, %unused: f32):
    %dg = arith.mulf %d, %g : f32
    %a = arith.subf %dg, %m0 : f32
    %b = arith.mulf %h, %m1 : f32
    %c = arith.subf %a, %b : f32
    %o = arith.mulf %c, %rs : f32
    linalg.yield %o : f32
  } -> tensor<?x384xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%dgain : tensor<?x384xf32>) -> tensor<?x384xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%doffset : tensor<?x384xf32>) -> tensor<?x384xf32>
  %c:2 = linalg.generic {indexing_maps = [#id, #id, #part, #part], iterator_types = ["reduction", "parallel"]}
      ins(%dy, %n : tensor<?x384xf32>, tensor<?x384xf32>) outs(%f2, %f3 : tensor<?x384xf32>, tensor<?x384xf32>) {
  ^bb1(%d: f32, %h: f32, %acc0: f32, %acc1: f32):
    %dh = arith.mulf %d, %h : f32
    %s0 = arith.addf %acc0, %dh : f32
    %s1 = arith.addf %acc1, %d : f32
    linalg.yield %s0, %s1 : f32, f32
  } -> (tensor<?x384xf32>, tensor<?x384xf32>)
  kernel.return %x, %c#0, %c#1 : tensor<?x384xf32>, tensor<?x384xf32>, tensor<?x384xf32>
}
