// RUN: lamina-opt %s | FileCheck %s
// Layer norm forward: the normalised row and the reciprocal deviation are kept for the gradient.

// CHECK: kernel.func row @layer_norm
#p = affine_map<(p, r) -> (p)>
#r = affine_map<(p, r) -> (r)>
#id = affine_map<(p, r) -> (p, r)>
#p1 = affine_map<(p) -> (p)>
kernel.func row @layer_norm outs(2) attributes {dims = ["b * 256"], shapes = [array<i64: 0>, array<i64>, array<i64>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x384xf32>, %gain: tensor<384xf32>, %offset: tensor<384xf32>, %width: f32, %eps: f32,
     %rstd: tensor<?xf32>, %y: tensor<?x384xf32>):
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %p = tensor.dim %x, %c0 : tensor<?x384xf32>
  %e0 = tensor.empty(%p) : tensor<?xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #p], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x384xf32>) outs(%f0 : tensor<?xf32>) {
  ^bb1(%a: f32, %acc: f32):
    %s = arith.addf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  %e1 = tensor.empty(%p) : tensor<?xf32>
  %mean = linalg.generic {indexing_maps = [#p1, #p1], iterator_types = ["parallel"]} ins(%sum : tensor<?xf32>) outs(%e1 : tensor<?xf32>) {
  ^bb1(%s: f32, %unused: f32):
    %m = arith.divf %s, %width : f32
    linalg.yield %m : f32
  } -> tensor<?xf32>
  %e2 = tensor.empty(%p) : tensor<?x384xf32>
  %e3 = tensor.empty(%p) : tensor<?xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?xf32>) -> tensor<?xf32>
  %c:2 = linalg.generic {indexing_maps = [#id, #p, #id, #p], iterator_types = ["parallel", "reduction"]}
      ins(%x, %mean : tensor<?x384xf32>, tensor<?xf32>) outs(%e2, %f3 : tensor<?x384xf32>, tensor<?xf32>) {
  ^bb1(%a: f32, %m: f32, %unused: f32, %acc: f32):
    %d = arith.subf %a, %m : f32
    %dd = arith.mulf %d, %d : f32
    %s = arith.addf %acc, %dd : f32
    linalg.yield %d, %s : f32, f32
  } -> (tensor<?x384xf32>, tensor<?xf32>)
  %rs = linalg.generic {indexing_maps = [#p1, #p1], iterator_types = ["parallel"]} ins(%c#1 : tensor<?xf32>) outs(%rstd : tensor<?xf32>) {
  ^bb1(%s: f32, %unused: f32):
    %v = arith.divf %s, %width : f32
    %ve = arith.addf %v, %eps : f32
    %r = math.rsqrt %ve : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [#id, #p, #r, #r, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c#0, %rs, %gain, %offset : tensor<?x384xf32>, tensor<?xf32>, tensor<384xf32>, tensor<384xf32>) outs(%y : tensor<?x384xf32>) {
  ^bb1(%d: f32, %s: f32, %g: f32, %o: f32, %unused: f32):
    %n = arith.mulf %d, %s : f32
    %ng = arith.mulf %n, %g : f32
    %out = arith.addf %ng, %o : f32
    linalg.yield %out : f32
  } -> tensor<?x384xf32>
  kernel.return %rs, %r : tensor<?xf32>, tensor<?x384xf32>
}
