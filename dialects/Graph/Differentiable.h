// SPDX-License-Identifier: Apache-2.0
//
// Ops that know their derivative.
//
// The interface that `graph-expand-gradients` drives, and what a rule hands to
// it.

#ifndef LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_H
#define LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_H

#include "llvm/ADT/BitVector.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace lamina::graph {

/// An adjoint may come with the place outside of which it is zero: a tensor of
/// truth values, begun by a `select`. What an op with a factor of its own adds
/// there must stay zero even if that factor is infinite, so the driver wraps it
/// in `select(where, ., 0)`. No rule does so itself.
enum class WhereFlow {
  Drops, ///< operand and result positions have nothing to do with each other
  Wraps, ///< elementwise, with factors: wrapped, and goes along
  Keeps, ///< elementwise, without factors: goes along
  Moves, ///< the pullback of truth values is the place: views and sums
};

/// Collects what one op adds to the adjoints of its operands.
class Adjoints {
public:
  struct Contribution {
    unsigned operand;
    mlir::Value value;
    mlir::Value where; ///< null: everywhere
  };

  explicit Adjoints(llvm::BitVector wanted) : wanted(std::move(wanted)) {}

  /// Whether anybody asks for the adjoint of this operand. `add` for another
  /// one is dropped; rules ask first where the formula costs something.
  bool wants(unsigned operand) const { return wanted.test(operand); }

  void add(unsigned operand, mlir::Value value, mlir::Value where = {}) {
    if (value && wants(operand))
      contributions.push_back({operand, value, where});
  }

  llvm::ArrayRef<Contribution> getContributions() const {
    return contributions;
  }

private:
  llvm::BitVector wanted;
  llvm::SmallVector<Contribution, 4> contributions;
};

} // namespace lamina::graph

#include "dialects/Graph/Differentiable.h.inc"

#endif // LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_H
