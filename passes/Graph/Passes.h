// SPDX-License-Identifier: Apache-2.0
//
// Passes on GRAPH.

#ifndef LAMINA_PASSES_GRAPH_PASSES_H
#define LAMINA_PASSES_GRAPH_PASSES_H

#include "mlir/Pass/Pass.h"

namespace lamina {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Graph/Passes.h.inc"

} // namespace lamina

#endif // LAMINA_PASSES_GRAPH_PASSES_H
