// SPDX-License-Identifier: Apache-2.0
//
// Values over a whole split, final weights.
//
// A report on another split is two entries: one a batch, which adds up its
// outermost means, sums and counts or appends what a metric sees, and one at
// the end, which does the rest once.

#include "dialects/Program/ProgramOps.h"
#include "frontend/IRGen/TrainEntry.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

namespace {

using Part = core::ReportPlan::Part;

std::string accumulatorName(StringRef report, unsigned part, StringRef what) {
  return (report + "." + Twine(part) + what).str();
}

class ReportEntry : public FeedingEntry {
public:
  ReportEntry(ModuleEmitter &module, StringRef name, Range range,
              StringRef prefix)
      : FeedingEntry(module, name, "report", range), prefix(prefix) {}

  Emitted trainState(Emitter &, const core::TrainState &state) override {
    std::string name =
        module.stateVariables(state, (prefix + "." + state.name).str());
    if (!state.type.isTree())
      return Emitted::tensor(load(module.types.tensor(state.type), name));
    return Emitted::tree(load(module.treeType(*state.type.slot), name),
                         state.type.slot);
  }

  FlatSymbolRefAttr emit(const core::ReportPlan &report, StringRef name) {
    emitter.run(report.body);
    for (auto [number, part] : llvm::enumerate(report.parts))
      emitPart(part, name, number);
    return finish();
  }

private:
  Value sumOfAll(Value x) {
    SmallVector<int64_t> axes(rankOf(x));
    std::iota(axes.begin(), axes.end(), 0);
    return b.reduce(graph::ReduceKind::Sum, b.convert(x, module.types.real()),
                    axes);
  }

  void emitPart(const Part &part, StringRef name, unsigned number) {
    Value value = emitter.emit(part.value).plain();
    if (part.kind == Part::Append) {
      result(value, "program.append", accumulatorName(name, number, ""));
      return;
    }
    result(sumOfAll(value), "program.add",
           accumulatorName(name, number, ".sum"));
    if (part.kind != Part::Mean)
      return;
    Value count;
    if (part.weight) {
      count = sumOfAll(emitter.emit(part.weight).plain());
    } else {
      SizeExpr elements = graph::getElementCount(graph::getShape(value));
      count = b.sizeValue(elements, module.types.real());
    }
    result(count, "program.add", accumulatorName(name, number, ".count"));
  }

  StringRef prefix;
};

class FinishEntry : public Entry {
public:
  FinishEntry(ModuleEmitter &module, StringRef name, Range range)
      : Entry(module, name, "finish", range) {}

  FlatSymbolRefAttr emit(const core::ReportPlan &report, StringRef name) {
    for (auto [number, part] : llvm::enumerate(report.parts))
      emitter.define(part.whole, Emitted::tensor(whole(part, name, number)));
    emitter.run(report.after);
    result(b.convert(emitter.emitScalar(report.result), module.types.real()),
           "program.metric", report.name);
    return finish();
  }

private:
  Value whole(const Part &part, StringRef name, unsigned number) {
    const Types &types = module.types;
    if (part.kind == Part::Append)
      return argument(types.tensor(part.whole->type), "program.append",
                      accumulatorName(name, number, ""));
    Type real = types.scalar(types.real());
    Value sum =
        argument(real, "program.add", accumulatorName(name, number, ".sum"));
    if (part.kind != Part::Mean)
      return b.convert(sum, types.element(part.whole->type.elem));
    Value count =
        argument(real, "program.add", accumulatorName(name, number, ".count"));
    return b.divide(
        sum, b.make<arith::MaximumFOp>(count, b.number(types.real(), 1)));
  }
};

} // namespace

