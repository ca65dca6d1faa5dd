// SPDX-License-Identifier: Apache-2.0
//
// Weights that start from the first batch.
//
// One entry for all initial values that look at the argument of a call: the
// forward pass of the first `minimize`. The calls on its way are variants of
// their functions that give such weights their value before they use them.

#include "frontend/IRGen/Entry.h"

using namespace mlir;

namespace lamina::irgen {

namespace {

class BatchInitEntry : public FeedingEntry {
public:
  BatchInitEntry(ModuleEmitter &module, StringRef name,
                 const core::TrainPlan &plan, Range range)
      : FeedingEntry(module, name, "batch_init", range), plan(plan) {
    emitter.firstBatch = true;
  }

  FlatSymbolRefAttr emit(const core::StagePlan &stage) {
    const core::Model &model = *plan.model;
    runToLoss(stage.body);
    Value tree = emitter.implode(emitter.roots[&model]);
    for (const Weight &weight : module.weights(*model.slot)) {
      if (!weight.member->initial.fromBatch)
        continue;
      Value value =
          emitter.leafOf(tree, weight.treePath, module.weightType(weight));
      store(value, (model.name + "." + weight.treePath).str());
    }
    return finish();
  }

  Emitted trainState(Emitter &, const core::TrainState &state) override {
    std::string name =
        module.stateVariables(state, (plan.name + "." + state.name).str());
    if (!state.type.isTree())
      return Emitted::tensor(load(module.types.tensor(state.type), name));
    return Emitted::tree(load(module.treeType(*state.type.slot), name),
                         state.type.slot);
  }

  void minimize(Emitter &, const core::Minimize &minimize) override {
    emitter.emit(minimize.loss);
    isDone = true;
  }

  /// Only the first round is run, on the first of its batches.
  void repeat(Emitter &, const core::RepeatSteps &s) override {
    int64_t outer = batches, count = *s.round->extent.size().constant();
    batches *= count;
    trips.push_back(SizeExpr(count));
    emitter.loopValues[s.round] = b.wide(0);
    runToLoss(s.statements);
    trips.pop_back();
    batches = outer;
  }

protected:
  Value column(Type type, StringRef attribute, StringRef source) override {
    Type all = graph::withLeadingSizes(cast<RankedTensorType>(type), trips);
    Value value = argument(all, attribute, source);
    for (unsigned i = 0; i < trips.size(); ++i)
      value = b.dropAxis(b.slice(value, 0, 0, SizeExpr(1)), 0);
    return value;
  }

private:
  void runToLoss(ArrayRef<core::Stmt *> statements) {
    for (core::Stmt *s : statements)
      if (!isDone)
        emitter.run(s);
  }

  const core::TrainPlan &plan;
  Sizes trips; ///< of the repeats around
  bool isDone = false;
};

} // namespace

FlatSymbolRefAttr ModuleEmitter::emitBatchInit(const core::TrainPlan &plan,
                                               const core::StagePlan &stage,
                                               StringRef prefix) {
  if (!startsFromBatch(*plan.model->slot))
    return {};
  BatchInitEntry entry(*this, (prefix + ".batch_init").str(), plan,
                       stage.range);
  return entry.emit(stage);
}

} // namespace lamina::irgen
