// SPDX-License-Identifier: Apache-2.0
//
// The adjoint of attention in bf16 on tensor cores, for sm_80 and later.
//
// Takes a kernel of one `attend_grad` on bf16 whose `o` is one number a row.
// Blocks have keys and walk queries, or have queries and walk keys, as in f32
// (AttendGradEmitter.h). A warp has 16 rows; tiles that it walks come through
// two stages of shared memory. Weights and adjoints of scores are rounded where
// they are multiplied.

#ifndef LAMINA_BACKENDS_GPU_ATTENDGRADMMAEMITTER_H
#define LAMINA_BACKENDS_GPU_ATTENDGRADMMAEMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "backends/GPU/FragmentTiles.h"
#include "dialects/Graph/ScoreGradient.h"

namespace lamina::gpu {

class AttendGradMmaEmitter : public DeviceEmitter {
public:
  AttendGradMmaEmitter(cpu::AttentionOp op, graph::AttendGradOp grad);

  unsigned threads() const override { return FragmentTeam::threadsOf(shape); }
  unsigned blocksAtOnce() const override { return 2; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  /// What one thread's code refers to throughout.
  struct Work {
    cpu::AttentionCode &code;
    FragmentTeam &team;
    AttentionBlocks &blocks;
    llvm::Value *memory;
  };
  /// Rows of queries with their adjoints of o, or of keys with values.
  struct Pair {
    NarrowTile main, other;

    int64_t bytes() const { return main.bytes() + other.bytes(); }
    Pair at(cpu::LoopBuilder &b, llvm::Value *memory) const;
  };
  struct Sources {
    RowSource main, other;
  };

  Sources ofQueries();
  Sources ofKeys();
  Pair keptPair(const Work &work);
  Pair walkedPair(const Work &work, llvm::Value *stage);
  void fill(const Work &work, const Pair &pair, Sources from,
            llvm::Value *first);
  void fillStage(const Work &work, llvm::Value *stage, Sources from,
                 llvm::Value *first, llvm::Value *isWanted);
  /// The adjoints of the products of a tile, and their weights.
  AttentionBlocks::Pulled pullTile(const Work &work, const Pair &walked,
                                   llvm::ArrayRef<cpu::Element> places,
                                   const AttentionBlocks::RowNumbers &numbers,
                                   llvm::Value *isFull);

  void emitQueries(const Work &work, llvm::Value *number);
  AttentionBlocks::RowNumbers readRows(const Work &work, llvm::Value *first);
  Values walkKeys(const Work &work, const QueryBlock &block);
  void emitKeys(const Work &work, llvm::Value *number);
  Values walkQueries(const Work &work, llvm::Value *firstKey, ValueRange start);
  Values walkQueryTile(const Work &work, const Pair &walked,
                       llvm::Value *firstKey, llvm::Value *firstQuery,
                       ValueRange before);

  cpu::AttentionOp op;
  graph::AttendGradOp grad;
  TileShape shape;
  Pair kept, walked; ///< as they would be anywhere
  std::optional<graph::ScoreGradient> gradient;
  LoopBuilder *builder = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ATTENDGRADMMAEMITTER_H
