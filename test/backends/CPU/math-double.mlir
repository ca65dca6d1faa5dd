// RUN: lamina-kernel %s --dims=101 --relative --tolerance=1e-15 --low=0.1 | FileCheck %s
// RUN: lamina-kernel %s --emit=llvm --mcpu=skylake-avx512 | FileCheck %s --check-prefix=CALLS
// Functions of f64 are those of libm, one call for each lane.
// CHECK-NOT: WRONG
// CALLS-LABEL: define void @double_exp(
// CALLS-COUNT-16: call {{.*}}double @exp(double


// CHECK-DAG: double_exp: ok
kernel.func map @double_exp outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.exp %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_exp2: ok
kernel.func map @double_exp2 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.exp2 %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_expm1: ok
kernel.func map @double_expm1 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.expm1 %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_log: ok
kernel.func map @double_log outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.log %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_log2: ok
kernel.func map @double_log2 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.log2 %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_log10: ok
kernel.func map @double_log10 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.log10 %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_log1p: ok
kernel.func map @double_log1p outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.log1p %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_tanh: ok
kernel.func map @double_tanh outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.tanh %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_sinh: ok
kernel.func map @double_sinh outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.sinh %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_cosh: ok
kernel.func map @double_cosh outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.cosh %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_erf: ok
kernel.func map @double_erf outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.erf %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_erfc: ok
kernel.func map @double_erfc outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.erfc %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_sin: ok
kernel.func map @double_sin outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.sin %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_cos: ok
kernel.func map @double_cos outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.cos %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_tan: ok
kernel.func map @double_tan outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.tan %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_atan: ok
kernel.func map @double_atan outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.atan %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_asin: ok
kernel.func map @double_asin outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.asin %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_acos: ok
kernel.func map @double_acos outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.acos %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_cbrt: ok
kernel.func map @double_cbrt outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.cbrt %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_sqrt: ok
kernel.func map @double_sqrt outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.sqrt %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_rsqrt: ok
kernel.func map @double_rsqrt outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.rsqrt %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_absf: ok
kernel.func map @double_absf outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.absf %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_floor: ok
kernel.func map @double_floor outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.floor %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_ceil: ok
kernel.func map @double_ceil outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.ceil %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_round: ok
kernel.func map @double_round outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.round %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_roundeven: ok
kernel.func map @double_roundeven outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.roundeven %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}


// CHECK-DAG: double_trunc: ok
kernel.func map @double_trunc outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %u: f64):
    %v = math.trunc %a0 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}

// CHECK-DAG: double_atan2: ok
kernel.func map @double_atan2 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %x1: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0, %x1 : tensor<?xf64>, tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %a1: f64, %u: f64):
    %v = math.atan2 %a0, %a1 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}

// CHECK-DAG: double_powf: ok
kernel.func map @double_powf outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf64>, %x1: tensor<?xf64>, %y: tensor<?xf64>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0, %x1 : tensor<?xf64>, tensor<?xf64>) outs(%y : tensor<?xf64>) {
  ^bb1(%a0: f64, %a1: f64, %u: f64):
    %v = math.powf %a0, %a1 : f64
    linalg.yield %v : f64
  } -> tensor<?xf64>
  kernel.return %r : tensor<?xf64>
}
