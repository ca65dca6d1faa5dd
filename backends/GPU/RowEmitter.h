// SPDX-License-Identifier: Apache-2.0
//
// A team of threads a row.
//
// Takes any loop program: softmax, norms, their gradients. The groups of a row
// run one after another; members walk the row side by side, four elements each
// where these are neighbours in memory, and fold what they have. What one group
// leaves for another stands in shared memory if it is small, else in scratch.

#ifndef LAMINA_BACKENDS_GPU_ROWEMITTER_H
#define LAMINA_BACKENDS_GPU_ROWEMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "backends/GPU/StageWalk.h"

namespace lamina::gpu {

class RowEmitter : public DeviceEmitter {
public:
  RowEmitter(const KernelBody &body, LoopProgram program);

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  unsigned teams() const { return threads() / teamSize; }
  int64_t rowsOfTeam() const;
  unsigned widthOf(const Group &group) const;
  bool hasWideGroups() const;
  bool isShared() const;
  llvm::Value *rowBytes(Frame &frame);
  void placeTemporaries(Frame &frame, const Team &team, llvm::Value *scratch);
  void clearPartials(Frame &frame, Team &team, llvm::Value *part);

  mlir::Operation *emitRows(Frame &frame, Team &team, llvm::Value *part,
                            llvm::Value *rows);
  mlir::Operation *emitRow(Frame &frame, Team &team, Coordinates at);
  mlir::Operation *emitGroup(Frame &frame, Team &team, const Group &group,
                             Coordinates at, Evaluator &row);
  mlir::Operation *emitRowNumbers(Frame &frame, Team &team, const Group &group,
                                  const Coordinates &at, Evaluator &row);
  mlir::Operation *emitElements(Frame &frame, Team &team, const Group &group,
                                const Coordinates &at, Evaluator &row);
  struct Fold;
  mlir::Operation *emitFold(Frame &frame, Team &team, const Group &group,
                            const Coordinates &at, Evaluator &row);
  mlir::Operation *emitTotals(Frame &frame, Team &team, Fold &fold,
                              const Coordinates &at, Evaluator &level);

  const KernelBody &body;
  LoopProgram program;
  unsigned teamSize;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_ROWEMITTER_H