FlatSymbolRefAttr ModuleEmitter::emitReport(const core::ReportPlan &report,
                                            StringRef prefix,
                                            const core::TrainPlan &plan) {
  std::string name = uniqueName((prefix + "." + report.name).str());
  ReportEntry batchEntry(*this, name + ".batch", report.range, plan.name);
  FlatSymbolRefAttr batch = batchEntry.emit(report, name);
  FlatSymbolRefAttr finish =
      FinishEntry(*this, name + ".finish", report.range).emit(report, name);
  OpBuilder builder = atEnd();
  SmallVector<NamedAttribute> attributes{
      builder.getNamedAttr("name", builder.getStringAttr(report.name)),
      builder.getNamedAttr("batch", batch),
      builder.getNamedAttr("finish", finish),
      builder.getNamedAttr(
          "every", report.everyEpoch ? Attribute(builder.getStringAttr("epoch"))
                                     : builder.getI64IntegerAttr(report.every)),
      builder.getNamedAttr("line",
                           builder.getStringAttr(types.line(report.range)))};
  if (!batchEntry.feeds.empty())
    attributes.push_back(builder.getNamedAttr(
        "feed", batchEntry.feedAttr(batchEntry.feeds.front())));
  makePlan<program::ReportOp>(types.loc(report.range), name, attributes);
  return FlatSymbolRefAttr::get(builder.getContext(), name);
}

//===----------------------------------------------------------------------===//
// Final weights
//===----------------------------------------------------------------------===//

/// Puts what evaluation uses in place of the weights into derived variables.
/// Null if no stage sets `final`.
FlatSymbolRefAttr ModuleEmitter::emitFinal(TrainEntry &step, StringRef prefix,
                                           const core::StagePlan &stage) {
  std::unique_ptr<Entry> entry;
  for (auto &[minimize, site] : step.sites) {
    const core::PipelineInstance &pipeline = *minimize->pipeline;
    bool hasFinal = llvm::any_of(
        pipeline.rows, [&](const core::PipelineInstance::Row &row) {
          return llvm::any_of(row.stages, [&](const core::StageInstance *s) {
            return s && this->stage(*s).hasFinal;
          });
        });
    if (!hasFinal)
      continue;
    if (!entry)
      entry = std::make_unique<Entry>(*this, (prefix + ".final").str(), "final",
                                      stage.range);
    emitFinalOf(*entry, *minimize, site);
  }
  return entry ? entry->finish() : FlatSymbolRefAttr();
}

void ModuleEmitter::emitFinalOf(Entry &entry, const core::Minimize &minimize,
                                const MinimizeSite &site) {
  SmallVector<Value> weights;
  StringRef model = minimize.model->name;
  PipelineState state{site.weights, {}, {}};
  for (const Weight &weight : site.weights)
    weights.push_back(
        entry.load(weightType(weight), (model + "." + weight.treePath).str()));
  for (const TrainVariable *slot : site.slots)
    state.slots.push_back(entry.load(slot->type, slot->name));
  for (const TrainVariable *counter : site.counters)
    state.counters.push_back(entry.load(counter->type, counter->name));
  ValueRange final =
      entry.emitter.finalWeights(*minimize.pipeline, weights, state);
  for (auto [weight, value] : llvm::zip_equal(site.weights, final))
    entry.store(value, finalVariable(model, weight));
}

/// The derived variable that evaluation reads in place of a weight.
std::string ModuleEmitter::finalVariable(StringRef model,
                                         const Weight &weight) {
  std::string name = ("final." + model + "." + weight.treePath).str();
  if (!taken.insert(name).second)
    return name;
  OpBuilder builder = atEnd();
  std::string source = (model + "." + weight.treePath).str();
  RankedTensorType type = weightType(weight);
  emitVariable(types.loc(weight.member->range), name, type, "derived",
               numberAttr(type.getElementType(), 0), weight.path.str(),
               !weight.copies.empty());
  module.getBody()->back().setAttr(
      "of", FlatSymbolRefAttr::get(builder.getContext(), source));
  return name;
}

} // namespace lamina::irgen
