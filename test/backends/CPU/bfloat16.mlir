// RUN: lamina-kernel %s --dims=37 | FileCheck %s
// RUN: lamina-kernel %s --dims=37 --loops | FileCheck %s
// RUN: lamina-kernel %s --dims=5 --mcpu=x86-64-v2 | FileCheck %s
// RUN: lamina-kernel %s --dims=5 --mcpu=x86-64-v2 --emit=asm | FileCheck %s --check-prefix=CALL
//
// A product over more numbers than a block holds, of factors read along k and
// along rows: its sums wait in scratch as f32, as the out is bf16. The residual
// is bf16 as well. No processor calls a routine for a rounding.
//
// CHECK: long: ok
// CALL-NOT: __truncsfbf2
// CALL-NOT: __extendbfsf2

#km = affine_map<(m, n, k) -> (k, m)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
kernel.func contract @long outs(1) attributes {dims = ["m"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<1500x?xbf16>, %w: tensor<40x1500xbf16>, %before: tensor<?x40xbf16>, %out: tensor<?x40xbf16>):
  %zero = arith.constant 0.0 : f32
  %m = kernel.size 0
  %empty = tensor.empty(%m) : tensor<?x40xf32>
  %z = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x40xf32>) -> tensor<?x40xf32>
  %c = linalg.contract indexing_maps = [#km, #nk, #mn] ins(%x, %w : tensor<1500x?xbf16>, tensor<40x1500xbf16>) outs(%z : tensor<?x40xf32>) -> tensor<?x40xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
         ins(%c, %before : tensor<?x40xf32>, tensor<?x40xbf16>) outs(%out : tensor<?x40xbf16>) {
  ^bb1(%sum: f32, %b: bf16, %unused: bf16):
    %wide = arith.extf %b : bf16 to f32
    %s = arith.addf %sum, %wide : f32
    %short = arith.truncf %s : f32 to bf16
    linalg.yield %short : bf16
  } -> tensor<?x40xbf16>
  kernel.return %r : tensor<?x40xbf16>
}
