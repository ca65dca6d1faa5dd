// RUN: lamina-kernel %s --dims=1 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=1 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_80 --dims=3 --schedule=7 | FileCheck %s
// RUN: lamina-kernel %s --gpu=sm_90a --dims=2 --schedule=7 | FileCheck %s
//
// Attention scores and their use on values, straight from the layouts
// [b, t, h, d] of the projections; the weights are rounded as they are read.
//
// CHECK: scores: ok
// CHECK: mix: ok

#q = affine_map<(b, h, i, j, d) -> (b, i, h, d)>
#k = affine_map<(b, h, i, j, d) -> (b, j, h, d)>
#s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>
#id = affine_map<(b, h, i, j) -> (b, h, i, j)>
kernel.func contract @scores outs(1) attributes {dims = ["b"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%q: tensor<?x72x2x24xbf16>, %k: tensor<?x72x2x24xbf16>, %scale: f32, %y: tensor<?x2x72x72xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x2x72x72xf32>) -> tensor<?x2x72x72xf32>
  %c = linalg.contract indexing_maps = [#q, #k, #s] ins(%q, %k : tensor<?x72x2x24xbf16>, tensor<?x72x2x24xbf16>) outs(%z : tensor<?x2x72x72xf32>) -> tensor<?x2x72x72xf32>
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%c : tensor<?x2x72x72xf32>) {
  ^bb1(%acc: f32):
    %t = arith.mulf %acc, %scale : f32
    linalg.yield %t : f32
  } -> tensor<?x2x72x72xf32>
  kernel.return %r : tensor<?x2x72x72xf32>
}

#p = affine_map<(b, h, i, d, j) -> (b, h, i, j)>
#v = affine_map<(b, h, i, d, j) -> (b, j, h, d)>
#o = affine_map<(b, h, i, d, j) -> (b, i, h, d)>
kernel.func contract @mix outs(1) attributes {dims = ["b"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%p: tensor<?x2x72x72xf32>, %v: tensor<?x72x2x24xbf16>, %y: tensor<?x72x2x24xf32>):
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %b = tensor.dim %y, %c0 : tensor<?x72x2x24xf32>
  %e = tensor.empty(%b) : tensor<?x2x72x72xbf16>
  %short = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%p : tensor<?x2x72x72xf32>) outs(%e : tensor<?x2x72x72xbf16>) {
  ^bb1(%number: f32, %unused: bf16):
    %t = arith.truncf %number : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x2x72x72xbf16>
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x72x2x24xf32>) -> tensor<?x72x2x24xf32>
  %c = linalg.contract indexing_maps = [#p, #v, #o] ins(%short, %v : tensor<?x2x72x72xbf16>, tensor<?x72x2x24xbf16>) outs(%z : tensor<?x72x2x24xf32>) -> tensor<?x72x2x24xf32>
  kernel.return %c : tensor<?x72x2x24xf32>
}
