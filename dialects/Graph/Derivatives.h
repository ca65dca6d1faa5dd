// SPDX-License-Identifier: Apache-2.0
//
// Registration of the derivative rules.

#ifndef LAMINA_DIALECTS_GRAPH_DERIVATIVES_H
#define LAMINA_DIALECTS_GRAPH_DERIVATIVES_H

namespace mlir {
class DialectRegistry;
class MLIRContext;
} // namespace mlir

namespace lamina::graph {

/// Attaches the rules of `arith`, `math` and `graph` ops to them, once these
/// dialects are loaded. `graph-expand-gradients` finds no rule without it.
void registerDerivatives(mlir::DialectRegistry &registry);

// The tables, one file each.
void attachArithDerivatives(mlir::MLIRContext *context);
void attachMathDerivatives(mlir::MLIRContext *context);
void attachViewDerivatives(mlir::MLIRContext *context);
void attachReductionDerivatives(mlir::MLIRContext *context);
void attachContractDerivatives(mlir::MLIRContext *context);
void attachGatherDerivatives(mlir::MLIRContext *context);
void attachLinearAlgebraDerivatives(mlir::MLIRContext *context);
void attachStructuredDerivatives(mlir::MLIRContext *context);
void attachAttendDerivatives(mlir::MLIRContext *context);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_DERIVATIVES_H
