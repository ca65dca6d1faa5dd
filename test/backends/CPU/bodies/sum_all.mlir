// RUN: lamina-opt %s | FileCheck %s
// A loss: mean over everything. P is empty, R is one joined run-time dim; sums follow the chunks of 16384 elements.

// CHECK: kernel.func row @mean
#in = affine_map<(r) -> (r)>
#out = affine_map<(r) -> ()>
#scalar = affine_map<() -> ()>
kernel.func row @mean outs(1) attributes {dims = ["b * 256"], shapes = [array<i64: 0>, array<i64>]} {
^bb0(%x: tensor<?xf32>, %count: f32, %y: tensor<f32>):
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %s = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction"]} ins(%x : tensor<?xf32>) outs(%f : tensor<f32>) {
  ^bb1(%a: f32, %acc: f32):
    %t = arith.addf %acc, %a : f32
    linalg.yield %t : f32
  } -> tensor<f32>
  %m = linalg.generic {indexing_maps = [#scalar, #scalar], iterator_types = []} ins(%s : tensor<f32>) outs(%y : tensor<f32>) {
  ^bb1(%t: f32, %unused: f32):
    %q = arith.divf %t, %count : f32
    linalg.yield %q : f32
  } -> tensor<f32>
  kernel.return %m : tensor<f32>
}
