// RUN: lamina-opt %s | FileCheck %s
// Causal softmax of scores [batch · heads, i, j]: one row kernel, scores read twice, nothing stored but the result.

// CHECK: kernel.func row @causal_softmax
#pq = affine_map<(p, q, r) -> (p, q)>
#id = affine_map<(p, q, r) -> (p, q, r)>
kernel.func row @causal_softmax outs(1) attributes {dims = ["b * 6"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x256x256xf32>, %scale: f32, %y: tensor<?x256x256xf32>):
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %p = tensor.dim %x, %c0 : tensor<?x256x256xf32>
  %e0 = tensor.empty(%p) : tensor<?x256xf32>
  %f0 = linalg.fill ins(%low : f32) outs(%e0 : tensor<?x256xf32>) -> tensor<?x256xf32>
  %max = linalg.generic {indexing_maps = [#id, #pq], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : tensor<?x256x256xf32>) outs(%f0 : tensor<?x256xf32>) {
  ^bb1(%a: f32, %acc: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %seen = arith.cmpi sle, %j, %i : index
    %s = arith.mulf %a, %scale : f32
    %t = arith.select %seen, %s, %low : f32
    %m = arith.maximumf %acc, %t : f32
    linalg.yield %m : f32
  } -> tensor<?x256xf32>
  %e1 = tensor.empty(%p) : tensor<?x256x256xf32>
  %e2 = tensor.empty(%p) : tensor<?x256xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x256xf32>) -> tensor<?x256xf32>
  %w:2 = linalg.generic {indexing_maps = [#id, #pq, #id, #pq], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %max : tensor<?x256x256xf32>, tensor<?x256xf32>) outs(%e1, %f2 : tensor<?x256x256xf32>, tensor<?x256xf32>) {
  ^bb1(%a: f32, %top: f32, %unused: f32, %acc: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %seen = arith.cmpi sle, %j, %i : index
    %s = arith.mulf %a, %scale : f32
    %d = arith.subf %s, %top : f32
    %e = math.exp %d : f32
    %t = arith.select %seen, %e, %zero : f32
    %sum = arith.addf %acc, %t : f32
    linalg.yield %t, %sum : f32, f32
  } -> (tensor<?x256x256xf32>, tensor<?x256xf32>)
  %r = linalg.generic {indexing_maps = [#id, #pq, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%w#0, %w#1 : tensor<?x256x256xf32>, tensor<?x256xf32>) outs(%y : tensor<?x256x256xf32>) {
  ^bb1(%t: f32, %sum: f32, %unused: f32):
    %q = arith.divf %t, %sum : f32
    linalg.yield %q : f32
  } -> tensor<?x256x256xf32>
  kernel.return %r : tensor<?x256x256xf32>
}
