// RUN: lamina-kernel %s --dims=13,21,9 | FileCheck %s
// RUN: lamina-kernel %s --dims=9,100,34 | FileCheck %s
// RUN: lamina-kernel %s --dims=2,1,1 | FileCheck %s
// RUN: lamina-kernel %s --dims=13,21,9 --mcpu=x86-64-v3 | FileCheck %s
// RUN: lamina-kernel %s --dims=13,21,9 --mcpu=x86-64 | FileCheck %s
// RUN: lamina-kernel %s --dims=13,21,9 --loops | FileCheck %s
// Products whose sizes fit no block, against the plain meaning of their bodies; items one by one give the same bits.
// CHECK-NOT: WRONG

// CHECK-DAG: plain: ok
// All sizes known at run time only.
kernel.func contract @plain outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: left_transposed: ok
// The gradient of a weight: rows of both operands are summed over.
kernel.func contract @left_transposed outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 2, 0>, array<i64: 2, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(k,m)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: right_transposed: ok
// The gradient of an input.
kernel.func contract @right_transposed outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 1, 2>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(n,k)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: both_transposed: ok
// Neither operand is read along its last axis.
kernel.func contract @both_transposed outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 2, 0>, array<i64: 1, 2>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(k,m)>, affine_map<(m,n,k)->(n,k)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: swapped: ok
// The columns come first.
kernel.func contract @swapped outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 2, 1>, array<i64: 0, 2>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: few_columns: ok
// Fewer columns than lanes.
kernel.func contract @few_columns outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%a: tensor<?x20xf32>, %b: tensor<20x10xf32>, %y: tensor<?x10xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x10xf32>) -> tensor<?x10xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x20xf32>, tensor<20x10xf32>) outs(%z : tensor<?x10xf32>) -> tensor<?x10xf32>
  kernel.return %c : tensor<?x10xf32>
}

// CHECK-DAG: two_widths: ok
// A whole panel and one of two vectors.
kernel.func contract @two_widths outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%a: tensor<?x24xf32>, %b: tensor<24x80xf32>, %y: tensor<?x80xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x80xf32>) -> tensor<?x80xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x24xf32>, tensor<24x80xf32>) outs(%z : tensor<?x80xf32>) -> tensor<?x80xf32>
  kernel.return %c : tensor<?x80xf32>
}

// CHECK-DAG: few_rows: ok
// Fewer rows than a tile: they are packed.
kernel.func contract @few_rows outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64>, array<i64: 1>, array<i64: 1>]} {
^bb0(%a: tensor<3x24xf32>, %b: tensor<24x?xf32>, %y: tensor<3x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<3x?xf32>) -> tensor<3x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<3x24xf32>, tensor<24x?xf32>) outs(%z : tensor<3x?xf32>) -> tensor<3x?xf32>
  kernel.return %c : tensor<3x?xf32>
}

// CHECK-DAG: one_row: ok
// A vector times a matrix goes to the loops.
kernel.func contract @one_row outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 2>, array<i64: 2, 1>, array<i64: 1>]} {
^bb0(%a: tensor<1x?xf32>, %b: tensor<?x?xf32>, %y: tensor<1x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<1x?xf32>) -> tensor<1x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<1x?xf32>, tensor<?x?xf32>) outs(%z : tensor<1x?xf32>) -> tensor<1x?xf32>
  kernel.return %c : tensor<1x?xf32>
}

