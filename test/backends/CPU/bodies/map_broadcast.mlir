// RUN: lamina-opt %s | FileCheck %s
// Rotary pairs: even and odd channels are read with stride 2, the tables are broadcast over heads, the result is
// written in two parts of one buffer ([…, 32, 2] seen as [rows, 64]).

// CHECK: kernel.func map @rotate
#even = affine_map<(m, h, i) -> (m, h, i * 2)>
#odd = affine_map<(m, h, i) -> (m, h, i * 2 + 1)>
#table = affine_map<(m, h, i) -> (m, i)>
#id = affine_map<(m, h, i) -> (m, h, i)>
kernel.func map @rotate outs(1) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x6x64xf32>, %cos: tensor<?x32xf32>, %sin: tensor<?x32xf32>, %y: tensor<?x6x64xf32>):
  %c0 = arith.constant 0 : index
  %m = tensor.dim %y, %c0 : tensor<?x6x64xf32>
  %p0 = tensor.extract_slice %y[0, 0, 0] [%m, 6, 32] [1, 1, 2] : tensor<?x6x64xf32> to tensor<?x6x32xf32>
  %a = linalg.generic {indexing_maps = [#even, #odd, #table, #table, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %x, %cos, %sin : tensor<?x6x64xf32>, tensor<?x6x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>) outs(%p0 : tensor<?x6x32xf32>) {
  ^bb1(%e: f32, %o: f32, %c: f32, %s: f32, %unused: f32):
    %0 = arith.mulf %e, %c : f32
    %1 = arith.mulf %o, %s : f32
    %2 = arith.subf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x6x32xf32>
  %y0 = tensor.insert_slice %a into %y[0, 0, 0] [%m, 6, 32] [1, 1, 2] : tensor<?x6x32xf32> into tensor<?x6x64xf32>
  %p1 = tensor.extract_slice %y0[0, 0, 1] [%m, 6, 32] [1, 1, 2] : tensor<?x6x64xf32> to tensor<?x6x32xf32>
  %b = linalg.generic {indexing_maps = [#even, #odd, #table, #table, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %x, %cos, %sin : tensor<?x6x64xf32>, tensor<?x6x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>) outs(%p1 : tensor<?x6x32xf32>) {
  ^bb1(%e: f32, %o: f32, %c: f32, %s: f32, %unused: f32):
    %0 = arith.mulf %e, %s : f32
    %1 = arith.mulf %o, %c : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x6x32xf32>
  %y1 = tensor.insert_slice %b into %y0[0, 0, 1] [%m, 6, 32] [1, 1, 2] : tensor<?x6x32xf32> into tensor<?x6x64xf32>
  kernel.return %y1 : tensor<?x6x64xf32>
}
