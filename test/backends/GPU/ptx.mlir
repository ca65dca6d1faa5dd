// What becomes of a row and of a tile, for two processors.
//
// RUN: lamina-kernel %S/../CPU/bodies/softmax.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,OLD,ROW
// RUN: lamina-kernel %S/../CPU/bodies/softmax.mlir --gpu=sm_90a --emit=ptx | FileCheck %s --check-prefixes=PTX,NEW,ROW
// RUN: lamina-kernel %S/../CPU/bodies/dense_gelu.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,TILE
// RUN: lamina-kernel %S/../CPU/bodies/sum_all.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,BLOCK
// RUN: lamina-kernel %S/../CPU/bodies/softmax.mlir --gpu=sm_80 --emit=nvvm | FileCheck %s --check-prefix=NVVM

// OLD: .version 7.8
// OLD: .target sm_80
// NEW: .version 8.0
// NEW: .target sm_90a
// PTX-NOT: .extern
// PTX: .visible .entry
// PTX: .maxntid 256

// A warp folds by halves, and needs no barrier of the block.
// ROW-NOT: bar.sync
// ROW: ld.global
// ROW: shfl.sync.bfly.b32 {{.*}}, 16, 31, -1
// ROW: shfl.sync.bfly.b32 {{.*}}, 1, 31, -1
// ROW: bar.warp.sync
// ROW-NOT: bar.sync
// ROW: ret

// Tiles come from shared memory four numbers at once.
// TILE: .shared .align 16
// TILE: st.shared
// TILE: bar.sync 0
// TILE-COUNT-32: ld.shared.v4
// TILE: bar.sync 0
// TILE: st.global

// The warps of a block leave their sums in shared memory.
// BLOCK: shfl.sync.bfly
// BLOCK: st.shared
// BLOCK: bar.sync 0
// BLOCK-COUNT-8: ld.shared
// BLOCK: st.global

// PTX-NOT: .extern

// NVVM: target triple = "nvptx64-nvidia-cuda"
// NVVM: define ptx_kernel void @causal_softmax(
// NVVM: call{{.*}} @llvm.nvvm.shfl.sync.bfly.i32(
