// SPDX-License-Identifier: Apache-2.0
//
// Which counters a pipeline needs.
//
// A stage counts its runs. Leaves at one place run together unless a pass to
// the left holds back some of them; so there is one counter for each place and
// each set of passes to its left.

#include "dialects/Optim/Counters.h"

using namespace mlir;
using namespace lamina::optim;

/// Whether `value` is made of t and the scalars of a step alone.
static bool isHostValue(StageOp stage, Value value) {
  SmallVector<Value> pending{value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (auto arg = dyn_cast<BlockArgument>(next)) {
      // Arguments of a step: g, w, rate, t, slots, scalars.
      unsigned number = arg.getArgNumber();
      if (number != 3 && number < 4 + stage.getNumSlots())
        return false;
      continue;
    }
    Operation *op = next.getDefiningOp();
    if (isa<TotalOp>(op))
      return false;
    if (seen.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  }
  return true;
}

bool lamina::optim::hasHostPass(StageOp stage) {
  Value pass = stage.getStepYield().getPass();
  return pass && cast<RankedTensorType>(pass.getType()).getRank() == 0 &&
         isHostValue(stage, pass);
}

SmallVector<Counter>
lamina::optim::getCounters(PipelineOp pipeline,
                           function_ref<StageOp(FlatSymbolRefAttr)> stage) {
  SmallVector<Counter> counters;
  SmallVector<SmallVector<unsigned>> passes(pipeline.getLeaves().size());
  for (auto [place, row] :
       llvm::enumerate(pipeline.getStages().getAsRange<ArrayAttr>())) {
    size_t first = counters.size();
    SmallVector<unsigned> held;
    for (auto [leaf, attr] : llvm::enumerate(row)) {
      auto symbol = dyn_cast<FlatSymbolRefAttr>(attr);
      StageOp op = symbol ? stage(symbol) : StageOp();
      if (!op)
        continue;
      const SmallVector<unsigned> &before = passes[leaf];
      auto same = std::find_if(
          counters.begin() + first, counters.end(),
          [&](const Counter &counter) { return counter.passes == before; });
      if (same == counters.end()) {
        counters.push_back({unsigned(place), passes[leaf], {unsigned(leaf)}});
      } else {
        same->leaves.push_back(leaf);
      }
      if (hasHostPass(op))
        held.push_back(leaf);
    }
    for (unsigned leaf : held)
      passes[leaf].push_back(place);
  }
  return counters;
}
