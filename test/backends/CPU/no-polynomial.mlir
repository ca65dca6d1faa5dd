// RUN: not lamina-kernel %s --emit=llvm 2>&1 | FileCheck %s
// A function without a polynomial is refused rather than called for each element.

// CHECK: error: 'math.acosh' op has no vector form on the cpu backend
kernel.func map @area outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a: f32, %u: f32):
    %v = math.acosh %a : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}
