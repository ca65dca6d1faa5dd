// What a product of bf16 becomes on sm_90a: warpgroups with roles, and smaller
// tiles where the copy engine cannot read an operand.
//
// RUN: lamina-kernel %S/bodies/dense.mlir --gpu=sm_90a --emit=ptx | FileCheck %s
// RUN: lamina-kernel %S/bodies/layouts.mlir --gpu=sm_90a --emit=ptx | FileCheck %s --check-prefix=LAYOUT

// CHECK: .extern .shared .align 1024
// CHECK: .param .align 64 .b8 {{.*}}[128]
// CHECK: .maxntid 384
// CHECK-COUNT-8: mbarrier.init
// CHECK: fence.mbarrier_init
// CHECK: bar.sync 0
// CHECK: setmaxnreg.inc.sync.aligned.u32 232
// CHECK: mbarrier.try_wait.parity
// CHECK: wgmma.fence
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: wgmma.commit_group
// CHECK: wgmma.wait_group.sync.aligned 1
// CHECK: mbarrier.arrive.shared
// CHECK: wgmma.wait_group.sync.aligned 0
// CHECK: bar.sync 1, 256
// CHECK: setmaxnreg.dec.sync.aligned.u32 40
// CHECK: mbarrier.arrive.expect_tx
// CHECK: cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes

// k last: (row, k) as they are. k first: both are transposed.
// LAYOUT: .entry transposed
// LAYOUT: wgmma.mma_async{{.*}}, 1, 1, 1, 0, 0;
// LAYOUT: .entry gradient
// LAYOUT: wgmma.mma_async{{.*}}, 1, 1, 1, 1, 1;
// Rows of unknown length may begin anywhere.
// LAYOUT: .entry odd
// LAYOUT-NOT: wgmma
// LAYOUT: mma.sync
