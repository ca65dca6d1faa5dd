// SPDX-License-Identifier: Apache-2.0
//
// One iteration of a linalg op, as expressions.

#ifndef LAMINA_BACKENDS_HALIDE_REGIONEXPR_H
#define LAMINA_BACKENDS_HALIDE_REGIONEXPR_H

#include "backends/Halide/StepBuilder.h"

namespace lamina::halide {

class RegionExpr {
public:
  /// `before` has what result i held before this iteration; undefined
  /// expressions, or none, stand for what the op starts from.
  RegionExpr(StepBuilder &builder, mlir::linalg::LinalgOp op, Exprs iteration,
             Exprs before = {})
      : builder(builder), op(op), iteration(std::move(iteration)),
        before(std::move(before)) {}

  /// A number of the region. Undefined if it is made of an op that has no form
  /// in Halide; the builder says why then.
  Halide::Expr value(mlir::Value value);
  /// What the region yields as result `number`.
  Halide::Expr yielded(unsigned number);

private:
  Halide::Expr argument(mlir::BlockArgument argument);
  Halide::Expr make(mlir::Operation *inner, unsigned result);
  Halide::Expr makeIndex(mlir::Operation *inner);
  Halide::Expr extract(mlir::tensor::ExtractOp op);

  StepBuilder &builder;
  mlir::linalg::LinalgOp op;
  Exprs iteration, before;
  llvm::DenseMap<mlir::Value, Halide::Expr> values;
};

/// `expr` at `iteration`; all numbers are of 32 bits.
Halide::Expr evaluate(mlir::AffineExpr expr, const Exprs &iteration);
Exprs evaluate(mlir::AffineMap map, const Exprs &iteration);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_REGIONEXPR_H
