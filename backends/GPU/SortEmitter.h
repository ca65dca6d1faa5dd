// SPDX-License-Identifier: Apache-2.0
//
// Stable sorts by a team of threads a row.
//
// Merges runs of positions, from the bottom up, as the CPU does. Each element
// finds its place in a merged run by itself: its number in its own run and, by
// bisection, that of the elements of the other run before it.

#ifndef LAMINA_BACKENDS_GPU_SORTEMITTER_H
#define LAMINA_BACKENDS_GPU_SORTEMITTER_H

#include "backends/GPU/DeviceEmitter.h"

#include "mlir/IR/Operation.h"

namespace lamina::gpu {

class Team;

class SortEmitter : public DeviceEmitter {
public:
  /// `sort`, a sort or top_k, is along the middle axis of [batch, n, inner].
  SortEmitter(const KernelBody &body, mlir::Operation *sort);

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  unsigned teams() const { return threads() / teamSize; }
  llvm::Value *length(Frame &frame);
  llvm::Value *rows(Frame &frame);
  void emitRow(Frame &frame, Team &team, llvm::Value *row,
               llvm::Value *scratch);
  void merge(Frame &frame, Team &team, llvm::Value *run, llvm::Value *from,
             llvm::Value *to);
  llvm::Value *countBefore(Frame &frame, llvm::Value *from, llvm::Value *key,
                           llvm::Value *isLeft, llvm::Value *lo,
                           llvm::Value *hi);
  llvm::Value *keyAt(Frame &frame, llvm::Value *position);

  const KernelBody &body;
  mlir::Operation *op;
  unsigned teamSize;
  llvm::Value *keys = nullptr;
  llvm::Type *keyType = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_SORTEMITTER_H
