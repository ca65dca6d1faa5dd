// RUN: lamina-kernel %s --mcpu=x86-64-v4 --emit=asm | FileCheck %s --check-prefix=WIDE
// RUN: lamina-kernel %s --mcpu=x86-64-v3 --emit=asm | FileCheck %s --check-prefix=HALF
// RUN: lamina-kernel %s --target=aarch64-linux-gnu --mcpu=neoverse-n1 --emit=llvm | FileCheck %s --check-prefix=OTHER
// RUN: lamina-kernel %s --dims=37 | FileCheck %s --check-prefix=SAME
// RUN: lamina-kernel %s --dims=37 --mcpu=x86-64-v3 | FileCheck %s --check-prefix=SAME
// RUN: lamina-kernel %s --dims=37 --mcpu=x86-64 | FileCheck %s --check-prefix=SAME
// Products of 32 bits as x86 has them: of even lanes and of odd ones, and no register more for what follows.

// WIDE-LABEL: words:
// WIDE: vpmuludq {{.*}}%zmm
// WIDE-NOT: vpmovzxdq
// WIDE-NOT: vpmullq
// HALF-LABEL: words:
// HALF: vpmuludq {{.*}}%ymm
// HALF-NOT: vpmovzxdq

// Where a product of all lanes exists it stays one.
// OTHER-LABEL: define void @words(
// OTHER: zext <4 x i32> {{.*}} to <4 x i64>

// SAME: words: ok
kernel.func map @words outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>]} {
^bb0(%key: i64, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%y : tensor<?xf32>) {
  ^bb1(%u: f32):
    %i = linalg.index 0 : index
    %w = arith.index_cast %i : index to i32
    %k = arith.trunci %key : i64 to i32
    %m = arith.constant -766435501 : i32
    %n = arith.constant -845247145 : i32
    %low, %high = arith.mului_extended %w, %m : i32
    %x = arith.xori %high, %k : i32
    %below, %above = arith.mului_extended %x, %n : i32
    %a = arith.xori %above, %low : i32
    %b = arith.xori %a, %below : i32
    %c = arith.constant 9 : i32
    %s = arith.shrui %b, %c : i32
    %f = arith.sitofp %s : i32 to f32
    linalg.yield %f : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}
