// SPDX-License-Identifier: Apache-2.0
//
// Which values depend on others.

#ifndef LAMINA_PASSES_GRAPH_ACTIVITY_H
#define LAMINA_PASSES_GRAPH_ACTIVITY_H

#include "dialects/Graph/GraphOps.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseSet.h"

namespace lamina::graph {

/// Whether values of this type have derivatives: floats and tensors of floats.
bool isContinuous(mlir::Type type);

/// The values of one block that depend, through operands with a derivative, on
/// some first ones. Loops and branches are followed as a fixpoint on carries.
class Activity {
public:
  void add(mlir::Value value) {
    if (isContinuous(value.getType()))
      active.insert(value);
  }
  bool contains(mlir::Value value) const { return active.contains(value); }

  /// Adds those results of `op` that depend on what is active already. Ops must
  /// come in the order of their block.
  void visit(mlir::Operation *op);

  /// Which operands of `op` carry an active value to its results.
  llvm::BitVector activeOperands(mlir::Operation *op) const;

  /// Values that depend on the active ones among `operands` of a loop, in its
  /// body. `operands` has a bit for each operand of the op.
  static Activity inBody(ScanOp scan, const llvm::BitVector &operands);
  /// The same for one of the blocks of a branch.
  static Activity inBranch(mlir::Block *branch, CondOp cond,
                           const llvm::BitVector &operands);

private:
  void visitScan(ScanOp scan);
  void visitCond(CondOp cond);

  llvm::DenseSet<mlir::Value> active;
};

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_ACTIVITY_H