// CHECK-DAG: long: ok
// k is cut; sums wait in the out.
kernel.func contract @long outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64: 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x1500xf32>, %b: tensor<1500x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x1500xf32>, tensor<1500x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: accumulate: ok
// Adds to what the out holds.
kernel.func contract @accumulate outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: accumulate_long: ok
// Adds to what the out holds, in parts of k.
kernel.func contract @accumulate_long outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64: 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x1100xf32>, %b: tensor<1100x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x1100xf32>, tensor<1100x?xf32>) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: batched: ok
// Heads stand in the middle of the operands.
kernel.func contract @batched outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 0, 2>, array<i64: 0>]} {
^bb0(%a: tensor<?x7x3x?xf32>, %b: tensor<?x?x3x20xf32>, %y: tensor<?x3x7x20xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x3x7x20xf32>) -> tensor<?x3x7x20xf32>
  %c = linalg.contract indexing_maps = [affine_map<(b,h,i,j,k)->(b,i,h,k)>, affine_map<(b,h,i,j,k)->(b,k,h,j)>, affine_map<(b,h,i,j,k)->(b,h,i,j)>] ins(%a, %b : tensor<?x7x3x?xf32>, tensor<?x?x3x20xf32>) outs(%z : tensor<?x3x7x20xf32>) -> tensor<?x3x7x20xf32>
  kernel.return %c : tensor<?x3x7x20xf32>
}

// CHECK-DAG: heads_out: ok
// Rows of the result are not neighbours.
kernel.func contract @heads_out outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 0, 2>, array<i64: 0>]} {
^bb0(%a: tensor<?x3x9x?xf32>, %b: tensor<?x?x3x18xf32>, %y: tensor<?x9x3x18xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x9x3x18xf32>) -> tensor<?x9x3x18xf32>
  %c = linalg.contract indexing_maps = [affine_map<(b,h,i,j,k)->(b,h,i,k)>, affine_map<(b,h,i,j,k)->(b,k,h,j)>, affine_map<(b,h,i,j,k)->(b,i,h,j)>] ins(%a, %b : tensor<?x3x9x?xf32>, tensor<?x?x3x18xf32>) outs(%z : tensor<?x9x3x18xf32>) -> tensor<?x9x3x18xf32>
  kernel.return %c : tensor<?x9x3x18xf32>
}

// CHECK-DAG: rows_of_two: ok
// Two loops of rows.
kernel.func contract @rows_of_two outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x5x?xf32>, %b: tensor<?x?xf32>, %y: tensor<?x5x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x5x?xf32>) -> tensor<?x5x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(a,b,n,k)->(a,b,k)>, affine_map<(a,b,n,k)->(k,n)>, affine_map<(a,b,n,k)->(a,b,n)>] ins(%a, %b : tensor<?x5x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x5x?xf32>) -> tensor<?x5x?xf32>
  kernel.return %c : tensor<?x5x?xf32>
}

// CHECK-DAG: k_of_two: ok
// Two loops of k.
kernel.func contract @k_of_two outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?x6xf32>, %b: tensor<?x6x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k,l)->(m,k,l)>, affine_map<(m,n,k,l)->(k,l,n)>, affine_map<(m,n,k,l)->(m,n)>] ins(%a, %b : tensor<?x?x6xf32>, tensor<?x6x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: columns_of_two: ok
// Two loops of columns; lanes cross the end of the inner one.
kernel.func contract @columns_of_two outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2>, array<i64: 0>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x3x20xf32>, %y: tensor<?x3x20xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x3x20xf32>) -> tensor<?x3x20xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,o,k)->(m,k)>, affine_map<(m,n,o,k)->(k,n,o)>, affine_map<(m,n,o,k)->(m,n,o)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x3x20xf32>) outs(%z : tensor<?x3x20xf32>) -> tensor<?x3x20xf32>
  kernel.return %c : tensor<?x3x20xf32>
}

// CHECK-DAG: columns_apart: ok
// A loop of columns in front of the rows.
kernel.func contract @columns_apart outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2>, array<i64: 0>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x3x20xf32>, %y: tensor<3x?x20xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<3x?x20xf32>) -> tensor<3x?x20xf32>
  %c = linalg.contract indexing_maps = [affine_map<(n,m,o,k)->(m,k)>, affine_map<(n,m,o,k)->(k,n,o)>, affine_map<(n,m,o,k)->(n,m,o)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x3x20xf32>) outs(%z : tensor<3x?x20xf32>) -> tensor<3x?x20xf32>
  kernel.return %c : tensor<3x?x20xf32>
}

