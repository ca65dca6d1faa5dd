// RUN: lamina-opt %s | FileCheck %s
// An embedding: rows of a table at ids, plus a row by position.

// CHECK: kernel.func map @embed
#ids = affine_map<(b, t, n) -> (b, t)>
#position = affine_map<(b, t, n) -> (t, n)>
#id = affine_map<(b, t, n) -> (b, t, n)>
kernel.func map @embed outs(1) attributes {dims = ["b"], shapes = [array<i64: 0>, array<i64>, array<i64>, array<i64: 0>]} {
^bb0(%ids: tensor<?x64xi32>, %table: tensor<256x384xf32>, %places: tensor<64x384xf32>, %y: tensor<?x64x384xf32>):
  %r = linalg.generic {indexing_maps = [#ids, #position, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%ids, %places : tensor<?x64xi32>, tensor<64x384xf32>) outs(%y : tensor<?x64x384xf32>) {
  ^bb1(%i: i32, %p: f32, %unused: f32):
    %row = arith.index_cast %i : i32 to index
    %column = linalg.index 2 : index
    %e = tensor.extract %table[%row, %column] : tensor<256x384xf32>
    %s = arith.addf %e, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x64x384xf32>
  kernel.return %r : tensor<?x64x384xf32>
}
