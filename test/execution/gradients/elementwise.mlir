// Every elementwise op against differences: first and second derivatives, and the
// pushforward.
// RUN: lamina-reference --check-gradients %s | FileCheck %s
// RUN: lamina-reference --check-batch-law %s | FileCheck %s
// RUN: lamina-reference --check-gradients %s \
// RUN:   --then=canonicalize,cse,graph-prune-scan,graph-simplify,graph-flatten-scans,graph-hoist-invariants,canonicalize,cse \
// RUN:   | FileCheck %s

!x = tensor<2x3xf64>

// CHECK: @add: agrees
func.func @add(%a: !x, %b: !x) -> !x {
  %0 = arith.addf %a, %b : !x
  return %0 : !x
}
// CHECK: @subtract: agrees
func.func @subtract(%a: !x, %b: !x) -> !x {
  %0 = arith.subf %a, %b : !x
  return %0 : !x
}
// CHECK: @multiply: agrees
func.func @multiply(%a: !x, %b: !x) -> !x {
  %0 = arith.mulf %a, %b : !x
  return %0 : !x
}
// CHECK: @divide: agrees
func.func @divide(%a: !x, %b: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = arith.divf %a, %b : !x
  return %0 : !x
}
// CHECK: @remainder: agrees
func.func @remainder(%a: !x {test.range = [2.1, 2.9]}, %b: !x {test.range = [0.95, 1.05]}) -> !x {
  %0 = arith.remf %a, %b : !x
  return %0 : !x
}
// CHECK: @negate: agrees
func.func @negate(%a: !x) -> !x {
  %0 = arith.negf %a : !x
  return %0 : !x
}
// CHECK: @fused_multiply_add: agrees
func.func @fused_multiply_add(%a: !x, %b: !x, %c: !x) -> !x {
  %0 = math.fma %a, %b, %c : !x
  return %0 : !x
}
// CHECK: @maximum: agrees
func.func @maximum(%a: !x, %b: !x) -> !x {
  %s = arith.mulf %a, %a : !x
  %0 = arith.maximumf %s, %b : !x
  return %0 : !x
}
// CHECK: @minimum: agrees
func.func @minimum(%a: !x, %b: !x) -> !x {
  %s = arith.mulf %a, %a : !x
  %0 = arith.minimumf %s, %b : !x
  return %0 : !x
}
// CHECK: @select: agrees
func.func @select(%a: !x, %b: !x) -> !x {
  %zero = arith.constant dense<0.0> : !x
  %c = arith.cmpf ogt, %a, %zero : !x
  %s = arith.mulf %a, %b : !x
  %0 = arith.select %c, %s, %b : tensor<2x3xi1>, !x
  return %0 : !x
}
// CHECK: @casts: agrees
func.func @casts(%a: !x) -> tensor<2x3xf64> {
  %s = arith.mulf %a, %a : !x
  %n = arith.truncf %s : !x to tensor<2x3xf32>
  %0 = arith.extf %n : tensor<2x3xf32> to !x
  return %0 : !x
}
// CHECK: @exp: agrees
func.func @exp(%a: !x) -> !x {
  %0 = math.exp %a : !x
  return %0 : !x
}
// CHECK: @exp2: agrees
func.func @exp2(%a: !x) -> !x {
  %0 = math.exp2 %a : !x
  return %0 : !x
}
// CHECK: @expm1: agrees
func.func @expm1(%a: !x) -> !x {
  %0 = math.expm1 %a : !x
  return %0 : !x
}
// CHECK: @log: agrees
func.func @log(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = math.log %a : !x
  return %0 : !x
}
// CHECK: @log2: agrees
func.func @log2(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = math.log2 %a : !x
  return %0 : !x
}
// CHECK: @log10: agrees
func.func @log10(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = math.log10 %a : !x
  return %0 : !x
}
// CHECK: @log1p: agrees
func.func @log1p(%a: !x {test.range = [-0.5, 1.0]}) -> !x {
  %0 = math.log1p %a : !x
  return %0 : !x
}
// CHECK: @tanh: agrees
func.func @tanh(%a: !x) -> !x {
  %0 = math.tanh %a : !x
  return %0 : !x
}
// CHECK: @sin: agrees
func.func @sin(%a: !x) -> !x {
  %0 = math.sin %a : !x
  return %0 : !x
}
// CHECK: @cos: agrees
func.func @cos(%a: !x) -> !x {
  %0 = math.cos %a : !x
  return %0 : !x
}
// CHECK: @tan: agrees
func.func @tan(%a: !x) -> !x {
  %0 = math.tan %a : !x
  return %0 : !x
}
// CHECK: @asin: agrees
func.func @asin(%a: !x {test.range = [-0.8, 0.8]}) -> !x {
  %0 = math.asin %a : !x
  return %0 : !x
}
// CHECK: @acos: agrees
func.func @acos(%a: !x {test.range = [-0.8, 0.8]}) -> !x {
  %0 = math.acos %a : !x
  return %0 : !x
}
// CHECK: @atan: agrees
func.func @atan(%a: !x) -> !x {
  %0 = math.atan %a : !x
  return %0 : !x
}
// CHECK: @atan2: agrees
func.func @atan2(%a: !x {test.range = [0.5, 1.0]}, %b: !x) -> !x {
  %0 = math.atan2 %a, %b : !x
  return %0 : !x
}
// CHECK: @sinh: agrees
func.func @sinh(%a: !x) -> !x {
  %0 = math.sinh %a : !x
  return %0 : !x
}
// CHECK: @cosh: agrees
func.func @cosh(%a: !x) -> !x {
  %0 = math.cosh %a : !x
  return %0 : !x
}
// CHECK: @asinh: agrees
func.func @asinh(%a: !x) -> !x {
  %0 = math.asinh %a : !x
  return %0 : !x
}
// CHECK: @acosh: agrees
func.func @acosh(%a: !x {test.range = [1.5, 3.0]}) -> !x {
  %0 = math.acosh %a : !x
  return %0 : !x
}
// CHECK: @atanh: agrees
func.func @atanh(%a: !x {test.range = [-0.8, 0.8]}) -> !x {
  %0 = math.atanh %a : !x
  return %0 : !x
}
// CHECK: @erf: agrees
func.func @erf(%a: !x) -> !x {
  %0 = math.erf %a : !x
  return %0 : !x
}
// CHECK: @erfc: agrees
func.func @erfc(%a: !x) -> !x {
  %0 = math.erfc %a : !x
  return %0 : !x
}
// CHECK: @abs: agrees
func.func @abs(%a: !x) -> !x {
  %s = math.sin %a : !x
  %0 = math.absf %s : !x
  return %0 : !x
}
// CHECK: @sqrt: agrees
func.func @sqrt(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = math.sqrt %a : !x
  return %0 : !x
}
// CHECK: @rsqrt: agrees
func.func @rsqrt(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = math.rsqrt %a : !x
  return %0 : !x
}
// CHECK: @cbrt: agrees
func.func @cbrt(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %0 = math.cbrt %a : !x
  return %0 : !x
}
// CHECK: @power: agrees
func.func @power(%a: !x {test.range = [0.5, 2.0]}, %b: !x) -> !x {
  %0 = math.powf %a, %b : !x
  return %0 : !x
}
// CHECK: @integer_power: agrees
func.func @integer_power(%a: !x {test.range = [0.5, 2.0]}) -> !x {
  %n = arith.constant dense<[[0, 1, 2], [3, -1, -2]]> : tensor<2x3xi32>
  %0 = math.fpowi %a, %n : !x, tensor<2x3xi32>
  return %0 : !x
}
// Without a derivative: only the factor has one.
// CHECK: @rounding: agrees
func.func @rounding(%a: !x {test.range = [0.6, 0.9]}) -> !x {
  %f = math.floor %a : !x
  %c = math.ceil %a : !x
  %s = arith.addf %f, %c : !x
  %0 = arith.mulf %s, %a : !x
  return %0 : !x
}
