// SPDX-License-Identifier: Apache-2.0
//
// A kernel that is a product of matrices.
//
// Recognises bodies with one sum of products, on operands that may be computed
// while they are packed, and followed by parallel ops on the result. Its loops
// become batch, m, n and k.

#ifndef LAMINA_BACKENDS_CPU_CONTRACTFORM_H
#define LAMINA_BACKENDS_CPU_CONTRACTFORM_H

#include "backends/CPU/KernelBody.h"

namespace lamina::cpu {

struct ContractForm {
  mlir::linalg::LinalgOp op;
  mlir::Value result;
  /// The operand with the rows (m, k) and the one with the columns (k, n).
  mlir::OpOperand *a = nullptr, *b = nullptr;
  llvm::SmallVector<Extent> domain;
  /// Loop numbers. `batch` has those of both operands, and those of `b` that
  /// are not at the end of the result; `n` is contiguous in the result.
  llvm::SmallVector<unsigned> batch, m, n, k;
  /// Parallel ops on the result whose results are stored.
  llvm::SmallVector<mlir::linalg::LinalgOp> epilogue;
  bool startsAtZero = false;
  /// Whether sums over a part of k may wait in the out: nothing else is read
  /// from it.
  bool mayStoreParts = false;

  mlir::AffineMap mapOf(mlir::OpOperand *operand) const {
    return const_cast<ContractForm *>(this)->op.getMatchingIndexingMap(operand);
  }
  mlir::AffineMap resultMap() const;
  /// How many of the two operands are bf16.
  unsigned narrowOperands() const;

  /// Nothing if the body has another form.
  static std::optional<ContractForm> match(const KernelBody &body);

private:
  bool readLoops();
  bool isVector() const;
  bool readEpilogue(const KernelBody &body);
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_CONTRACTFORM_H
