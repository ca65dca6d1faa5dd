// RUN: lamina-kernel %s --target=aarch64-linux-gnu --mcpu=cortex-a72 --emit=llvm | FileCheck %s
// RUN: lamina-kernel %s --target=aarch64-linux-gnu --mcpu=cortex-a72 --emit=asm | FileCheck %s --check-prefix=CODE
// NEON has 32 registers of 4 numbers: 8 rows of 3 hold the sums, and none of them is spilled.

// CHECK-LABEL: define internal {{.*}}void @product_tile8x12_64_1(
// CHECK-COUNT-24: phi <4 x float>
// CHECK-NOT:     store
// CHECK-COUNT-24: @llvm.fmuladd.v4f32
// CHECK-NOT:     store
// CHECK:         br i1

// CODE-LABEL: product_tile8x12_64_1:
// CODE-COUNT-24: fmla v{{[0-9]+}}.4s
// CODE-NOT:     sp
// CODE:         b.ne
// CODE:         ret
kernel.func contract @product outs(1) attributes {dims = [], shapes = [array<i64>, array<i64>, array<i64>]} {
^bb0(%x: tensor<96x64xf32>, %w: tensor<64x96xf32>, %y: tensor<96x96xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<96x96xf32>) -> tensor<96x96xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%x, %w : tensor<96x64xf32>, tensor<64x96xf32>) outs(%z : tensor<96x96xf32>) -> tensor<96x96xf32>
  kernel.return %c : tensor<96x96xf32>
}