// CHECK-DAG: prologue: ok
// The left operand is computed while it is packed.
kernel.func contract @prologue outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2, 1>, array<i64: 0>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %s: tensor<?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %pa = linalg.generic {indexing_maps = [affine_map<(m,k)->(m,k)>, affine_map<(m,k)->(m)>, affine_map<(m,k)->(m,k)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %s : tensor<?x?xf32>, tensor<?xf32>) outs(%a : tensor<?x?xf32>) {
  ^bb1(%p: f32, %q: f32, %u: f32):
    %m = arith.mulf %p, %q : f32
    %t = math.tanh %m : f32
    linalg.yield %t : f32
  } -> tensor<?x?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%pa, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  kernel.return %c : tensor<?x?xf32>
}

// CHECK-DAG: epilogue: ok
// A column, a row and an element go into what follows.
kernel.func contract @epilogue outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0, 2>, array<i64: 2, 1>, array<i64: 1>, array<i64: 0>, array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %o: tensor<?xf32>, %r: tensor<?xf32>, %x: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  %e = linalg.generic {indexing_maps = [affine_map<(m,n)->(n)>, affine_map<(m,n)->(m)>, affine_map<(m,n)->(m,n)>, affine_map<(m,n)->(m,n)>], iterator_types = ["parallel", "parallel"]}
      ins(%o, %r, %x : tensor<?xf32>, tensor<?xf32>, tensor<?x?xf32>) outs(%c : tensor<?x?xf32>) {
  ^bb1(%p: f32, %q: f32, %v: f32, %s: f32):
    %0 = arith.addf %s, %p : f32
    %1 = math.tanh %0 : f32
    %2 = arith.mulf %1, %q : f32
    %3 = arith.addf %2, %v : f32
    linalg.yield %3 : f32
  } -> tensor<?x?xf32>
  kernel.return %e : tensor<?x?xf32>
}

