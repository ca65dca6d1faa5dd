// SPDX-License-Identifier: Apache-2.0
//
// A block for a tile of what is scattered into.
//
// The block keeps its rows and columns in shared memory, walks all ids side by
// side, lists those of its rows in their order, and applies the updates of the
// list: a thread owns a column, so that repeated ids are added in the order of
// their positions, as on the CPU, without atomics.

#ifndef LAMINA_BACKENDS_GPU_SCATTEREMITTER_H
#define LAMINA_BACKENDS_GPU_SCATTEREMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "dialects/Graph/GraphOps.h"

namespace lamina::gpu {

class ScatterEmitter : public DeviceEmitter {
public:
  /// `scatter` is [batch, rows, inner], its ids [batch, n].
  ScatterEmitter(const KernelBody &body, graph::ScatterOp scatter);

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  struct Tile;
  struct Candidate;
  struct Rank;
  struct Matches;

  /// Threads with the same column.
  unsigned groups() const { return threads() / columns; }
  llvm::Value *extent(Frame &frame, unsigned axis);
  Tile placeTile(Frame &frame);
  void forOwnRows(Frame &frame, const Tile &tile,
                  llvm::function_ref<void(llvm::Value *)> body);
  llvm::Value *startOf(Frame &frame, llvm::ArrayRef<llvm::Value *> at);
  Candidate lookAt(Frame &frame, const Tile &tile, llvm::Value *position);
  Rank rank(LoopBuilder &b, llvm::Value *thread, llvm::Value *isMatch);
  Matches listMatches(Frame &frame, const Tile &tile, llvm::Value *first);
  void apply(Frame &frame, const Tile &tile, llvm::Value *position,
             llvm::Value *row);

  const KernelBody &body;
  graph::ScatterOp op;
  unsigned columns; ///< of a tile, a power of two
  int64_t rows;     ///< of a tile
  llvm::Value *positionList = nullptr, *rowList = nullptr, *counts = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_SCATTEREMITTER_H
