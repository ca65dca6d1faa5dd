// SPDX-License-Identifier: Apache-2.0
//
// Types that stack, and rows of them.

#ifndef LAMINA_DIALECTS_GRAPH_STACKTYPE_H
#define LAMINA_DIALECTS_GRAPH_STACKTYPE_H

#include "dialects/Graph/SizeExpr.h"

#include "mlir/IR/Types.h"

#include "dialects/Graph/StackType.h.inc"

namespace lamina::graph {

/// The type of one row of a stack: of a tensor without its first axis, or of a
/// `StackType`. Null if the type is no stack.
mlir::Type getRowType(mlir::Type stack);

/// The number of rows; nothing if the type is no stack or a `?` has no name.
std::optional<SizeExpr> getRowCount(mlir::Type stack);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_STACKTYPE_H
