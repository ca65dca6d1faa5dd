// SPDX-License-Identifier: Apache-2.0
//
// Training steps.
//
// The body of a stage is one step entry. Weights, states, slots and counters
// are loaded where it begins, are roots that statements give new values, and
// are stored where they changed. So `repeat`, a loop like others, carries them.

#include "dialects/Program/ProgramOps.h"
#include "frontend/IRGen/ScanBuilder.h"
#include "frontend/IRGen/TrainEntry.h"

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// What a step loads
//===----------------------------------------------------------------------===//

TrainEntry::TrainEntry(ModuleEmitter &module, const core::TrainPlan &plan,
                       const core::StagePlan &stage, StringRef name)
    : FeedingEntry(module, name, "step", stage.range), plan(plan) {
  const core::Model &model = *plan.model;
  addRoot(&model, Emitted::tree({}, model.slot), module.treeType(*model.slot),
          model.name);
  for (const core::TrainState *state : plan.states)
    addState(*state);
  prepare(stage.body);
}

void TrainEntry::addRoot(Root root, Emitted shape, Type type,
                         StringRef variable) {
  shape.value = load(type, variable);
  emitter.setRoot(root, shape);
  stored.push_back({root, variable.str(), shape.value});
}

void TrainEntry::addState(const core::TrainState &state) {
  std::string name =
      module.stateVariables(state, (plan.name + "." + state.name).str());
  if (state.type.isTree())
    addRoot(&state, Emitted::tree({}, state.type.slot),
            module.treeType(*state.type.slot), name);
  else
    addRoot(&state, Emitted::tensor({}), module.types.tensor(state.type), name);
}

/// Slots and counters of all optimizers, in `repeat`s too, in order of the
/// text.
void TrainEntry::prepare(ArrayRef<core::Stmt *> statements) {
  for (const core::Stmt *s : statements) {
    if (auto *repeat = llvm::dyn_cast<core::RepeatSteps>(s))
      prepare(repeat->statements);
    if (auto *minimize = llvm::dyn_cast<core::Minimize>(s))
      prepareSite(*minimize);
  }
}

void TrainEntry::prepareSite(const core::Minimize &minimize) {
  MinimizeSite &site = sites[&minimize];
  const core::PipelineInstance &pipeline = *minimize.pipeline;
  for (const core::PipelineInstance::Row &row : pipeline.rows)
    site.weights.push_back(
        module.weightAt(*minimize.model->slot, row.leaf.path));
  for (unsigned place = 0; place < pipeline.places.size(); ++place) {
    for (auto [row, weight] : llvm::zip_equal(pipeline.rows, site.weights))
      if (const core::StageInstance *stage = row.stages[place])
        addSlots(site, *stage, weight, *minimize.model);
    TrainVariable &counter = variables.emplace_back();
    StringRef stageName = pipeline.places[place].name;
    counter.name =
        module.uniqueName((plan.name + "." + stageName + ".runs").str());
    counter.type = module.types.scalar(b.getI64Type());
    module.emitVariable(b.place, counter.name, counter.type, "counter",
                        b.getI64IntegerAttr(0));
    addRoot(&counter, Emitted::tensor({}), counter.type, counter.name);
    site.counters.push_back(&counter);
    fresh.push_back(FlatSymbolRefAttr::get(b.getContext(), counter.name));
  }
}

