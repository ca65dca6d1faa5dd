// What becomes of a row and of a tile, for two processors.
//
// RUN: lamina-kernel %S/../CPU/bodies/softmax.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,OLD,ROW
// RUN: lamina-kernel %S/../CPU/bodies/softmax.mlir --gpu=sm_90a --emit=ptx | FileCheck %s --check-prefixes=PTX,NEW,ROW
// RUN: lamina-kernel %S/../CPU/bodies/dense_gelu.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,TILE
// RUN: lamina-kernel %S/../CPU/bodies/sum_all.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,BLOCK
// RUN: lamina-kernel %S/../CPU/bodies/softmax.mlir --gpu=sm_80 --emit=nvvm | FileCheck %s --check-prefix=NVVM
// RUN: lamina-kernel %S/../CPU/bodies/map.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,MAP
// RUN: lamina-kernel %S/../CPU/bodies/columns.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,COLUMNS
// RUN: lamina-kernel %S/../CPU/bodies/sums.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,SUMS
// RUN: lamina-kernel %S/../CPU/bodies/layer_norm.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,FOUR
// RUN: lamina-kernel %S/../CPU/bodies/scatter.mlir --gpu=sm_80 --emit=ptx | FileCheck %s --check-prefixes=PTX,SCATTER

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

// Members of a row take four neighbours at once, and each by itself where the
// buffers begin elsewhere.
// FOUR: ld.global.b32
// FOUR: st.shared.b32
// FOUR: ld.global.v4.b32
// FOUR: st.shared.v4.b32
// FOUR: ld.shared.v4.b32
// FOUR: st.global.v4.b32

// Tiles come from shared memory four numbers at once.
// TILE: .shared .align 16
// TILE: st.shared
// TILE: bar.sync 0
// TILE-COUNT-32: ld.shared.v4
// TILE: bar.sync 0
// TILE: st.global

// Blocks leave the sums of their parts to a second grid, which divides, too.
// BLOCK: st.shared
// BLOCK-COUNT-8: bar.sync 0
// BLOCK: st.global
// BLOCK: .entry mean_finish(
// BLOCK: bar.sync 0
// BLOCK: div.rn.f32
// BLOCK: st.global

// PTX-NOT: .extern

// NVVM: target triple = "nvptx64-nvidia-cuda"
// NVVM: define ptx_kernel void @causal_softmax(
// NVVM: call{{.*}} @llvm.nvvm.shfl.sync.bfly.i32(

// Neighbours are read and written four at once; the rest one by one.
// MAP-COUNT-4: ld.global.v4.b32
// MAP: st.global.v4.b32
// MAP: ld.global.b32
// MAP: ret

// Eight threads a column add what they have in three steps.
// COLUMNS: st.shared
// COLUMNS-COUNT-4: bar.sync 0
// COLUMNS: st.global
// COLUMNS: ret

// Ten sums go through the distances by eight and by two. The eight stay a loop,
// with one barrier; one more stands before the slots are written again.
// SUMS-COUNT-8: st.shared.b32
// SUMS: bar.sync 0
// SUMS-COUNT-8: ld.shared.b32
// SUMS: bar.sync 0
// SUMS-NEXT: st.shared.b32
// SUMS-NEXT: st.shared.b32
// SUMS-NOT: ld.shared.b32
// SUMS: bar.sync 0
// SUMS: .entry sums_finish(

// A tile is added to in shared memory and written at the end, without atomics.
// SCATTER-NOT: atom.
// SCATTER: shfl.sync.bfly
// SCATTER: popc.b32
// SCATTER: bar.sync 0
// SCATTER-NOT: atom.
// SCATTER: st.global
// SCATTER: ret
