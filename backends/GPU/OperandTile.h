// SPDX-License-Identifier: Apache-2.0
//
// One operand's tile in shared memory, as fragments of bf16 want it.
//
// A tile has `length` rows (of the left operand; columns of the right one) and
// `depth` numbers of k. It keeps the order of its tensor: lines run along k
// or along the rows, in chunks of 16 bytes. The chunks of a line are mixed by
// the line's number, so that eight lines can be read at one chunk at once
// without two of them in the same bank.

#ifndef LAMINA_BACKENDS_GPU_OPERANDTILE_H
#define LAMINA_BACKENDS_GPU_OPERANDTILE_H

#include "backends/GPU/ContractTiles.h"

namespace lamina::gpu {

/// Which part of an operand a fill takes: rows from `row` of `rows`, k from `k`
/// of `sizeOfK`.
struct OperandPart {
  llvm::Value *row, *rows;
  llvm::Value *k, *sizeOfK;
  const cpu::Coordinates &batch;
};

class OperandTile {
public:
  OperandTile(ContractTiles &tiles, mlir::OpOperand *operand,
              llvm::ArrayRef<unsigned> loops, int64_t length, int64_t depth);

  int64_t bytes() const { return length * depth * 2; }

  /// Begins to fill the tile at `memory`, by all `threads` of the block, with
  /// zeros behind the ends. What is in memory as it should be is copied beside
  /// the threads; anything else is computed and stored.
  void fill(Frame &frame, llvm::Value *memory, const OperandPart &part,
            unsigned threads, cpu::Evaluator &block);
  /// The 16 × 16 numbers at (row, k) as the four words that the lane holds of
  /// them: first the lower eight of k, or, with `rowsFirst`, of the rows.
  cpu::Values fragments(Frame &frame, llvm::Value *memory, llvm::Value *row,
                        int64_t k, bool rowsFirst) const;

private:
  int64_t lineChunks() const { return (alongK ? depth : length) / 8; }
  llvm::Value *chunk(Frame &frame, llvm::Value *memory, llvm::Value *line,
                     llvm::Value *number) const;
  bool canCopy(Frame &frame) const;
  void copy(Frame &frame, llvm::Value *memory, const OperandPart &part,
            llvm::Value *number);
  void compute(Frame &frame, llvm::Value *memory, const OperandPart &part,
               llvm::Value *number, cpu::Evaluator &block);
  cpu::Coordinates iteration(Frame &frame, const OperandPart &part,
                             llvm::Value *row, llvm::Value *k) const;

  ContractTiles &tiles;
  mlir::OpOperand *operand;
  llvm::ArrayRef<unsigned> loops;
  int64_t length, depth;
  bool alongK;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_OPERANDTILE_H
