// SPDX-License-Identifier: Apache-2.0
//
// Stages and pipelines of optimizers.
//
// One `optim.stage` for each stage and type of weight, one `optim.pipeline` for
// each `minimize`.

#include "dialects/Optim/OptimOps.h"
#include "frontend/IRGen/ModuleEmitter.h"

using namespace mlir;

namespace lamina::irgen {

namespace {

/// Emits the regions of one stage. They have the same arguments but for the
/// gradient, and a number that one of them asks for becomes one of all.
class StageEmitter : public Surroundings {
public:
  StageEmitter(ModuleEmitter &module, const core::StageInstance &stage,
               ModuleEmitter::StageInfo &info)
      : module(module), types(module.types), stage(stage), info(info),
        weightType(types.tensor(stage.weight->type)) {
    collectSlots();
  }

  void emit();

  Value scalar(Emitter &emitter, const core::Scalar &scalar) override {
    auto *known = llvm::find(info.scalars, &scalar);
    unsigned number = known - info.scalars.begin();
    if (known == info.scalars.end()) {
      info.scalars.push_back(&scalar);
      for (Block *block : blocks)
        block->addArgument(types.scalar(types.real()), types.loc(scalar.range));
    }
    Block *block = emitter.b.getInsertionBlock();
    return block->getArgument(block->getNumArguments() - info.scalars.size() +
                              number);
  }

  Value drawKey(Emitter &, StringRef, Ambient &) override {
    llvm_unreachable("Sema refuses draws in stages");
  }

private:
  void collectSlots();
  optim::StageOp createOp();
  Block *addBlock(Region &region, bool isStep);
  void enter(Emitter &emitter, Block *block, bool isStep);
  SmallVector<Value> slots(Emitter &emitter);
  void emitStep(Block *block);
  void emitAfter(Block *block);
  void emitFinal(Block *block);
  Value likeWeight(Emitter &emitter, const Emitted &value);

