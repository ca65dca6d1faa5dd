
  kernel.func contract @train.step.contract_4 outs(3) attributes {dims = ["d0"], shapes = [array<i64: 0>, array<i64: 0>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>, array<i64>]} {
  ^bb0(%arg0: tensor<?x128xf32>, %arg1: tensor<?x10xf32>, %arg2: tensor<128x10xf32>, %arg3: tensor<128x10xf32>, %arg4: tensor<128x10xf32>, %arg5: f32, %arg6: f32, %arg7: f32, %arg8: f32, %arg9: f32, %arg10: f32, %arg11: f32, %arg12: tensor<128x10xf32>, %arg13: tensor<128x10xf32>, %arg14: tensor<128x10xf32>):
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg12 : tensor<128x10xf32>) -> tensor<128x10xf32>
    %1 = linalg.contract indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d2, d1)>] ins(%arg0, %arg1 : tensor<?x128xf32>, tensor<?x10xf32>) outs(%0 : tensor<128x10xf32>) -> tensor<128x10xf32>
    %2:3 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%arg2, %arg3, %arg4 : tensor<128x10xf32>, tensor<128x10xf32>, tensor<128x10xf32>) outs(%1, %arg13, %arg14 : tensor<128x10xf32>, tensor<128x10xf32>, tensor<128x10xf32>) {
    ^bb0(%in: f32, %in_0: f32, %in_1: f32, %out: f32, %out_2: f32, %out_3: f32):
      %3 = arith.mulf %in, %arg5 : f32
      %4 = arith.mulf %out, %arg6 : f32
      %5 = arith.addf %3, %4 : f32
      %6 = arith.mulf %in_0, %arg7 : f32
      %7 = arith.mulf %out, %out : f32
      %8 = arith.mulf %7, %arg8 : f32
      %9 = arith.addf %6, %8 : f32
      %10 = arith.divf %5, %arg9 : f32
      %11 = arith.divf %9, %arg10 : f32
      %12 = math.sqrt %11 : f32
      %13 = arith.addf %12, %arg11 : f32
      %14 = arith.divf %10, %13 : f32
      %15 = arith.mulf %14, %arg8 : f32
      %16 = arith.subf %in_1, %15 : f32
      linalg.yield %5, %9, %16 : f32, f32, f32
    } -> (tensor<128x10xf32>, tensor<128x10xf32>, tensor<128x10xf32>)
    kernel.return %2#0, %2#1, %2#2 : tensor<128x10xf32>, tensor<128x10xf32>, tensor<128x10xf32>
  }
