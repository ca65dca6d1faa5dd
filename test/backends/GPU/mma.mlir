// What a product of bf16 becomes on a processor with tensor cores, and that one
// with an operand of f32 stays on plain tiles.
//
// RUN: lamina-kernel %S/bodies/dense.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=MMA
// RUN: lamina-kernel %S/bodies/mixed.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=TILE
// RUN: lamina-kernel %S/bodies/layouts.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=LAYOUT

// Two stages are filled ahead; the left operand has k last, the right one not.
// MMA: .shared .align 16 .b8 {{.*}}[49152]
// MMA-COUNT-4: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16, %r
// MMA: cp.async.commit_group
// MMA-COUNT-4: cp.async.cg.shared.global
// MMA: cp.async.commit_group
// MMA-COUNT-4: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// MMA-COUNT-2: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// MMA-COUNT-16: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// MMA: cp.async.wait_group 1
// MMA-NEXT: bar.sync 0

// TILE-NOT: mma.sync
// TILE: fma.rn.f32
// TILE-NOT: mma.sync

// Rows that are no multiple of 16 bytes are loaded number by number.
// LAYOUT: .entry transposed
// LAYOUT: cp.async.cg
// LAYOUT: .entry odd
// LAYOUT-NOT: cp.async.cg
// LAYOUT: st.shared.b16
// LAYOUT: mma.sync
