// SPDX-License-Identifier: Apache-2.0
//
// Running sums by a block.
//
// Neighbouring threads have neighbouring columns; where there are few columns,
// several threads share one. They take a few elements each, combine what they
// have in a fixed tree, and go on behind it.

#ifndef LAMINA_BACKENDS_GPU_SCANEMITTER_H
#define LAMINA_BACKENDS_GPU_SCANEMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "dialects/Graph/GraphOps.h"

namespace lamina::gpu {

class ScanEmitter : public DeviceEmitter {
public:
  /// `cumulative` is along the middle axis of [batch, n, inner].
  ScanEmitter(const KernelBody &body, graph::CumulativeOp cumulative);

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  /// Where a thread stands: its column, and its number among those of it.
  struct Place {
    llvm::Value *batch, *column, *isInside, *lane, *member;
  };

  unsigned members() const { return threads() / columns; }
  /// Neighbouring elements that a thread combines by itself.
  int64_t elements() const { return members() == 1 ? 1 : 4; }
  llvm::Value *extent(Frame &frame, unsigned axis);
  Place findPlace(Frame &frame);
  cpu::Values scanMembers(Frame &frame, const Place &place, llvm::Value *mine);
  llvm::Value *emitChunk(Frame &frame, const Place &place, llvm::Value *first,
                         llvm::Value *before);

  const KernelBody &body;
  graph::CumulativeOp op;
  unsigned columns; ///< of a block, a power of two
  llvm::Value *slots = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_SCANEMITTER_H
