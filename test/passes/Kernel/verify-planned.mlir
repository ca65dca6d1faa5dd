// RUN: not lamina-opt %s --verify-planned 2>&1 | FileCheck %s

!x = tensor<8xf32>

// CHECK: error: overwrites a value that is read later
func.func @too_early(%x: !x) -> !x attributes {
    kernel.slots = [{bytes = "32", loop = -1 : i64}], kernel.registers = [],
    kernel.argument_registers = array<i64: -1>} {
  %0 = kernel.launch @double ins(%x : !x) dims <8> places [#kernel.place<slot 0>] -> !x
  %1 = kernel.launch @double ins(%x : !x) dims <8> places [#kernel.place<slot 0>] -> !x
  %2 = kernel.launch @double ins(%0 : !x) dims <8> places [#kernel.place<result 0>] -> !x
  return %2 : !x
}

#id = affine_map<(d0) -> (d0)>
kernel.func map @double outs(1) attributes {dims = ["d0"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%e: f32, %o: f32):
    %s = arith.addf %e, %e : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}