void TrainEntry::addSlots(MinimizeSite &site, const core::StageInstance &stage,
                          const Weight &weight, const core::Model &model) {
  const ModuleEmitter::StageInfo &info = module.stage(stage);
  Sizes copies(weight.copies.begin(), weight.copies.end());
  for (auto [slot, init, type] :
       llvm::zip_equal(stage.slots, info.slotInits, info.slotTypes)) {
    TrainVariable &variable = variables.emplace_back();
    std::string prefix =
        (plan.name + "." + stage.name + "." + slot.local->name + ".").str();
    variable.name = module.uniqueName(prefix + weight.treePath);
    variable.type = graph::withLeadingSizes(type, copies);
    Attribute start = init;
    if (!start)
      start =
          module.emitSlotInit(variable.name, stage, slot, weight, model.name);
    module.emitVariable(module.types.loc(stage.range), variable.name,
                        variable.type, "slot", start,
                        prefix + weight.path.str(), !copies.empty());
    addRoot(&variable, Emitted::tensor({}), variable.type, variable.name);
    site.slots.push_back(&variable);
    fresh.push_back(FlatSymbolRefAttr::get(b.getContext(), variable.name));
  }
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void TrainEntry::minimize(Emitter &, const core::Minimize &minimize) {
  MinimizeSite &site = sites[&minimize];
  Value loss =
      b.convert(emitter.emitScalar(minimize.loss), module.types.real());
  addMetric(minimize.name.empty() ? "loss" : minimize.name, loss);
  Emitted tree = emitter.roots[minimize.model];
  tree = Emitted::tree(emitter.implode(tree), tree.slot);
  PipelineState state{site.weights, {}, {}};
  for (const TrainVariable *slot : site.slots)
    state.slots.push_back(emitter.roots[slot].plain());
  for (const TrainVariable *counter : site.counters)
    state.counters.push_back(emitter.roots[counter].plain());
  emitter.setRoot(minimize.model,
                  emitter.applyPipeline(*minimize.pipeline, tree, loss, state));
  for (auto [slot, value] : llvm::zip_equal(site.slots, state.slots))
    emitter.setRoot(slot, Emitted::tensor(value));
  for (auto [counter, value] : llvm::zip_equal(site.counters, state.counters))
    emitter.setRoot(counter, Emitted::tensor(value));
}

void TrainEntry::addMetric(StringRef wanted, Value value) {
  if (!loopMetrics.empty()) {
    loopMetrics.back().push_back({wanted.str(), value});
    return;
  }
  std::string name = wanted.str();
  for (unsigned number = 2;
       llvm::any_of(metrics, [&](const auto &m) { return m.first == name; });
       ++number)
    name = (wanted + "." + Twine(number)).str();
  metrics.push_back({name, value});
}

/// `repeat n { … }`: a loop that carries all roots. Its batches are arguments
/// with the rounds in front; of what it logs the last round's value stays.
void TrainEntry::repeat(Emitter &, const core::RepeatSteps &s) {
  SizeExpr trip = module.types.size(s.round->extent);
  ScanBuilder scan(emitter, trip, s.round, false, {});
  emitter.loopValues[s.round] = scan.round();
  int64_t outer = batches;
  batches *= *trip.getConstant();
  repeats.push_back(&scan);
  trips.push_back(trip);
  loopMetrics.emplace_back();
  emitter.run(s.statements);
  auto logged = loopMetrics.pop_back_val();
  trips.pop_back();
  repeats.pop_back();
  batches = outer;
  SmallVector<Value> rows;
  for (auto &[name, value] : logged)
    rows.push_back(value);
  ScanBuilder::Results results = scan.end({}, rows);
  for (auto [metric, stack] : llvm::zip_equal(logged, results.stacks)) {
    Value last = b.slice(stack, 0, *trip.getConstant() - 1, SizeExpr(1));
    addMetric(metric.first, b.dropAxis(last, 0));
  }
}

/// In a `repeat` the argument holds all batches, and the round reads its own.
Value TrainEntry::column(Type type, StringRef attribute, StringRef source) {
  Type all = graph::withLeadingSizes(llvm::cast<RankedTensorType>(type), trips);
  Value value = argument(all, attribute, source);
  for (ScanBuilder *loop : repeats)
    value = loop->row(value);
  return value;
}

//===----------------------------------------------------------------------===//
// The entry
//===----------------------------------------------------------------------===//

FlatSymbolRefAttr TrainEntry::emit(const core::StagePlan &stage) {
  emitter.run(stage.body);
  for (const core::ReportPlan &report : stage.reports)
    if (!report.on)
      addMetric(report.name, b.convert(emitter.emitScalar(report.result),
                                       module.types.real()));
  for (Stored &variable : stored) {
    Value value = emitter.implode(emitter.roots[variable.root]);
    if (value != variable.before)
      Entry::store(value, variable.name);
  }
  for (auto &[name, value] : metrics)
    result(value, "program.metric", name);
  return finish();
}

ArrayAttr TrainEntry::metricAttrs(const core::StagePlan &stage) {
  SmallVector<Attribute> list;
  for (auto &[name, value] : metrics) {
    int64_t every = 1;
    for (const core::ReportPlan &report : stage.reports)
      if (!report.on && report.name == name)
        every = report.every;
    list.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("name", b.getStringAttr(name)),
         b.getNamedAttr("every", b.getI64IntegerAttr(every))}));
  }
  return b.getArrayAttr(list);
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

