// SPDX-License-Identifier: Apache-2.0
//
// How a function is read backwards.

#ifndef LAMINA_PASSES_MODEL_INVERSEPLAN_H
#define LAMINA_PASSES_MODEL_INVERSEPLAN_H

#include "dialects/Graph/GraphOps.h"
#include "dialects/Model/ModelOps.h"

namespace lamina {

/// One step from the result of a block to its unknown argument.
struct InverseStep {
  enum Kind {
    Compute, ///< all operands of `op` are known: run it
    Solve,   ///< the result is known: find operand `operand`
    Join,    ///< all slices of `whole` are known: put them together
  };
  Kind kind;
  mlir::Operation *op = nullptr;
  unsigned operand = 0;
  mlir::Value whole;
  llvm::SmallVector<graph::SliceOp> slices; ///< in order, along one axis
};

/// The steps that find `unknown`, an argument of the block, from what the block
/// yields. Reports the op that cannot be read backwards, and fails.
mlir::FailureOr<llvm::SmallVector<InverseStep>>
planInverse(mlir::Operation *asked, mlir::Block &block,
            mlir::BlockArgument unknown);

/// The axis along which the slices of a join follow each other.
int64_t getJoinAxis(const InverseStep &join);

} // namespace lamina

#endif // LAMINA_PASSES_MODEL_INVERSEPLAN_H
