// SPDX-License-Identifier: Apache-2.0
//
// The parts of the table of algebraic rules.

#ifndef LAMINA_PASSES_GRAPH_SIMPLIFY_H
#define LAMINA_PASSES_GRAPH_SIMPLIFY_H

#include "mlir/IR/PatternMatch.h"

namespace lamina::graph {

/// The number that all elements of a constant, or of a constant repeated, are.
std::optional<double> getUniformNumber(mlir::Value value);

/// x + 0, x * 1, select under its own condition …
void populateArithRules(mlir::RewritePatternSet &patterns);
/// What only repeats is computed once; sums and products of it.
void populateBroadcastRules(mlir::RewritePatternSet &patterns);
/// Scatters, pads and slices that undo or hold each other.
void populateMoveRules(mlir::RewritePatternSet &patterns);

} // namespace lamina::graph

#endif // LAMINA_PASSES_GRAPH_SIMPLIFY_H
