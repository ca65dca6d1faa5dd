// RUN: lamina-opt %s --pass-pipeline='builtin.module(func.func(kernel-place-scalars,kernel-form-clusters),convert-graph-to-kernel)' | FileCheck %s

#mk = affine_map<(b, t, n, k) -> (b, t, k)>
#kn = affine_map<(b, t, n, k) -> (k, n)>
#mn = affine_map<(b, t, n, k) -> (b, t, n)>
!x = tensor<?x8x64xf32, #graph.dims<b>>
!h = tensor<?x8x4x16xf32, #graph.dims<b>>
!w = tensor<64x64xf32>

// Axes that all treat alike are one, and 0.1 is an operand.
// CHECK-LABEL: func @scale
// CHECK: %[[C:.*]] = arith.constant dense<1.000000e-01> : tensor<f32>
// CHECK: kernel.launch @scale.map ins(%{{.*}}) scalars(%[[C]] : tensor<f32>) dims <b*512>
func.func @scale(%x: !x) -> !x {
  %c = arith.constant dense<0.1> : tensor<f32>
  %b = graph.broadcast %c axes [] : tensor<f32> -> !x
  %y = arith.mulf %x, %b : !x
  return %y : !x
}

// Powers of two stay in the code: a division by 128 is an exact product.
// CHECK-LABEL: func @divide
// CHECK: kernel.launch @divide.map ins(%{{[^)]*}}) dims <b*512>
func.func @divide(%x: !x) -> !x {
  %c = arith.constant dense<128.0> : tensor<f32>
  %b = graph.broadcast %c axes [] : tensor<f32> -> !x
  %y = arith.divf %x, %b : !x
  return %y : !x
}

// The leading axes of a product are one run-time size.
// CHECK-LABEL: func @dense
// CHECK: kernel.launch @dense.contract ins({{.*}}) dims <b*8>
func.func @dense(%x: !x, %w: !w) -> !x {
  %y = graph.contract %x, %w maps [#mk, #kn, #mn] : !x, !w -> !x
  return %y : !x
}

// Heads are split by a reshape and read through it.
// CHECK-LABEL: func @heads
// CHECK: kernel.launch @heads.map
// CHECK-NOT: graph.transpose
func.func @heads(%x: !x) -> tensor<?x4x8x16xf32, #graph.dims<b>> {
  %h = graph.reshape %x : !x -> !h
  %t = graph.transpose %h order [0, 2, 1, 3] : !h -> tensor<?x4x8x16xf32, #graph.dims<b>>
  return %t : tensor<?x4x8x16xf32, #graph.dims<b>>
}

// Nothing to compute, nothing to launch.
// CHECK-LABEL: func @identity
// CHECK-NOT: kernel.launch
// CHECK: return
func.func @identity(%x: !x) -> tensor<?xf32, #graph.dims<b*512>> {
  %y = graph.reshape %x : !x -> tensor<?xf32, #graph.dims<b*512>>
  return %y : tensor<?xf32, #graph.dims<b*512>>
}

// CHECK: kernel.func map @scale.map outs(1)
// CHECK: ^bb0(%{{.*}}: tensor<?xf32>, %{{.*}}: f32, %{{.*}}: tensor<?xf32>)
// CHECK: kernel.func contract @dense.contract outs(1)
// CHECK: ^bb0(%{{.*}}: tensor<?x64xf32>, %{{.*}}: tensor<64x64xf32>, %{{.*}}: tensor<?x64xf32>)
// CHECK: linalg.fill
// CHECK: linalg.contract
// CHECK: kernel.func map @heads.map outs(1)
// CHECK: ^bb0(%{{.*}}: tensor<?x8x4x16xf32>, %{{.*}}: tensor<?x4x8x16xf32>)
