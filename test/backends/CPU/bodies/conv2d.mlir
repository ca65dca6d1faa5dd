// RUN: lamina-opt %s | FileCheck %s
// A 3×3 convolution with stride 2 and padding 1, bias and relu in its epilogue.

// CHECK: kernel.func contract @conv2d
#x = affine_map<(b, y, x, o, i, j, c) -> (b, y * 2 + i, x * 2 + j, c)>
#w = affine_map<(b, y, x, o, i, j, c) -> (i, j, c, o)>
#y = affine_map<(b, y, x, o, i, j, c) -> (b, y, x, o)>
#id = affine_map<(b, y, x, o) -> (b, y, x, o)>
#channel = affine_map<(b, y, x, o) -> (o)>
kernel.func contract @conv2d outs(1) attributes {dims = ["b"], shapes = [array<i64: 0>, array<i64>, array<i64>, array<i64: 0>]} {
^bb0(%x: tensor<?x32x32x16xf32>, %w: tensor<3x3x16x64xf32>, %offset: tensor<64xf32>, %y: tensor<?x16x16x64xf32>):
  %zero = arith.constant 0.0 : f32
  %padded = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb1(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<?x32x32x16xf32> to tensor<?x34x34x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x16x16x64xf32>) -> tensor<?x16x16x64xf32>
  %c = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%padded, %w : tensor<?x34x34x16xf32>, tensor<3x3x16x64xf32>) outs(%z : tensor<?x16x16x64xf32>) {
  ^bb1(%a: f32, %b: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x16x16x64xf32>
  %r = linalg.generic {indexing_maps = [#channel, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%offset : tensor<64xf32>) outs(%c : tensor<?x16x16x64xf32>) {
  ^bb1(%o: f32, %acc: f32):
    %s = arith.addf %acc, %o : f32
    %t = arith.maximumf %s, %zero : f32
    linalg.yield %t : f32
  } -> tensor<?x16x16x64xf32>
  kernel.return %r : tensor<?x16x16x64xf32>
}
