// RUN: lamina-opt %s | FileCheck %s
// One pass over memory for weight, moments and gradient. %w, %m, %v are updated in place: the buffers of the outs are theirs.

// CHECK: kernel.func map @adam
#id = affine_map<(d0) -> (d0)>
kernel.func map @adam outs(3) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%m: tensor<?xf32>, %g: tensor<?xf32>, %v: tensor<?xf32>, %w: tensor<?xf32>,
     %beta1: f32, %rest1: f32, %beta2: f32, %rest2: f32, %correct1: f32, %correct2: f32, %eps: f32, %rate: f32,
     %m1: tensor<?xf32>, %v1: tensor<?xf32>, %w1: tensor<?xf32>):
  %r:3 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
         ins(%m, %g, %v, %w : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
         outs(%m1, %v1, %w1 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
  ^bb1(%em: f32, %eg: f32, %ev: f32, %ew: f32, %o0: f32, %o1: f32, %o2: f32):
    %0 = arith.mulf %em, %beta1 : f32
    %1 = arith.mulf %eg, %rest1 : f32
    %2 = arith.addf %0, %1 : f32
    %3 = arith.mulf %ev, %beta2 : f32
    %4 = arith.mulf %eg, %eg : f32
    %5 = arith.mulf %4, %rest2 : f32
    %6 = arith.addf %3, %5 : f32
    %7 = arith.divf %2, %correct1 : f32
    %8 = arith.divf %6, %correct2 : f32
    %9 = math.sqrt %8 : f32
    %10 = arith.addf %9, %eps : f32
    %11 = arith.divf %7, %10 : f32
    %12 = arith.mulf %11, %rate : f32
    %13 = arith.subf %ew, %12 : f32
    linalg.yield %2, %6, %13 : f32, f32, f32
  } -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
  kernel.return %r#0, %r#1, %r#2 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}
