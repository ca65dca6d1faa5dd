// SPDX-License-Identifier: Apache-2.0
//
// What the values of an entry are for.
//
// Read off the flow of data once, before types are chosen: which values are
// variables of the program, which are made of weights alone, which end up as
// factors of a product.

#ifndef LAMINA_PASSES_GRAPH_VALUEROLES_H
#define LAMINA_PASSES_GRAPH_VALUEROLES_H

#include "dialects/Graph/GraphOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lamina::graph {

/// Ops that show elements of their operands as they are, at other places.
bool isMove(mlir::Operation *op);

/// Whether a contraction multiplies rows by columns: it sums something, and
/// each operand has an axis of its own. The others are sums over one tensor, or
/// elementwise.
bool isMatrixProduct(ContractOp op);

/// The operands of which `op` multiplies rows by rows: of a contraction both,
/// of attention and its adjoint those with rows of q, k, v and the adjoint of
/// o.
llvm::SmallVector<mlir::OpOperand *> getFactors(mlir::Operation *op);

class ValueRoles {
public:
  /// `isKept` says of a variable whether it was asked to stay as it is.
  ValueRoles(mlir::func::FuncOp entry,
             llvm::function_ref<bool(llvm::StringRef)> isKept);

  /// A variable as it is loaded, or as it will be stored: weights, their
  /// moments, states; in loops and branches too.
  bool isVariable(mlir::Value value) const { return variables.contains(value); }

  /// Whether a factor of a product is made of the value, on a way that does not
  /// lead through a variable: activations and their adjoints do, gradients of
  /// weights do not.
  bool feedsProduct(mlir::Value value) const { return feeding.contains(value); }

  /// Whether a product reads a kept weight, or is a part of its gradient.
  bool isKept(ContractOp op) const;

private:
  void noteHandedOn(mlir::func::FuncOp entry);
  void findVariables(mlir::func::FuncOp entry);
  void findKeptWeights(mlir::func::FuncOp entry);
  void findKeptGradients(mlir::func::FuncOp entry);
  void findFeeding(mlir::func::FuncOp entry);
  bool isOfWeights(mlir::Operation &op, bool &isKept) const;

  llvm::function_ref<bool(llvm::StringRef)> asked;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value, 2>> handedTo;
  llvm::DenseSet<mlir::Value> variables, feeding;
  llvm::DenseSet<mlir::Value> ofWeights, ofKeptWeights;
  llvm::DenseSet<mlir::Operation *> keptGradients;
};

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_VALUEROLES_H
