// RUN: lamina-opt %s | FileCheck %s
// Attention scores and their use on values, straight from the layouts [b, t, h, d] of the projections.

#q = affine_map<(b, h, i, j, d) -> (b, i, h, d)>
#k = affine_map<(b, h, i, j, d) -> (b, j, h, d)>
#s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>
#id = affine_map<(b, h, i, j) -> (b, h, i, j)>
// CHECK: kernel.func contract @scores
kernel.func contract @scores outs(1) attributes {dims = ["b"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%q: tensor<?x256x6x64xf32>, %k: tensor<?x256x6x64xf32>, %scale: f32, %y: tensor<?x6x256x256xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x6x256x256xf32>) -> tensor<?x6x256x256xf32>
  %c = linalg.contract indexing_maps = [#q, #k, #s] ins(%q, %k : tensor<?x256x6x64xf32>, tensor<?x256x6x64xf32>) outs(%z : tensor<?x6x256x256xf32>) -> tensor<?x6x256x256xf32>
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%c : tensor<?x6x256x256xf32>) {
  ^bb1(%acc: f32):
    %t = arith.mulf %acc, %scale : f32
    linalg.yield %t : f32
  } -> tensor<?x6x256x256xf32>
  kernel.return %r : tensor<?x6x256x256xf32>
}

#p = affine_map<(b, h, i, d, j) -> (b, h, i, j)>
#v = affine_map<(b, h, i, d, j) -> (b, j, h, d)>
#o = affine_map<(b, h, i, d, j) -> (b, i, h, d)>
// CHECK: kernel.func contract @mix
kernel.func contract @mix outs(1) attributes {dims = ["b"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%p: tensor<?x6x256x256xf32>, %v: tensor<?x256x6x64xf32>, %y: tensor<?x256x6x64xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x256x6x64xf32>) -> tensor<?x256x6x64xf32>
  %c = linalg.contract indexing_maps = [#p, #v, #o] ins(%p, %v : tensor<?x6x256x256xf32>, tensor<?x256x6x64xf32>) outs(%z : tensor<?x256x6x64xf32>) -> tensor<?x256x6x64xf32>
  kernel.return %c : tensor<?x256x6x64xf32>
}
