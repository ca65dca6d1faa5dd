// RUN: lamina-kernel %s --dims=37,3 | FileCheck %s
// RUN: lamina-kernel %s --dims=1,1 | FileCheck %s
// RUN: lamina-kernel %s --dims=130,2 --mcpu=x86-64-v3 | FileCheck %s
// RUN: lamina-kernel %s --dims=5,70 --mcpu=x86-64 | FileCheck %s
// Forms that the bodies of ../bodies do not have, against the plain meaning of their bodies.
// CHECK-NOT: WRONG

// CHECK-DAG: transposed_read: ok
kernel.func map @transposed_read outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 1, 0>, array<i64: 0, 1>]} {
^bb0(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) {
  ^bb1(%a: f32, %u: f32):
    linalg.yield %a : f32
  } -> tensor<?x?xf32>
  kernel.return %r : tensor<?x?xf32>
}

// Lanes beyond the row end must not be read: the index of the gather comes from memory.
// CHECK-DAG: gather_rows: ok
kernel.func map @gather_rows outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%ids: tensor<?xi32>, %x: tensor<5x3xf32>, %y: tensor<?x3xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi32>) outs(%y : tensor<?x3xf32>) {
  ^bb1(%id: i32, %u: f32):
    %i = arith.index_cast %id : i32 to index
    %j = linalg.index 1 : index
    %two = arith.constant 2 : index
    %back = arith.subi %two, %j : index
    %v = tensor.extract %x[%i, %back] : tensor<5x3xf32>
    linalg.yield %v : f32
  } -> tensor<?x3xf32>
  kernel.return %r : tensor<?x3xf32>
}

// CHECK-DAG: gather_lanes: ok
kernel.func map @gather_lanes outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0>, array<i64>, array<i64: 0>]} {
^bb0(%ids: tensor<?xi64>, %x: tensor<5xi1>, %y: tensor<?xi1>):
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%ids : tensor<?xi64>) outs(%y : tensor<?xi1>) {
  ^bb1(%id: i64, %u: i1):
    %i = arith.index_cast %id : i64 to index
    %v = tensor.extract %x[%i] : tensor<5xi1>
    %yes = arith.constant true
    %not = arith.xori %v, %yes : i1
    linalg.yield %not : i1
  } -> tensor<?xi1>
  kernel.return %r : tensor<?xi1>
}

// Integer division must not trap in lanes that are not there.
// CHECK-DAG: divide: ok
kernel.func map @divide outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?xi32>, %z: tensor<?xi32>, %y: tensor<?xi32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x, %z : tensor<?xi32>, tensor<?xi32>) outs(%y : tensor<?xi32>) {
  ^bb1(%a: i32, %b: i32, %u: i32):
    %one = arith.constant 1 : i32
    %ten = arith.constant 10 : i32
    %d = arith.addi %b, %one : i32
    %t = arith.muli %a, %ten : i32
    %q = arith.divsi %t, %d : i32
    %s = arith.remsi %t, %d : i32
    %v = arith.addi %q, %s : i32
    linalg.yield %v : i32
  } -> tensor<?xi32>
  kernel.return %r : tensor<?xi32>
}

// CHECK-DAG: padded: ok
kernel.func map @padded outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 1>, array<i64: 1>]} {
^bb0(%x: tensor<?x20xf32>, %y: tensor<?x25xf32>):
  %low = arith.constant -1.0 : f32
  %p = tensor.pad %x low[0, 2] high[0, 3] {
  ^bb1(%i: index, %j: index):
    tensor.yield %low : f32
  } : tensor<?x20xf32> to tensor<?x25xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<?x25xf32>) outs(%y : tensor<?x25xf32>) {
  ^bb1(%a: f32, %u: f32):
    %s = arith.mulf %a, %a : f32
    linalg.yield %s : f32
  } -> tensor<?x25xf32>
  kernel.return %r : tensor<?x25xf32>
}

// A batch in front of summed rows, and the largest of each column.
// CHECK-DAG: batched_columns: ok
kernel.func columns @batched_columns outs(2) attributes {dims = ["n", "m"], shapes = [array<i64: 1, 0>, array<i64: 1>, array<i64: 1>]} {
^bb0(%x: tensor<?x?x19xf32>, %y: tensor<?x19xf32>, %z: tensor<?x19xf32>):
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %f = linalg.fill ins(%zero : f32) outs(%y : tensor<?x19xf32>) -> tensor<?x19xf32>
  %g = linalg.fill ins(%low : f32) outs(%z : tensor<?x19xf32>) -> tensor<?x19xf32>
  %r:2 = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, j)>, affine_map<(b, i, j) -> (b, j)>], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%x : tensor<?x?x19xf32>) outs(%f, %g : tensor<?x19xf32>, tensor<?x19xf32>) {
  ^bb1(%a: f32, %s: f32, %m: f32):
    %t = arith.addf %s, %a : f32
    %u = arith.maximumf %m, %a : f32
    linalg.yield %t, %u : f32, f32
  } -> (tensor<?x19xf32>, tensor<?x19xf32>)
  kernel.return %r#0, %r#1 : tensor<?x19xf32>, tensor<?x19xf32>
}

