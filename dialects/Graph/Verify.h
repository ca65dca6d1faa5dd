// SPDX-License-Identifier: Apache-2.0
//
// Checks that several ops share.

#ifndef LAMINA_DIALECTS_GRAPH_VERIFY_H
#define LAMINA_DIALECTS_GRAPH_VERIFY_H

#include "dialects/Graph/Shape.h"

#include "mlir/IR/Operation.h"
#include "mlir/IR/TypeUtilities.h"

namespace lamina::graph {

/// Axes ascend strictly and are below `rank`.
mlir::LogicalResult verifyAxes(mlir::Operation *op,
                               llvm::ArrayRef<int64_t> axes, int64_t rank);

/// Every `?` in the types of operands and results has a name. To be asked
/// before `getShape`.
mlir::LogicalResult verifyNamedSizes(mlir::Operation *op);

/// Whether `op` is the body of a kernel, whose types have no names: the
/// kernel's `shapes` say which sizes are equal, and shapes are not checked
/// again.
bool isInKernel(mlir::Operation *op);

/// `type` has the shape `expected`; `what` names the value in the error.
mlir::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef what,
                                mlir::RankedTensorType type,
                                llvm::ArrayRef<SizeExpr> expected);

/// Both have the same element type.
mlir::LogicalResult verifyElement(mlir::Operation *op, mlir::Type a,
                                  mlir::Type b);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_VERIFY_H
