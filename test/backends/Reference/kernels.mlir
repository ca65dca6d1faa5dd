// Entries behind convert-graph-to-kernel: launches, loops, choices.
// RUN: lamina-reference %s | FileCheck %s

#id = affine_map<(i) -> (i)>
#row = affine_map<(i, j) -> (i)>
#both = affine_map<(i, j) -> (i, j)>

kernel.func map @scale outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?xf32>, %factor: f32, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a: f32, %unused: f32):
    %p = arith.mulf %a, %factor : f32
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i32
    %f = arith.sitofp %n : i32 to f32
    %s = arith.addf %p, %f : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}

// The out starts as NaN: a sum must be filled first.
kernel.func row @row_sums outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?x2xf32>, %y: tensor<?xf32>):
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [#both, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x2xf32>) outs(%f : tensor<?xf32>) {
  ^bb1(%a: f32, %acc: f32):
    %s = arith.addf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}

// CHECK: @launches: [2, 5, 8, 11]
// CHECK: @launches: [7, 19]
func.func @launches() -> (tensor<4xf32>, tensor<2xf32>) {
  %x = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %a = kernel.launch @scale ins(%x : tensor<4xf32>) scalars(%two : tensor<f32>) dims <4> -> tensor<4xf32>
  %b = kernel.launch @row_sums ins(%a : tensor<4xf32>) dims <2> -> tensor<2xf32>
  return %a, %b : tensor<4xf32>, tensor<2xf32>
}
