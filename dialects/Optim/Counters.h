// SPDX-License-Identifier: Apache-2.0
//
// Which counters a pipeline needs.

#ifndef LAMINA_DIALECTS_OPTIM_COUNTERS_H
#define LAMINA_DIALECTS_OPTIM_COUNTERS_H

#include "dialects/Optim/OptimOps.h"

namespace lamina::optim {

/// A count of runs: of the stages at one place, for the leaves that the same
/// passes of the whole weight stand before.
struct Counter {
  unsigned place;
  llvm::SmallVector<unsigned> passes; ///< places, ascending
  llvm::SmallVector<unsigned> leaves;
};

/// The counters of a pipeline, by place, then by first leaf: the order in which
/// `optim.apply` takes them. `stage` gives the stage of a symbol; null ones
/// count as none.
llvm::SmallVector<Counter>
getCounters(PipelineOp pipeline,
            llvm::function_ref<StageOp(mlir::FlatSymbolRefAttr)> stage);

/// Whether a stage holds back the whole weight by its number of runs and
/// scalars alone, so that the host can decide it.
bool hasHostPass(StageOp stage);

} // namespace lamina::optim

#endif // LAMINA_DIALECTS_OPTIM_COUNTERS_H
