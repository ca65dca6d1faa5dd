// SPDX-License-Identifier: Apache-2.0
//
// The tiles of a product of matrices.
//
// What every emitter of products shares: which tile of the result a block
// makes, how numbers of rows, columns and k become indices, and what becomes of
// a finished sum.

#ifndef LAMINA_BACKENDS_GPU_CONTRACTTILES_H
#define LAMINA_BACKENDS_GPU_CONTRACTTILES_H

#include "backends/CPU/ContractForm.h"
#include "backends/CPU/Evaluator.h"
#include "backends/GPU/DeviceEmitter.h"

namespace lamina::gpu {

/// Where one block's tile begins: its row, its column, and the indices of its
/// batch (zeros elsewhere); and how many rows and columns there are in all.
struct TilePlace {
  llvm::Value *row, *column;
  llvm::Value *rows, *columns;
  cpu::Coordinates batch;
};

class ContractTiles {
public:
  ContractTiles(const KernelBody &body, cpu::ContractForm form)
      : form(std::move(form)), body(body) {}

  const cpu::ContractForm form;

  /// The number of tiles of this size, of all batches.
  llvm::Value *count(Frame &frame, int64_t rows, int64_t columns) const;
  /// The tile of block `number`. Neighbouring blocks share their rows.
  TilePlace place(Frame &frame, llvm::Value *number, int64_t rows,
                  int64_t columns) const;

  llvm::Value *size(Frame &frame, llvm::ArrayRef<unsigned> loops) const;
  /// Sets the indices of `loops` to those that `number` counts.
  void setLoops(Frame &frame, cpu::Coordinates &at,
                llvm::ArrayRef<unsigned> loops, llvm::Value *number) const;
  /// Whether numbers of k are neighbours in memory.
  bool isUnitAlongK(mlir::OpOperand *operand) const;
  /// The operand's number at an iteration of the product.
  llvm::Value *read(Frame &frame, mlir::OpOperand *operand,
                    const cpu::Coordinates &at, cpu::Evaluator &block);
  /// Everything behind the product, for the number at (row, column).
  void finish(Frame &frame, const TilePlace &place, llvm::Value *row,
              llvm::Value *column, llvm::Value *sum, cpu::Evaluator &block);

  /// Fails, with a diagnostic, if an op had no form.
  mlir::LogicalResult result() const;

private:
  llvm::SmallVector<Extent> extents(llvm::ArrayRef<unsigned> loops) const;
  void note(const cpu::Evaluator &evaluator);

  const KernelBody &body;
  mlir::Operation *failure = nullptr;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_CONTRACTTILES_H
