// SPDX-License-Identifier: Apache-2.0
//
// The adjoint of attention.
//
// Takes a kernel of one `attend_grad` whose `o` is one number a row. The scores
// are computed again, tile by tile. Some blocks have keys and walk the queries
// that see them, for the adjoints of keys and values; the others have queries
// and walk keys. Nobody adds to what another one has written, so the order of
// all sums is fixed.

#ifndef LAMINA_BACKENDS_GPU_ATTENDGRADEMITTER_H
#define LAMINA_BACKENDS_GPU_ATTENDGRADEMITTER_H

#include "backends/CPU/AttentionCode.h"
#include "backends/GPU/AttentionTiles.h"
#include "backends/GPU/DeviceEmitter.h"
#include "dialects/Graph/ScoreGradient.h"

namespace lamina::gpu {

using cpu::AttentionCode;
using cpu::AttentionOp;
using cpu::Element;
using cpu::Storage;

class AttendGradEmitter : public DeviceEmitter {
public:
  AttendGradEmitter(AttentionOp op, graph::AttendGradOp grad);

  unsigned threads() const override { return TileTeam::threadsOf(shape); }
  /// Left alone, or with three, ptxas spills a few bytes.
  unsigned blocksAtOnce() const override { return 2; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  /// Rows that the block keeps, and those that it walks: queries with adjoints
  /// of o, or keys with values.
  struct Tiles {
    Tile kept, keptOther, walked, walkedOther, weights, products;
  };
  /// What one thread's code refers to throughout.
  struct Work {
    AttentionCode &code;
    TileTeam &team;
    AttentionBlocks &blocks;
    const Tiles &tiles;
  };
  void emitQueries(const Work &work, llvm::Value *number);
  AttentionBlocks::RowNumbers readRows(const Work &work, llvm::Value *first);
  Values walkKeyTile(const Work &work, const QueryBlock &block,
                     const AttentionBlocks::RowNumbers &rows,
                     llvm::Value *firstKey, ValueRange before);
  void emitKeys(const Work &work, llvm::Value *number);
  Values walkQueries(const Work &work, llvm::Value *firstKey, ValueRange start);
  Values walkQueryTile(const Work &work, llvm::Value *firstKey,
                       llvm::Value *firstQuery, llvm::Value *isFull,
                       ValueRange before);
  void fillQueries(const Work &work, const Tile &q, const Tile &adjoint,
                   llvm::Value *first);
  void fillKeys(const Work &work, const Tile &k, const Tile &v,
                llvm::Value *first);

  AttentionOp op;
  graph::AttendGradOp grad;
  TileShape shape;
  std::optional<graph::ScoreGradient> gradient;
  LoopBuilder *builder = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ATTENDGRADEMITTER_H
