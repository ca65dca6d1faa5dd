// RUN: lamina-kernel %s --emit=llvm --mcpu=skylake-avx512 | FileCheck %s --check-prefix=WIDE
// RUN: lamina-kernel %s --emit=asm --mcpu=skylake-avx512 | FileCheck %s --check-prefix=CODE
// RUN: lamina-kernel %s --emit=llvm --mcpu=x86-64-v3 | FileCheck %s --check-prefix=HALF
// RUN: lamina-kernel %s --emit=llvm --mcpu=x86-64 | FileCheck %s --check-prefix=PLAIN
// The loop over k carries its sums in registers of the width that the processor has, and touches no memory but its operands.

// WIDE-LABEL: define internal {{.*}}void @product_tile8x48_64_1(
// WIDE-COUNT-24: phi <16 x float>
// WIDE-NOT:     store
// WIDE-COUNT-24: @llvm.fmuladd.v16f32
// WIDE-NOT:     store
// WIDE:         br i1
// WIDE-COUNT-24: store <16 x float>
// WIDE:         ret void

// No sum is spilled between the first product and the last.
// CODE-LABEL: product_tile8x48_64_1:
// CODE:         vfmadd231ps
// CODE-NOT:     rsp
// CODE:         jne
// CODE:         retq

// HALF-LABEL: define internal {{.*}}void @product_tile6x16_64_1(
// HALF-COUNT-12: phi <8 x float>
// HALF-NOT:     store
// HALF-COUNT-12: @llvm.fmuladd.v8f32
// HALF-NOT:     v16f32

// PLAIN-LABEL: define internal {{.*}}void @product_tile6x8_64_1(
// PLAIN-COUNT-12: phi <4 x float>
// PLAIN-NOT:    v8f32
kernel.func contract @product outs(1) attributes {dims = [], shapes = [array<i64>, array<i64>, array<i64>]} {
^bb0(%x: tensor<96x64xf32>, %w: tensor<64x96xf32>, %y: tensor<96x96xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<96x96xf32>) -> tensor<96x96xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
       ins(%x, %w : tensor<96x64xf32>, tensor<64x96xf32>) outs(%z : tensor<96x96xf32>) -> tensor<96x96xf32>
  kernel.return %c : tensor<96x96xf32>
}
