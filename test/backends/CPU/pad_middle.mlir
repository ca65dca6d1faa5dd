// A part whose loops are not the first axes of the whole: the row that the fill
// writes is not the one that the part writes, so they share none.
// RUN: lamina-kernel %s --dims 3 | FileCheck %s
// RUN: lamina-kernel %s --dims 3 --loops | FileCheck %s
// CHECK: pad_middle: ok
kernel.func map @pad_middle outs(1) attributes {dims = ["d0"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x2xf32>, %out: tensor<?x2x2xf32>):
  %zero = arith.constant 0.0 : f32
  %whole = linalg.fill ins(%zero : f32) outs(%out : tensor<?x2x2xf32>) -> tensor<?x2x2xf32>
  %b = kernel.size 0
  %part = tensor.extract_slice %whole[0, 1, 0] [%b, 1, 2] [1, 1, 1] : tensor<?x2x2xf32> to tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x2xf32>) outs(%part : tensor<?x2xf32>) {
  ^bb0(%in: f32, %old: f32):
    linalg.yield %in : f32
  } -> tensor<?x2xf32>
  %z = tensor.insert_slice %y into %whole[0, 1, 0] [%b, 1, 2] [1, 1, 1] : tensor<?x2xf32> into tensor<?x2x2xf32>
  kernel.return %z : tensor<?x2x2xf32>
}
