// RUN: lamina-kernel %s --dims=2011 --relative --tolerance=5e-7 --low=-1 --high=1 | FileCheck %s
// RUN: lamina-kernel %s --dims=2011 --relative --tolerance=5e-7 --low=0.5 --high=2 | FileCheck %s
// RUN: lamina-kernel %s --dims=2011 --relative --tolerance=5e-7 --low=-10 --high=10 | FileCheck %s
// RUN: lamina-kernel %s --dims=2011 --relative --tolerance=5e-7 --low=1e-6 --high=1e-3 | FileCheck %s
// RUN: lamina-kernel %s --dims=33 --tolerance=1e-6 --low=-4 --high=4 --mcpu=x86-64 | FileCheck %s
// RUN: lamina-kernel %s --emit=llvm --mcpu=skylake-avx512 | FileCheck %s --check-prefix=CALLS
// Functions of f32 on lanes: within four units in the last place, and no library is called.
// CHECK-NOT: WRONG
// CALLS-NOT: declare {{.*}} @{{[a-z0-9]+}}(


// CHECK-DAG: exp: ok
kernel.func map @exp outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.exp %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: exp2: ok
kernel.func map @exp2 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.exp2 %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: expm1: ok
kernel.func map @expm1 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.expm1 %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: log: ok
kernel.func map @log outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.log %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: log2: ok
kernel.func map @log2 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.log2 %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: log10: ok
kernel.func map @log10 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.log10 %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: log1p: ok
kernel.func map @log1p outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.log1p %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: tanh: ok
kernel.func map @tanh outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.tanh %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: sinh: ok
kernel.func map @sinh outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.sinh %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: cosh: ok
kernel.func map @cosh outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.cosh %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: erf: ok
kernel.func map @erf outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.erf %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: erfc: ok
kernel.func map @erfc outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.erfc %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: sin: ok
kernel.func map @sin outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.sin %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: cos: ok
kernel.func map @cos outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.cos %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: tan: ok
kernel.func map @tan outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.tan %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: atan: ok
kernel.func map @atan outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.atan %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: asin: ok
kernel.func map @asin outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.asin %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: acos: ok
kernel.func map @acos outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.acos %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: cbrt: ok
kernel.func map @cbrt outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.cbrt %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: sqrt: ok
kernel.func map @sqrt outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.sqrt %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: rsqrt: ok
kernel.func map @rsqrt outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.rsqrt %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: absf: ok
kernel.func map @absf outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.absf %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: floor: ok
kernel.func map @floor outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.floor %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: ceil: ok
kernel.func map @ceil outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.ceil %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: round: ok
kernel.func map @round outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.round %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: roundeven: ok
kernel.func map @roundeven outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.roundeven %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}


// CHECK-DAG: trunc: ok
kernel.func map @trunc outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0 : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %u: f32):
    %v = math.trunc %a0 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}

// CHECK-DAG: atan2: ok
kernel.func map @atan2 outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %x1: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0, %x1 : tensor<?xf32>, tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %a1: f32, %u: f32):
    %v = math.atan2 %a0, %a1 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}

// CHECK-DAG: powf: ok
kernel.func map @powf outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %x1: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0, %x1 : tensor<?xf32>, tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %a1: f32, %u: f32):
    %v = math.powf %a0, %a1 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}

// CHECK-DAG: copysign: ok
kernel.func map @copysign outs(1) attributes {dims = ["n"], shapes = [array<i64: 0>, array<i64: 0>, array<i64: 0>]} {
^bb0(%x0: tensor<?xf32>, %x1: tensor<?xf32>, %y: tensor<?xf32>):
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x0, %x1 : tensor<?xf32>, tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb1(%a0: f32, %a1: f32, %u: f32):
    %v = math.copysign %a0, %a1 : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  kernel.return %r : tensor<?xf32>
}
