// SPDX-License-Identifier: Apache-2.0
//
// What a loop stores for its reverse.

#ifndef LAMINA_PASSES_GRAPH_RESIDUALCUT_H
#define LAMINA_PASSES_GRAPH_RESIDUALCUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/IR/Value.h"

namespace lamina::graph {

/// What may be had without being stored.
struct ResidualRules {
  /// At hand in the reverse body: the index, rows of `over`, `with`.
  llvm::function_ref<bool(mlir::Value)> isFree;
  /// Whether to compute the op again is no more than to read its result.
  llvm::function_ref<bool(mlir::Operation *)> isCheap;
  /// Bytes of one round of a value, for comparison only.
  llvm::function_ref<int64_t(mlir::Type)> bytesOf;
};

/// The values of a body to store, of least size, such that all of `needed` can
/// be computed from them and from what is free by cheap ops. Of cuts of equal
/// size the one nearest to `needed` is taken: it repeats least.
llvm::SetVector<mlir::Value> chooseResiduals(llvm::ArrayRef<mlir::Value> needed,
                                             const ResidualRules &rules);

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_RESIDUALCUT_H
