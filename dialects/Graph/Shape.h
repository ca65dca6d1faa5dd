// SPDX-License-Identifier: Apache-2.0
//
// Shapes as lists of sizes.

#ifndef LAMINA_DIALECTS_GRAPH_SHAPE_H
#define LAMINA_DIALECTS_GRAPH_SHAPE_H

#include "dialects/Graph/GraphDialect.h"

namespace lamina::graph {

using Shape = llvm::SmallVector<SizeExpr, 4>;

/// Whether each `?` of the type has its size in the encoding.
bool hasNamedSizes(mlir::RankedTensorType type);

/// The size of each axis. The type must have named sizes.
Shape getShape(mlir::RankedTensorType type);
Shape getShape(mlir::Value tensor);

/// The size of one axis. The type must have named sizes.
SizeExpr getSize(mlir::RankedTensorType type, unsigned axis);

/// The type with these sizes: constants are static, the others go to the
/// encoding.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<SizeExpr> shape,
                                     mlir::Type elementType);

/// The same shape with another element type.
mlir::RankedTensorType withElementType(mlir::RankedTensorType type,
                                       mlir::Type elementType);

/// The type with further axes in front.
mlir::RankedTensorType withLeadingSizes(mlir::RankedTensorType type,
                                        llvm::ArrayRef<SizeExpr> leading);

/// The number of elements.
SizeExpr getElementCount(llvm::ArrayRef<SizeExpr> shape);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_SHAPE_H
