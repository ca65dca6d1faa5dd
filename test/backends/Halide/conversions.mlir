// Numbers below zero, on their way between types. Halide's own casts in a row lose the sign.
// REQUIRES: halide
// RUN: lamina-kernel --backend=halide %s --dims=67 --low=-9 --high=9 | FileCheck %s
// CHECK-NOT: WRONG
#id = affine_map<(i) -> (i)>

// CHECK-DAG: to_integer: ok
kernel.func map @to_integer outs(2) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?xf32>, %y: tensor<?xi32>, %z: tensor<?xf32>):
  %r:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%y, %z : tensor<?xi32>, tensor<?xf32>) {
  ^bb1(%a: f32, %u: i32, %v: f32):
    %i = arith.fptosi %a : f32 to i32
    %f = arith.sitofp %i : i32 to f32
    linalg.yield %i, %f : i32, f32
  } -> (tensor<?xi32>, tensor<?xf32>)
  kernel.return %r#0, %r#1 : tensor<?xi32>, tensor<?xf32>
}

// CHECK-DAG: of_integer: ok
kernel.func map @of_integer outs(3) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?xi32>, %y: tensor<?xf32>, %z: tensor<?xi64>, %q: tensor<?xi32>):
  %r:3 = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<?xi32>) outs(%y, %z, %q : tensor<?xf32>, tensor<?xi64>, tensor<?xi32>) {
  ^bb1(%a: i32, %u: f32, %v: i64, %w: i32):
    %three = arith.constant 3 : i32
    %minus = arith.constant -2 : i32
    %below = arith.subi %a, %three : i32
    %f = arith.sitofp %below : i32 to f32
    %i = arith.extsi %below : i32 to i64
    %d = arith.divsi %below, %minus : i32
    linalg.yield %f, %i, %d : f32, i64, i32
  } -> (tensor<?xf32>, tensor<?xi64>, tensor<?xi32>)
  kernel.return %r#0, %r#1, %r#2 : tensor<?xf32>, tensor<?xi64>, tensor<?xi32>
}
