// RUN: lamina-opt %s | FileCheck %s
// The finish of partial sums, and any other sum over leading dims; what follows on the result is in the same kernel.

// CHECK: kernel.func columns @finish
#in = affine_map<(c, r) -> (c, r)>
#out = affine_map<(c, r) -> (r)>
kernel.func columns @finish outs(1) attributes {dims = ["c"], shapes = [array<i64: 0>, array<i64>]} {
^bb0(%part: tensor<?x384xf32>, %dgain: tensor<384xf32>):
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%dgain : tensor<384xf32>) -> tensor<384xf32>
  %r = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["reduction", "parallel"]}
      ins(%part : tensor<?x384xf32>) outs(%f : tensor<384xf32>) {
  ^bb1(%a: f32, %acc: f32):
    %s = arith.addf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<384xf32>
  kernel.return %r : tensor<384xf32>
}