DictionaryAttr ModuleEmitter::emitStage(const core::TrainPlan &plan,
                                        const core::StagePlan &stage) {
  std::string prefix =
      plan.name.str() + (stage.name.empty() ? "" : "." + stage.name.str());
  TrainEntry entry(*this, plan, stage, prefix + ".step");
  FlatSymbolRefAttr step = entry.emit(stage);
  OpBuilder builder(module.getContext());
  SmallVector<NamedAttribute> attributes;
  auto add = [&](StringRef name, Attribute value) {
    attributes.push_back(builder.getNamedAttr(name, value));
  };
  add("name", builder.getStringAttr(stage.name));
  add("step", step);
  if (stage.steps)
    add("steps", builder.getI64IntegerAttr(stage.steps));
  if (stage.epochs)
    add("epochs", builder.getI64IntegerAttr(stage.epochs));
  SmallVector<Attribute> feeds, reports;
  for (const FeedingEntry::Feed &feed : entry.feeds)
    feeds.push_back(entry.feedAttr(feed));
  for (const core::ReportPlan &report : stage.reports)
    if (report.on)
      reports.push_back(emitReport(report, prefix, plan));
  add("feeds", builder.getArrayAttr(feeds));
  add("reports", builder.getArrayAttr(reports));
  add("metrics", entry.metricAttrs(stage));
  add("fresh", builder.getArrayAttr(entry.fresh));
  if (stage.keep)
    add("keep", keepAttr(*stage.keep));
  if (FlatSymbolRefAttr final = emitFinal(entry, prefix, stage))
    add("final", final);
  if (FlatSymbolRefAttr init = emitBatchInit(plan, stage, prefix))
    add("batch_init", init);
  return builder.getDictionaryAttr(attributes);
}

DictionaryAttr ModuleEmitter::keepAttr(const core::KeepPlan &keep) {
  OpBuilder builder(module.getContext());
  SmallVector<NamedAttribute> attributes{
      builder.getNamedAttr("report", builder.getStringAttr(keep.report)),
      builder.getNamedAttr(
          "best", builder.getStringAttr(keep.lowest ? "lowest" : "highest"))};
  if (keep.patience)
    attributes.push_back(builder.getNamedAttr(
        "patience", builder.getI64IntegerAttr(*keep.patience)));
  return builder.getDictionaryAttr(attributes);
}

void ModuleEmitter::emitTrain(const core::TrainPlan &plan) {
  std::string name = uniqueName(plan.name);
  SmallVector<Attribute> stages;
  for (const core::StagePlan &stage : plan.stages)
    stages.push_back(emitStage(plan, stage));
  OpBuilder builder = atEnd();
  SmallVector<NamedAttribute> attributes{
      builder.getNamedAttr("model", builder.getStringAttr(plan.model->name)),
      builder.getNamedAttr("stages", builder.getArrayAttr(stages))};
  if (plan.from)
    attributes.push_back(
        builder.getNamedAttr("from", builder.getStringAttr(plan.from->name)));
  if (!plan.doc.empty())
    attributes.push_back(
        builder.getNamedAttr("doc", builder.getStringAttr(plan.doc)));
  makePlan<program::TrainOp>(types.loc(plan.range), name, attributes);
}

} // namespace lamina::irgen
