// SPDX-License-Identifier: Apache-2.0
//
// Attention, a block of queries at a time.
//
// Takes a kernel of one `attend` with softmax on f32. A block walks the keys
// that its queries see, tile by tile, and keeps the largest score, the sum and
// the weighted values of each row: the scores are never in memory.

#ifndef LAMINA_BACKENDS_GPU_ATTENDEMITTER_H
#define LAMINA_BACKENDS_GPU_ATTENDEMITTER_H

#include "backends/CPU/AttentionCode.h"
#include "backends/GPU/AttentionTiles.h"
#include "backends/GPU/DeviceEmitter.h"

namespace lamina::gpu {

using cpu::AttentionCode;
using cpu::AttentionOp;
using cpu::Element;
using cpu::Storage;

/// Numbers in a head that fit into shared memory beside the rest.
constexpr int64_t widestHead = 128;

/// Bytes of shared memory that every device has for a block.
constexpr int64_t mostSharedBytes = 48 * 1024;

class AttendEmitter : public DeviceEmitter {
public:
  explicit AttendEmitter(AttentionOp op);

  unsigned threads() const override { return TileTeam::threadsOf(shape); }
  /// Left alone, ptxas spills a few bytes to hold a block more. A score that
  /// reads tensors needs all registers.
  unsigned blocksAtOnce() const override { return op.with.empty() ? 2 : 1; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  struct Tiles {
    Tile q, k, v, weights;
  };

  Values scoreTile(AttentionCode &code, TileTeam &team, const Tiles &tiles,
                   const QueryBlock &block, llvm::Value *low);
  void weighRow(AttentionCode &code, TileTeam &team, size_t row,
                llvm::MutableArrayRef<llvm::Value *> scores,
                RunningRows &running);
  RunningRows walkTile(AttentionCode &code, TileTeam &team, const Tiles &tiles,
                       const QueryBlock &block, llvm::Value *low,
                       RunningRows running);
  void finish(AttentionCode &code, TileTeam &team, const Tile &v,
              llvm::Value *first, const RunningRows &running);

  AttentionOp op;
  TileShape shape;
  LoopBuilder *builder = nullptr;
};

/// Null, after a diagnostic, where attention has another form.
std::unique_ptr<DeviceEmitter> createAttentionEmitter(const AttentionOp &op);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ATTENDEMITTER_H
