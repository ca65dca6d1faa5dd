// SPDX-License-Identifier: Apache-2.0
//
// Sums over leading loops, several threads a column.
//
// Neighbouring threads of a block have neighbouring columns; threads of one
// column sum every so many rows each, and the first one of them combines what
// they have, in their order.

#ifndef LAMINA_BACKENDS_GPU_COLUMNSEMITTER_H
#define LAMINA_BACKENDS_GPU_COLUMNSEMITTER_H

#include "backends/GPU/DeviceEmitter.h"
#include "backends/GPU/StageWalk.h"

namespace lamina::gpu {

class ColumnsEmitter : public DeviceEmitter {
public:
  /// Whether `program` is one group of sums over leading loops, in any order.
  static bool takes(const LoopProgram &program);

  explicit ColumnsEmitter(LoopProgram program);

  unsigned threads() const override { return 256; }
  llvm::Value *emitBlocks(Frame &frame) override;
  llvm::Value *emitScratch(Frame &frame) override { return frame.b.index(0); }
  mlir::LogicalResult emitThread(Frame &frame, llvm::Value *scratch) override;

private:
  unsigned members() const { return threads() / columns; }
  llvm::SmallVector<Extent> extents(bool ofColumns) const;
  /// `at` with the loops of columns, or the others, at element `number`.
  Coordinates setLoops(Frame &frame, Coordinates at, bool ofColumns,
                       llvm::Value *number);
  Values sumRows(Frame &frame, StageWalk &walk, const Coordinates &at,
                 llvm::Value *member, Evaluator &evaluator);
  Values combineMembers(Frame &frame, StageWalk &walk, ValueRange parts,
                        llvm::Value *lane, llvm::Value *member);

  LoopProgram program;
  llvm::SmallBitVector reduced; ///< loops that are summed over
  unsigned columns;             ///< of a block, a power of two
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_COLUMNSEMITTER_H
