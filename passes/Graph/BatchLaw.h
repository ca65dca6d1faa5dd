// SPDX-License-Identifier: Apache-2.0
//
// An op on a stack of its operands.

#ifndef LAMINA_PASSES_GRAPH_BATCHLAW_H
#define LAMINA_PASSES_GRAPH_BATCHLAW_H

#include "dialects/Graph/GraphOps.h"

#include "llvm/ADT/DenseMap.h"

namespace lamina::graph {

/// Writes the ops of a body for all rounds at once: what differs from round to
/// round gets a leading axis of `count`, the rest stays.
class BatchLaw {
public:
  BatchLaw(mlir::OpBuilder &b, SizeExpr count)
      : b(b), count(std::move(count)) {}

  /// Whether `apply` takes the op. Loops, attention and calls have no such
  /// form.
  static bool covers(mlir::Operation *op);
  static bool covers(mlir::Block &block);

  /// Whether the op holds one value for all rounds there: where a draw or a
  /// part begins, the border of a pad. `apply` wants it not to be a stack.
  static bool isShared(mlir::OpOperand &operand);

  void map(mlir::Value inner, mlir::Value outer, bool isStacked) {
    values[inner] = {outer, isStacked};
  }

  /// Writes the block's ops; `covers` must hold and its arguments be mapped.
  void apply(mlir::Block &block);

  /// The value in all rounds, as a stack.
  mlir::Value stackOf(mlir::Value inner);

private:
  struct Mapped {
    mlir::Value value;
    bool isStacked = false;
  };

  void applyTo(mlir::Operation *op);
  void applyShifted(mlir::Operation *op);
  void applyCond(CondOp cond);
  void applyContract(ContractOp op);
  mlir::Type stackTypeOf(mlir::Type type) const;

  mlir::OpBuilder &b;
  SizeExpr count;
  llvm::DenseMap<mlir::Value, Mapped> values;
};

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_BATCHLAW_H