  ModuleEmitter &module;
  Types &types;
  const core::StageInstance &stage;
  ModuleEmitter::StageInfo &info;
  RankedTensorType weightType;
  SmallVector<Block *, 3> blocks;
};

void StageEmitter::collectSlots() {
  for (const core::StageInstance::SlotInit &slot : stage.slots) {
    RankedTensorType type = types.tensor(slot.local->type);
    Attribute init;
    if (std::optional<double> number = writtenNumber(slot.init))
      init = module.numberAttr(type.getElementType(), *number);
    info.slotTypes.push_back(type);
    info.slotInits.push_back(init);
  }
}

optim::StageOp StageEmitter::createOp() {
  OpBuilder builder = module.atEnd();
  SmallVector<Attribute> names, inits, slotTypes;
  for (auto [slot, type, init] :
       llvm::zip_equal(stage.slots, info.slotTypes, info.slotInits)) {
    names.push_back(builder.getStringAttr(slot.local->name));
    inits.push_back(
        init ? init : FlatSymbolRefAttr::get(builder.getContext(), "init"));
    slotTypes.push_back(TypeAttr::get(type));
  }
  info.name = module.uniqueName(stage.name);
  return optim::StageOp::create(
      builder, types.loc(stage.range), builder.getStringAttr(info.name),
      TypeAttr::get(weightType), builder.getArrayAttr(names),
      builder.getArrayAttr(inits), builder.getArrayAttr(slotTypes),
      builder.getArrayAttr({}), builder.getArrayAttr({}));
}

Block *StageEmitter::addBlock(Region &region, bool isStep) {
  Block &block = region.emplaceBlock();
  Location loc = types.loc(stage.range);
  if (isStep)
    block.addArgument(weightType, loc);
  block.addArgument(weightType, loc);
  block.addArgument(types.scalar(types.real()), loc);
  block.addArgument(types.scalar(IntegerType::get(types.getContext(), 64)),
                    loc);
  for (RankedTensorType type : info.slotTypes)
    block.addArgument(type, loc);
  blocks.push_back(&block);
  return &block;
}

void StageEmitter::enter(Emitter &emitter, Block *block, bool isStep) {
  TensorBuilder &b = emitter.b;
  b.place = types.loc(stage.range);
  b.setInsertionPointToEnd(block);
  unsigned next = 0;
  if (isStep)
    emitter.define(stage.gradient, Emitted::tensor(block->getArgument(next++)));
  emitter.setRoot(stage.weight, Emitted::tensor(block->getArgument(next++)));
  emitter.define(stage.incomingRate,
                 Emitted::tensor(block->getArgument(next++)));
  Value count = block->getArgument(next++);
  if (stage.count)
    emitter.define(stage.count,
                   Emitted::tensor(b.convert(
                       count, types.element(stage.count->type.elem))));
  for (const core::StageInstance::SlotInit &slot : stage.slots)
    emitter.setRoot(slot.local, Emitted::tensor(block->getArgument(next++)));
}

SmallVector<Value> StageEmitter::slots(Emitter &emitter) {
  SmallVector<Value> values;
  for (const core::StageInstance::SlotInit &slot : stage.slots)
    values.push_back(emitter.roots[slot.local].plain());
  return values;
}

Value StageEmitter::likeWeight(Emitter &emitter, const Emitted &value) {
  TensorBuilder &b = emitter.b;
  Value real = b.convert(value.plain(), types.real());
  if (rankOf(real) == 0)
    return b.broadcast(real, graph::getShape(weightType), {});
  return real;
}

void StageEmitter::emitStep(Block *block) {
  Emitter emitter(module, *this);
  enter(emitter, block, /*isStep=*/true);
  emitter.run(stage.step);
  Value h = likeWeight(emitter, emitter.emit(stage.h)), rate, pass;
  TensorBuilder &b = emitter.b;
  if (stage.rate)
    rate = b.convert(emitter.emitScalar(stage.rate), types.real());
  if (stage.pass)
    pass = emitter.emit(stage.pass).plain();
  // A pass that keeps axes of the weight holds for all that stands behind them.
  if (pass && rankOf(pass) != 0) {
    SmallVector<int64_t> axes(stage.passAxes.begin(), stage.passAxes.end());
    pass = b.broadcast(pass, graph::getShape(weightType), axes);
  }
  b.make<optim::YieldOp>(h, rate, slots(emitter), pass);
}

void StageEmitter::emitAfter(Block *block) {
  Emitter emitter(module, *this);
  enter(emitter, block, /*isStep=*/false);
  emitter.run(stage.after);
  Value weight = emitter.roots[stage.weight].plain();
  emitter.b.make<optim::YieldOp>(weight, Value(), slots(emitter), Value());
}

/// Runs later, on slots that `after` has updated already: its names are defined
/// again, and what was given to a slot is what the slot holds.
void StageEmitter::emitFinal(Block *block) {
  Emitter emitter(module, *this);
  enter(emitter, block, /*isStep=*/false);
  for (core::Stmt *s : stage.after) {
    if (llvm::isa<core::Let>(s))
      emitter.run(s);
    auto *update = llvm::dyn_cast<core::Update>(s);
    auto *given =
        update ? llvm::dyn_cast<core::LocalRef>(update->value) : nullptr;
    if (given)
      emitter.define(given->local, emitter.emit(update->place));
  }
  Value value = likeWeight(emitter, emitter.emit(stage.final));
  emitter.b.make<optim::YieldOp>(value, Value(), ValueRange(), Value());
}

void StageEmitter::emit() {
  optim::StageOp op = createOp();
  Block *step = addBlock(op.getStep(), true), *after = nullptr,
        *final = nullptr;
  if (!stage.after.empty())
    after = addBlock(op.getAfter(), false);
  if (stage.final)
    final = addBlock(op.getFinal(), false);
  emitStep(step);
  if (after)
    emitAfter(after);
  if (final)
    emitFinal(final);
  info.hasFinal = final;
  OpBuilder builder(op);
  SmallVector<Attribute> names, scalarTypes;
  for (const core::Scalar *scalar : info.scalars) {
    names.push_back(builder.getStringAttr(module.scalarName(*scalar)));
    scalarTypes.push_back(TypeAttr::get(types.scalar(types.real())));
  }
  op.setScalarNamesAttr(builder.getArrayAttr(names));
  op.setScalarTypesAttr(builder.getArrayAttr(scalarTypes));
}

} // namespace

Emitted Emitter::emitTotal(const core::Total *e) {
  Emitted x = emit(e->operand);
  return Emitted::tensor(
      b.make<optim::TotalOp>(b.convert(x.plain(), types().real())));
}

const ModuleEmitter::StageInfo &
ModuleEmitter::stage(const core::StageInstance &stage) {
  auto [it, isNew] = stages.try_emplace(&stage);
  if (isNew)
    StageEmitter(*this, stage, it->second).emit();
  return it->second;
}

std::string ModuleEmitter::pipelineName(const core::PipelineInstance &pipeline,
                                        ArrayRef<Weight> weights) {
  std::string &name = pipelineNames[&pipeline];
  if (!name.empty())
    return name;
  OpBuilder symbols(module.getContext());
  SmallVector<Attribute> leaves, rows;
  SmallVector<bool> stacked;
  for (const Weight &weight : weights) {
    leaves.push_back(symbols.getStringAttr(weight.path.str()));
    stacked.push_back(!weight.copies.empty());
  }
  for (unsigned place = 0; place < pipeline.places.size(); ++place) {
    SmallVector<Attribute> cells;
    for (const core::PipelineInstance::Row &row : pipeline.rows) {
      const core::StageInstance *cell = row.stages[place];
      cells.push_back(cell ? Attribute(FlatSymbolRefAttr::get(
                                 module.getContext(), stage(*cell).name))
                           : symbols.getUnitAttr());
    }
    rows.push_back(symbols.getArrayAttr(cells));
  }
  name = uniqueName("pipeline");
  OpBuilder builder = atEnd();
  optim::PipelineOp::create(
      builder, types.loc(pipeline.range), name, builder.getArrayAttr(leaves),
      builder.getDenseBoolArrayAttr(stacked), builder.getArrayAttr(rows));
  return name;
}

} // namespace lamina::irgen
