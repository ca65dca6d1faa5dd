// SPDX-License-Identifier: Apache-2.0
//
// Walks a block backwards.
//
// The driver of the derivative rules, shared by the gradient of a function, of
// the body of a loop and of a branch.

#ifndef LAMINA_PASSES_GRAPH_PULLBACK_H
#define LAMINA_PASSES_GRAPH_PULLBACK_H

#include "dialects/Graph/Differentiable.h"
#include "passes/Graph/Activity.h"

#include "llvm/ADT/DenseMap.h"

namespace lamina::graph {

/// What holds for a whole expansion.
struct GradientOptions {
  /// Store carries only and compute everything else in a body again, also what
  /// is costly. Less memory, up to a third more work.
  bool recomputeAll = false;
};

/// Replaces one gradient op by the ops that compute it. Reports at the op, or
/// at one on the way, what has no derivative.
mlir::LogicalResult expandGradient(GradientOp op,
                                   const GradientOptions &options);

/// What `op` is in simpler ops, written in front of it, gradients among them
/// expanded: a value for each result, null for one without uses. `op` stays.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
decomposeAndExpand(mlir::Operation *op, const GradientOptions &options);

/// Propagates adjoints from values of a block to values before them. Forward
/// values are used where they stand; only loops are widened, by the stacks of
/// what their reverse reads.
class Pullback {
public:
  Pullback(Activity &activity, const GradientOptions &options)
      : activity(activity), options(options) {}

  /// Adds to the adjoint of `value`; `where` may be null.
  void add(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
           mlir::Value adjoint, mlir::Value where = {});

  /// The adjoint collected so far; null if it is zero.
  mlir::Value get(mlir::Value value) const {
    return adjoints.lookup(value).value;
  }

  /// Takes ops from `last` back to `first`, both included, of one block, and
  /// appends what they add at the builder's place. Reports an op without a
  /// rule.
  mlir::LogicalResult run(mlir::OpBuilder &b, mlir::Operation *first,
                          mlir::Operation *last);

private:
  struct Adjoint {
    mlir::Value value, where;
  };

  mlir::LogicalResult visit(mlir::OpBuilder &b, mlir::Operation *op);
  mlir::LogicalResult visitByRule(mlir::OpBuilder &b, mlir::Operation *op,
                                  llvm::ArrayRef<mlir::Value> given,
                                  llvm::BitVector wanted);
  mlir::LogicalResult visitDecomposed(mlir::OpBuilder &b, mlir::Operation *op);
  mlir::LogicalResult visitScan(mlir::OpBuilder &b, ScanOp scan,
                                llvm::ArrayRef<mlir::Value> given,
                                llvm::BitVector wanted);
  mlir::LogicalResult visitCond(mlir::OpBuilder &b, CondOp cond,
                                llvm::ArrayRef<mlir::Value> given,
                                llvm::BitVector wanted);
  mlir::Value placeOf(mlir::OpBuilder &b, DifferentiableOpInterface op,
                      unsigned operand, mlir::Value where);
  /// The entries of `from` become those of `to`; an op was replaced.
  void move(mlir::Value from, mlir::Value to);

  Activity &activity;
  const GradientOptions &options;
  llvm::DenseMap<mlir::Value, Adjoint> adjoints;
};

/// The reverse of `scan`: the adjoints of its operands (null where zero or not
/// in `wanted`) from those of its results. `scan` may be replaced by a wider
/// loop and then refers to that.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
pullBackScan(mlir::OpBuilder &b, ScanOp &scan,
             llvm::ArrayRef<mlir::Value> given, const llvm::BitVector &wanted,
             const GradientOptions &options);

/// The same for a branch, which stays as it is.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
pullBackCond(mlir::OpBuilder &b, CondOp cond, llvm::ArrayRef<mlir::Value> given,
             const llvm::BitVector &wanted, const GradientOptions &options);

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_PULLBACK_H
