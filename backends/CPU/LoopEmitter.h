// SPDX-License-Identifier: Apache-2.0
//
// Row programs in LLVM IR.
//
// Emits a LoopProgram: rows shared out among items, passes over each row, lanes
// along its last loop with a masked rest. It takes every body of linalg ops.

#ifndef LAMINA_BACKENDS_CPU_LOOPEMITTER_H
#define LAMINA_BACKENDS_CPU_LOOPEMITTER_H

#include "backends/CPU/Evaluator.h"
#include "backends/CPU/KernelEmitter.h"
#include "backends/CPU/LoopProgram.h"

namespace lamina::cpu {

class LoopEmitter : public KernelEmitter {
public:
  LoopEmitter(const KernelBody &body, LoopProgram program, unsigned lanes)
      : body(body), program(std::move(program)), lanes(lanes) {}

  llvm::Value *emitItems(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitRun(Frame &frame, const RunArguments &run) override;

private:
  /// How the rows, and the lanes of one row, are shared out.
  struct Split {
    llvm::Value *rows;        ///< all rows
    llvm::Value *rowsOfItem;  ///< rows of one item
    llvm::Value *laneChunks;  ///< parts of the lane loop, 1 if it is whole
    llvm::Value *lanesOfItem; ///< lanes of one part
  };
  Split split(Frame &frame);
  static std::pair<llvm::Value *, llvm::Value *>
  lanesOf(LoopBuilder &b, llvm::Value *chunk, const Split &parts,
          llvm::Value *laneCount);
  bool splitsLanes() const;
  unsigned laneLoop() const;
  /// Lanes of a row: rounds of their loop, or of both loops of pairs.
  llvm::Value *laneSize(Frame &frame) const;

  void placeTemporaries(Frame &frame, llvm::Value *scratch);
  mlir::LogicalResult placeResults(Frame &frame);
  void clearPartials(Frame &frame, llvm::Value *row);

  const KernelBody &body;
  LoopProgram program;
  unsigned lanes;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_LOOPEMITTER_H
