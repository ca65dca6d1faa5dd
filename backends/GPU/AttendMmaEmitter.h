// SPDX-License-Identifier: Apache-2.0
//
// Attention in bf16 on tensor cores, for sm_80 and later.
//
// Takes a kernel of one `attend` with softmax on bf16. A warp has 16 queries in
// registers; tiles of keys and values come through two stages of shared memory,
// one on its way (cp.async) while the other is multiplied. Scores, weights and
// sums stay in registers, in f32 but for the weights that are multiplied.

#ifndef LAMINA_BACKENDS_GPU_ATTENDMMAEMITTER_H
#define LAMINA_BACKENDS_GPU_ATTENDMMAEMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "backends/GPU/FragmentTiles.h"

namespace lamina::gpu {

class AttendMmaEmitter : public DeviceEmitter {
public:
  explicit AttendMmaEmitter(cpu::AttentionOp op);

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
    llvm::Value *memory; ///< two stages, of keys and values each
    QueryBlock block;
    Values queries; ///< the warp's, as fragments
  };

  int64_t stageBytes() const { return keys.bytes() + values.bytes(); }
  int64_t sharedBytes() const;
  llvm::Value *stageAt(const Work &work, llvm::Value *stage);
  void fillStage(const Work &work, llvm::Value *stage, llvm::Value *low);
  Values walkKeys(const Work &work);
  RunningRows walkTile(const Work &work, llvm::Value *stage, llvm::Value *low,
                       RunningRows running);
  void weighRow(const Work &work, unsigned row,
                llvm::MutableArrayRef<llvm::Value *> scores,
                RunningRows &running);
  void addWeights(const Work &work, ValueRange words, RunningRows &running);
  void finish(const Work &work, RunningRows running);

  cpu::AttentionOp op;
  TileShape shape;
  NarrowTile queries, keys, values; ///< as they would be anywhere
  LoopBuilder *builder = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ATTENDMMAEMITTER_H
