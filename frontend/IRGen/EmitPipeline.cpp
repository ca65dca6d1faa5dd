// SPDX-License-Identifier: Apache-2.0
//
// Steps of optimizers.

#include "dialects/Optim/OptimOps.h"
#include "frontend/IRGen/ModuleEmitter.h"
#include "frontend/IRGen/ScanBuilder.h"

using namespace mlir;

namespace lamina::irgen {

/// The numbers that stages of a pipeline ask for, each once.
ArrayAttr Emitter::scalarsOf(const core::PipelineInstance &pipeline,
                             SmallVectorImpl<Value> &values) {
  llvm::SetVector<const core::Scalar *> scalars;
  for (const core::PipelineInstance::Row &row : pipeline.rows)
    for (const core::StageInstance *stage : row.stages)
      if (stage)
        scalars.insert_range(module.stage(*stage).scalars);
  SmallVector<Attribute> names;
  for (const core::Scalar *scalar : scalars) {
    names.push_back(b.getStringAttr(module.scalarName(*scalar)));
    values.push_back(around.scalar(*this, *scalar));
  }
  return b.getArrayAttr(names);
}

Emitted Emitter::applyPipeline(const core::PipelineInstance &pipeline,
                               Emitted tree, Value loss, PipelineState &state) {
  SmallVector<Value> weights, scalars;
  SmallVector<Type> types;
  for (const Weight &weight : state.weights) {
    types.push_back(module.weightType(weight));
    weights.push_back(leafOf(tree.value, weight.treePath, types.back()));
  }
  // By the leaves that move: the others may not be on the way to the loss.
  ValueRange gradients =
      b.make<graph::GradientOp>(types, ValueRange(loss), ValueRange(), weights,
                                IntegerAttr())
          .getResults();
  ArrayAttr names = scalarsOf(pipeline, scalars);
  auto apply = b.make<optim::ApplyOp>(
      types, ValueRange(state.slots).getTypes(),
      ValueRange(state.counters).getTypes(),
      FlatSymbolRefAttr::get(b.getContext(),
                             module.pipelineName(pipeline, state.weights)),
      weights, gradients, state.slots, state.counters, scalars, names);
  // A later gradient begins at the new weights: the step is no part of its way.
  for (auto [weight, value] :
       llvm::zip_equal(state.weights, apply.getNewWeights()))
    tree.value =
        treeWith(tree.value, weight.treePath, b.make<graph::StopOp>(value));
  state.slots.assign(apply.getNewSlots().begin(), apply.getNewSlots().end());
  state.counters.assign(apply.getNewCounters().begin(),
                        apply.getNewCounters().end());
  return tree;
}

ValueRange Emitter::finalWeights(const core::PipelineInstance &pipeline,
                                 ValueRange weights,
                                 const PipelineState &state) {
  SmallVector<Value> scalars;
  ArrayAttr names = scalarsOf(pipeline, scalars);
  return b
      .make<optim::FinalOp>(
          weights.getTypes(),
          FlatSymbolRefAttr::get(b.getContext(),
                                 module.pipelineName(pipeline, state.weights)),
          weights, state.slots, state.counters, scalars, names)
      .getResults();
}

/// What a slot of `trained` starts from.
Value Emitter::startOf(const core::StageInstance &stage,
                       const core::StageInstance::SlotInit &slot,
                       const Weight &weight, Value value) {
  Ambient copies;
  for (int64_t count : weight.copies) {
    copies.push_back(module.makeIndex(module.constant(count)));
    open(copies.back());
  }
  define(stage.weight, Emitted::tensor(value, copies));
  Emitted start = cast(emit(slot.init), slot.local->type);
  close(copies.size());
  bool isNumber = rankOf(start.value) == start.ambient.size();
  return isNumber ? align(start, copies, {}, types().sizes(slot.local->type))
                  : align(start, copies);
}

/// Adds the first values of the stages' slots; whether evaluation uses other
/// weights than training.
bool Emitter::startSlots(const core::PipelineInstance &pipeline,
                         const Emitted &tree, const PipelineState &state,
                         SmallVectorImpl<Value> &inits) {
  bool hasFinal = false;
  for (unsigned place = 0; place < pipeline.places.size(); ++place)
    for (auto [row, weight] : llvm::zip_equal(pipeline.rows, state.weights))
      if (const core::StageInstance *stage = row.stages[place]) {
        const ModuleEmitter::StageInfo &info = module.stage(*stage);
        hasFinal |= info.hasFinal;
        Value value =
            leafOf(tree.value, weight.treePath, module.weightType(weight));
        for (const core::StageInstance::SlotInit &slot : stage->slots)
          inits.push_back(startOf(*stage, slot, weight, value));
      }
  return hasFinal;
}

/// The tree with the weights that evaluation uses.
static Emitted withFinal(Emitter &emitter,
                         const core::PipelineInstance &pipeline, Emitted tree,
                         const PipelineState &state) {
  SmallVector<Value> weights;
  for (const Weight &weight : state.weights)
    weights.push_back(emitter.leafOf(tree.value, weight.treePath,
                                     emitter.module.weightType(weight)));
  ValueRange final = emitter.finalWeights(pipeline, weights, state);
  for (auto [weight, value] : llvm::zip_equal(state.weights, final))
    tree.value = emitter.treeWith(tree.value, weight.treePath, value);
  return tree;
}

/// `trained(tree, n -> loss, rule: …, steps: k)`: a training step as a loop.
Emitted Emitter::emitTrained(const core::Trained *e) {
  const core::PipelineInstance &pipeline = *e->pipeline;
  Emitted tree = emit(e->tree);
  tree = Emitted::tree(implode(tree), tree.slot);
  PipelineState state;
  for (const core::PipelineInstance::Row &row : pipeline.rows)
    state.weights.push_back(module.weightAt(*tree.slot, row.leaf.path));
  SmallVector<Value> inits{tree.value};
  bool hasFinal = startSlots(pipeline, tree, state, inits);
  unsigned numSlots = inits.size() - 1;
  for (unsigned place = 0; place < pipeline.places.size(); ++place)
    inits.push_back(b.wide(0));

  ScanBuilder scan(*this, types().size(e->steps), nullptr, false, inits);
  Emitted current = Emitted::tree(scan.carries().front(), tree.slot);
  define(e->current, current);
  llvm::append_range(state.slots, scan.carries().slice(1, numSlots));
  llvm::append_range(state.counters, scan.carries().drop_front(1 + numSlots));
  Value loss = b.convert(emitScalar(e->loss), types().real());
  SmallVector<Value> next{applyPipeline(pipeline, current, loss, state).value};
  next.append(state.slots);
  next.append(state.counters);
  ScanBuilder::Results results = scan.end(next, {});

  Emitted trained = Emitted::tree(results.carries.front(), tree.slot);
  if (!hasFinal)
    return trained;
  ArrayRef<Value> after = results.carries;
  state.slots.assign(after.begin() + 1, after.begin() + 1 + numSlots);
  state.counters.assign(after.begin() + 1 + numSlots, after.end());
  return withFinal(*this, pipeline, trained, state);
}

} // namespace lamina::irgen
