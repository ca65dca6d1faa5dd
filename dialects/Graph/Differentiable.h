//===- Differentiable.h - Ops that have a reverse rule -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_H
#define LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace lamina::graph {
class Adjoints;
} // namespace lamina::graph

#include "dialects/Graph/Differentiable.h.inc"

#endif // LAMINA_DIALECTS_GRAPH_DIFFERENTIABLE_H
