// SPDX-License-Identifier: Apache-2.0
//
// One iteration of a linalg op.
//
// Walks the region of a linalg op and emits it for one iteration, or for lanes
// of neighbouring ones. Operands are read when they are first used.

#ifndef LAMINA_BACKENDS_CPU_REGIONWALK_H
#define LAMINA_BACKENDS_CPU_REGIONWALK_H

#include "backends/CPU/Evaluator.h"

namespace lamina::cpu {

class RegionWalk {
public:
  RegionWalk(Evaluator &evaluator, mlir::linalg::LinalgOp op,
             CoordinateRange iteration,
             llvm::function_ref<llvm::Value *(unsigned)> before)
      : e(evaluator), op(op), iteration(iteration), before(before) {}

  /// What the region yields; empty if it has an op that is not known.
  Values run();
  mlir::Operation *failedOp() const { return failure; }

private:
  llvm::Value *value(mlir::Value value);
  llvm::Value *argument(mlir::BlockArgument argument);
  Coordinate coordinate(mlir::Value index);
  bool emitIndexArithmetic(mlir::Operation &inner);
  bool emit(mlir::Operation &inner);

  Evaluator &e;
  mlir::linalg::LinalgOp op;
  CoordinateRange iteration;
  llvm::function_ref<llvm::Value *(unsigned)> before;
  mlir::Operation *failure = nullptr;
  llvm::DenseMap<mlir::Value, llvm::Value *> values;
  /// Indices keep their step as long as they are affine in the lanes.
  llvm::DenseMap<mlir::Value, Coordinate> indices;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_REGIONWALK_H
