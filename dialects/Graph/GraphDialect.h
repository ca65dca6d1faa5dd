// SPDX-License-Identifier: Apache-2.0
//
// The graph dialect.

#ifndef LAMINA_DIALECTS_GRAPH_GRAPHDIALECT_H
#define LAMINA_DIALECTS_GRAPH_GRAPHDIALECT_H

#include "dialects/Graph/SizeExpr.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"

#include "dialects/Graph/GraphDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.h.inc"

#endif // LAMINA_DIALECTS_GRAPH_GRAPHDIALECT_H
