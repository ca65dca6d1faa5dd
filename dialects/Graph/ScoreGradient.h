// SPDX-License-Identifier: Apache-2.0
//
// The derivative of a score of attention, on one element.
//
// The score region of an `attend_grad` in, a block out that computes the score
// and pulls an adjoint of it back. By the same rules as on tensors; for the
// interpreter and for kernels, which never see the scores as a whole.

#ifndef LAMINA_DIALECTS_GRAPH_SCOREGRADIENT_H
#define LAMINA_DIALECTS_GRAPH_SCOREGRADIENT_H

#include "dialects/Graph/GraphOps.h"

#include <memory>

namespace lamina::graph {

/// The block has the arguments of the score with the adjoint of the score in
/// front. It yields the score, the adjoint of s, and then for each read of a
/// tensor of floats the adjoint of what was read, followed by its indices.
struct ScoreGradient {
  struct Read {
    unsigned tensor;  ///< its number in `with`
    unsigned adjoint; ///< the number of the yielded value
  };

  std::unique_ptr<mlir::Region> region;
  llvm::SmallVector<Read> reads;

  mlir::Block &block() { return region->front(); }
};

/// Fails, with a diagnostic, at an op without a derivative.
mlir::FailureOr<ScoreGradient> makeScoreGradient(AttendGradOp op);

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_SCOREGRADIENT_H