// The order of this combination is fixed: the last value that is above a half wins.
// CHECK-DAG: ordered: ok
kernel.func row @ordered outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 1, 0>, array<i64: 1>]} {
^bb0(%x: tensor<?x?xf32>, %y: tensor<?xf32>):
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %f = linalg.fill ins(%zero : f32) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xf32>) outs(%f : tensor<?xf32>) {
  ^bb1(%a: f32, %s: f32):
    %c = arith.cmpf ogt, %a, %half : f32
    %t = arith.select %c, %a, %s : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}

// The sum of one op is read at another place by the next: the whole is one row.
// CHECK-DAG: no_common_row: ok
kernel.func row @no_common_row outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0, 0>, array<i64: 0, 0>]} {
^bb0(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xf32>) outs(%f : tensor<?xf32>) {
  ^bb1(%a: f32, %acc: f32):
    %t = arith.addf %acc, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%s, %x : tensor<?xf32>, tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) {
  ^bb1(%a: f32, %b: f32, %u: f32):
    %t = arith.subf %b, %a : f32
    linalg.yield %t : f32
  } -> tensor<?x?xf32>
  kernel.return %r : tensor<?x?xf32>
}

// Words of a counter-based generator: products of 32 bits give 64.
// CHECK-DAG: mix: ok
kernel.func map @mix outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0>]} {
^bb0(%key: i64, %y: tensor<?xi32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%y : tensor<?xi32>) {
  ^bb1(%u: i32):
    %i = linalg.index 0 : index
    %w = arith.index_cast %i : index to i32
    %k = arith.trunci %key : i64 to i32
    %m = arith.constant -766435501 : i32
    %low, %high = arith.mului_extended %w, %m : i32
    %x = arith.xori %high, %k : i32
    %c = arith.constant 8 : i32
    %s = arith.shrui %low, %c : i32
    %v = arith.xori %x, %s : i32
    linalg.yield %v : i32
  } -> tensor<?xi32>
  kernel.return %r : tensor<?xi32>
}

// Doubles are computed in doubles, functions by the library.
// CHECK-DAG: doubles: ok
kernel.func row @doubles outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 1, 0>, array<i64: 1>]} {
^bb0(%x: tensor<?x?xf64>, %y: tensor<?xf64>):
  %zero = arith.constant 0.0 : f64
  %f = linalg.fill ins(%zero : f64) outs(%y : tensor<?xf64>) -> tensor<?xf64>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xf64>) outs(%f : tensor<?xf64>) {
  ^bb1(%a: f64, %s: f64):
    %e = math.exp %a : f64
    %t = arith.addf %s, %e : f64
    linalg.yield %t : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}

// Pairs, as of rotary positions: lanes run over both loops, one operand is read with its pairs turned round, one once a
// pair, one once a place in the pair.
// CHECK-DAG: pairs: ok
kernel.func map @pairs outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0, 1>, array<i64: 1>, array<i64>, array<i64: 0, 1>]} {
^bb0(%x: tensor<?x?x2xf32>, %c: tensor<?xf32>, %s: tensor<2xf32>, %y: tensor<?x?x2xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i, j, p) -> (i, j, p)>, affine_map<(i, j, p) -> (i, j, -p + 1)>, affine_map<(i, j, p) -> (j)>, affine_map<(i, j, p) -> (p)>, affine_map<(i, j, p) -> (i, j, p)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %x, %c, %s : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?xf32>, tensor<2xf32>) outs(%y : tensor<?x?x2xf32>) {
  ^bb1(%a: f32, %b: f32, %k: f32, %l: f32, %u: f32):
    %v = arith.mulf %b, %l : f32
    %w = arith.mulf %v, %k : f32
    %z = arith.addf %a, %w : f32
    linalg.yield %z : f32
  } -> tensor<?x?x2xf32>
  kernel.return %r : tensor<?x?x2xf32>
}

// Pairs without a loop around them, in another order in memory, and with the place in the pair as a number.
// CHECK-DAG: pairs_apart: ok
kernel.func map @pairs_apart outs(1) attributes {dims = ["n", "m"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<2x?xf32>, %y: tensor<?x2xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(i, p) -> (p, i)>, affine_map<(i, p) -> (i, p)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x?xf32>) outs(%y : tensor<?x2xf32>) {
  ^bb1(%a: f32, %u: f32):
    %p = linalg.index 1 : index
    %i = arith.index_cast %p : index to i32
    %f = arith.sitofp %i : i32 to f32
    %z = arith.addf %a, %f : f32
    linalg.yield %z : f32
  } -> tensor<?x2xf32>
  kernel.return %r : tensor<?x2xf32>
}
