// RUN: lamina-opt %s | FileCheck %s
// More sums at once than a GPU combines at once: each of its own numbers, and the last one of squares.

// CHECK: kernel.func row @sums
#in = affine_map<(r) -> (r)>
#out = affine_map<(r) -> ()>
kernel.func row @sums outs(10) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>]} {
^bb0(%x0: tensor<?xf32>, %x1: tensor<?xf32>, %x2: tensor<?xf32>, %x3: tensor<?xf32>, %x4: tensor<?xf32>, %x5: tensor<?xf32>, %x6: tensor<?xf32>, %x7: tensor<?xf32>, %x8: tensor<?xf32>, %x9: tensor<?xf32>, %y0: tensor<f32>, %y1: tensor<f32>, %y2: tensor<f32>, %y3: tensor<f32>, %y4: tensor<f32>, %y5: tensor<f32>, %y6: tensor<f32>, %y7: tensor<f32>, %y8: tensor<f32>, %y9: tensor<f32>):
  %zero = arith.constant 0.0 : f32
  %f0 = linalg.fill ins(%zero : f32) outs(%y0 : tensor<f32>) -> tensor<f32>
  %f1 = linalg.fill ins(%zero : f32) outs(%y1 : tensor<f32>) -> tensor<f32>
  %f2 = linalg.fill ins(%zero : f32) outs(%y2 : tensor<f32>) -> tensor<f32>
  %f3 = linalg.fill ins(%zero : f32) outs(%y3 : tensor<f32>) -> tensor<f32>
  %f4 = linalg.fill ins(%zero : f32) outs(%y4 : tensor<f32>) -> tensor<f32>
  %f5 = linalg.fill ins(%zero : f32) outs(%y5 : tensor<f32>) -> tensor<f32>
  %f6 = linalg.fill ins(%zero : f32) outs(%y6 : tensor<f32>) -> tensor<f32>
  %f7 = linalg.fill ins(%zero : f32) outs(%y7 : tensor<f32>) -> tensor<f32>
  %f8 = linalg.fill ins(%zero : f32) outs(%y8 : tensor<f32>) -> tensor<f32>
  %f9 = linalg.fill ins(%zero : f32) outs(%y9 : tensor<f32>) -> tensor<f32>
  %r:10 = linalg.generic {indexing_maps = [#in, #in, #in, #in, #in, #in, #in, #in, #in, #in, #out, #out, #out, #out, #out, #out, #out, #out, #out, #out], iterator_types = ["reduction"]}
      ins(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %x7, %x8, %x9 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
      outs(%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8, %f9 : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  ^bb1(%a0: f32, %a1: f32, %a2: f32, %a3: f32, %a4: f32, %a5: f32, %a6: f32, %a7: f32, %a8: f32, %a9: f32, %s0: f32, %s1: f32, %s2: f32, %s3: f32, %s4: f32, %s5: f32, %s6: f32, %s7: f32, %s8: f32, %s9: f32):
    %t0 = arith.addf %s0, %a0 : f32
    %t1 = arith.addf %s1, %a1 : f32
    %t2 = arith.addf %s2, %a2 : f32
    %t3 = arith.addf %s3, %a3 : f32
    %t4 = arith.addf %s4, %a4 : f32
    %t5 = arith.addf %s5, %a5 : f32
    %t6 = arith.addf %s6, %a6 : f32
    %t7 = arith.addf %s7, %a7 : f32
    %t8 = arith.addf %s8, %a8 : f32
    %q = arith.mulf %a9, %a9 : f32
    %t9 = arith.addf %s9, %q : f32
    linalg.yield %t0, %t1, %t2, %t3, %t4, %t5, %t6, %t7, %t8, %t9 : f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
  } -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  kernel.return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5, %r#6, %r#7, %r#8, %r#9 : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