// CHECK-DAG: epilogue_long: ok
// The out may be %x, so k is not cut.
kernel.func contract @epilogue_long outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64: 1>, array<i64: 1>, array<i64: 0>, array<i64: 0, 1>, array<i64: 0, 1>]} {
^bb0(%a: tensor<?x1100xf32>, %b: tensor<1100x?xf32>, %o: tensor<?xf32>, %r: tensor<?xf32>, %x: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x1100xf32>, tensor<1100x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  %e = linalg.generic {indexing_maps = [affine_map<(m,n)->(n)>, affine_map<(m,n)->(m)>, affine_map<(m,n)->(m,n)>, affine_map<(m,n)->(m,n)>], iterator_types = ["parallel", "parallel"]}
      ins(%o, %r, %x : tensor<?xf32>, tensor<?xf32>, tensor<?x?xf32>) outs(%c : tensor<?x?xf32>) {
  ^bb1(%p: f32, %q: f32, %v: f32, %s: f32):
    %0 = arith.addf %s, %p : f32
    %1 = math.tanh %0 : f32
    %2 = arith.mulf %1, %q : f32
    %3 = arith.addf %2, %v : f32
    linalg.yield %3 : f32
  } -> tensor<?x?xf32>
  kernel.return %e : tensor<?x?xf32>
}

// CHECK-DAG: windows: ok
// A convolution: windows of a padded operand are packed as they are read.
kernel.func contract @windows outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%a: tensor<?x7x6x3xf32>, %b: tensor<3x3x3x10xf32>, %y: tensor<?x7x6x10xf32>):
  %zero = arith.constant 0.0 : f32
  %pa = tensor.pad %a low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb1(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<?x7x6x3xf32> to tensor<?x9x8x3xf32> //TYPE tensor<?x9x8x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x7x6x10xf32>) -> tensor<?x7x6x10xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(b,y,x,o,i,j,c)->(b,y+i,x+j,c)>, affine_map<(b,y,x,o,i,j,c)->(i,j,c,o)>, affine_map<(b,y,x,o,i,j,c)->(b,y,x,o)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%pa, %b : tensor<?x9x8x3xf32>, tensor<3x3x3x10xf32>) outs(%z : tensor<?x7x6x10xf32>) {
  ^bb1(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<?x7x6x10xf32>
  kernel.return %c : tensor<?x7x6x10xf32>
}

// CHECK-DAG: windows_stride: ok
// Every second window.
kernel.func contract @windows_stride outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%a: tensor<?x7x6x3xf32>, %b: tensor<2x2x3x10xf32>, %y: tensor<?x4x4x10xf32>):
  %zero = arith.constant 0.0 : f32
  %pa = tensor.pad %a low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb1(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<?x7x6x3xf32> to tensor<?x9x8x3xf32> //TYPE tensor<?x9x8x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<?x4x4x10xf32>) -> tensor<?x4x4x10xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(b,y,x,o,i,j,c)->(b,y*2+i,x*2+j,c)>, affine_map<(b,y,x,o,i,j,c)->(i,j,c,o)>, affine_map<(b,y,x,o,i,j,c)->(b,y,x,o)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%pa, %b : tensor<?x9x8x3xf32>, tensor<2x2x3x10xf32>) outs(%z : tensor<?x4x4x10xf32>) {
  ^bb1(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<?x4x4x10xf32>
  kernel.return %c : tensor<?x4x4x10xf32>
}

// CHECK-DAG: windows_grad: ok
// The gradient of its weights.
kernel.func contract @windows_grad outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 0>, array<i64: 0>, array<i64>]} {
^bb0(%a: tensor<?x7x6x3xf32>, %b: tensor<?x7x6x10xf32>, %y: tensor<3x3x3x10xf32>):
  %zero = arith.constant 0.0 : f32
  %pa = tensor.pad %a low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb1(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<?x7x6x3xf32> to tensor<?x9x8x3xf32> //TYPE tensor<?x9x8x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<3x3x3x10xf32>) -> tensor<3x3x3x10xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(i,j,c,o,b,y,x)->(b,y+i,x+j,c)>, affine_map<(i,j,c,o,b,y,x)->(b,y,x,o)>, affine_map<(i,j,c,o,b,y,x)->(i,j,c,o)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%pa, %b : tensor<?x9x8x3xf32>, tensor<?x7x6x10xf32>) outs(%z : tensor<3x3x3x10xf32>) {
  ^bb1(%p: f32, %q: f32, %s: f32):
    %m = arith.mulf %p, %q : f32
    %t = arith.addf %s, %m : f32
    linalg.yield %t : f32
  } -> tensor<3x3x3x10xf32>
  kernel.return %c : tensor<3x3x3x10xf32>
}


// CHECK-DAG: equal_blocks: ok
// Columns in blocks of equal size, whose last panels are narrow; rows packed two tiles at a time, the last one alone.
kernel.func contract @equal_blocks outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 2>, array<i64: 2>, array<i64>]} {
^bb0(%a: tensor<?x72xf32>, %b: tensor<?x1024xf32>, %y: tensor<72x1024xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<72x1024xf32>) -> tensor<72x1024xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(k,m)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x72xf32>, tensor<?x1024xf32>) outs(%z : tensor<72x1024xf32>) -> tensor<72x1024xf32>
  kernel.return %c : tensor<72x1024xf32>
}

// CHECK-DAG: unequal_blocks: ok
// As many columns as no blocks of equal size have.
kernel.func contract @unequal_blocks outs(1) attributes {dims = ["m", "n", "k"], shapes = [array<i64: 2>, array<i64: 2>, array<i64>]} {
^bb0(%a: tensor<?x20xf32>, %b: tensor<?x1000xf32>, %y: tensor<20x1000xf32>):
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : tensor<20x1000xf32>) -> tensor<20x1000xf32>
  %c = linalg.contract indexing_maps = [affine_map<(m,n,k)->(k,m)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>] ins(%a, %b : tensor<?x20xf32>, tensor<?x1000xf32>) outs(%z : tensor<20x1000xf32>) -> tensor<20x1000xf32>
  kernel.return %c : tensor<20x1000xf32>
}
