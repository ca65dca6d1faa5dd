// SPDX-License-Identifier: Apache-2.0
//
// Values in fewer bits.
//
// Gives the bfloat16 twin of a float32 value, rounded where the value is made:
// once for all who read it, in front of loops for weights, in the kernel that
// makes it for everything else.

#ifndef LAMINA_PASSES_GRAPH_NARROWING_H
#define LAMINA_PASSES_GRAPH_NARROWING_H

#include "passes/Graph/ValueRoles.h"

namespace lamina::graph {

class Narrowing {
public:
  Narrowing(mlir::func::FuncOp entry, const ValueRoles &roles);

  /// Rounds the factors of a product; the sum stays float32.
  void narrowFactors(ContractOp op);

  /// Rounds the factors of attention or its adjoint; scores stay float32.
  void narrowAttention(mlir::Operation *op);

  /// Rounds what loops store of each round for products to come.
  void narrowStacks();

  /// Rounds the result of a product, behind what is added to it alone, if
  /// something reads it again behind a further product: it is stored until
  /// then.
  void narrowStored(ContractOp op);

private:
  mlir::Value get(mlir::Value value);
  mlir::Value getOfArgument(mlir::BlockArgument argument);
  mlir::Value getOfMove(mlir::Operation *op);
  mlir::Value getOfResult(mlir::OpResult result);
  mlir::Value round(mlir::OpBuilder &b, mlir::Value value);
  void narrowStack(mlir::OpResult stack);
  void widen(mlir::OpBuilder &b, mlir::Value narrow);

  bool mayNarrowStack(ScanOp scan, unsigned number) const;
  bool isWideInMemory(mlir::Value value) const;
  bool isReadLater(mlir::Value value) const;

  const ValueRoles &roles;
  llvm::DenseMap<mlir::Value, mlir::Value> twins;
  llvm::SetVector<mlir::Value> stacks; ///< those to be rounded
};

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_NARROWING_H
