// SPDX-License-Identifier: Apache-2.0
//
// A pipeline applied to its leaves.
//
// Operands into leaves, the stages in lock step, the step itself. What passes
// hold back is in PipelinePasses.cpp.

#include "passes/Graph/PipelineExpansion.h"

#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace lamina;
using optim::StageOp;

unsigned PipelineExpansion::getCounter(unsigned place, const Leaf &leaf) const {
  for (auto [index, counter] : llvm::enumerate(counterList))
    if (counter.place == place &&
        llvm::is_contained(counter.leaves, leaf.number))
      return index;
  llvm_unreachable("every stage has a counter");
}

Value PipelineExpansion::getScalar(StringRef name) const {
  auto it = scalars.find(name.str());
  return it == scalars.end() ? Value() : it->second;
}

/// A stack of stacks as one stack.
static Value joinStacks(OpBuilder &builder, Location loc, Value value,
                        int64_t depth) {
  auto type = cast<RankedTensorType>(value.getType());
  if (depth <= 1)
    return value;
  graph::Shape shape = graph::getShape(type), joined;
  joined.push_back(graph::getElementCount(ArrayRef(shape).take_front(depth)));
  llvm::append_range(joined, ArrayRef(shape).drop_front(depth));
  return graph::ReshapeOp::create(
      builder, loc, graph::getTensorType(joined, type.getElementType()), value);
}

/// Reads the column of a leaf and says how its weight is stacked.
LogicalResult PipelineExpansion::loadLeaf(Leaf &leaf, Value weight,
                                          SymbolTable &symbols) {
  StageOp first;
  for (auto row : pipeline.getStages().getAsRange<ArrayAttr>()) {
    auto symbol = dyn_cast<FlatSymbolRefAttr>(row[leaf.number]);
    StageOp stage =
        symbol ? symbols.lookup<StageOp>(symbol.getValue()) : StageOp();
    leaf.stages.push_back(stage);
    if (!first)
      first = stage;
  }
  auto type = cast<RankedTensorType>(weight.getType());
  weightTypes.push_back(type);
  int64_t depth = 0;
  if (pipeline.getStacked()[leaf.number])
    depth = first ? type.getRank() -
                        cast<RankedTensorType>(first.getWeight()).getRank()
                  : 1;
  Type row = type;
  if (depth > 0) {
    Value whole = joinStacks(*builder, loc, weight, depth);
    graph::Shape shape = graph::getShape(whole);
    leaf.code = LeafCode(shape.front());
    leaf.w = leaf.code.wrapWhole(whole);
    row = graph::getTensorType(ArrayRef(shape).drop_front(),
                               type.getElementType());
  } else {
    leaf.w = {weight};
  }
  for (StageOp stage : leaf.stages)
    if (stage && stage.getWeight() != row)
      return pipeline.emitError("leaf ")
             << pipeline.getLeaves()[leaf.number] << " is " << row
             << ", but its stage '" << stage.getSymName() << "' is for "
             << stage.getWeight();
  return success();
}

/// Slots come by place, then by leaf, then as their stage declares them.
void PipelineExpansion::loadSlots(OperandRange slots) {
  unsigned next = 0;
  for (unsigned place = 0, e = pipeline.getStages().size(); place < e; ++place)
    for (Leaf &leaf : leaves) {
      SmallVector<LeafValue> &own = leaf.slots.emplace_back();
      StageOp stage = leaf.stages[place];
      for (unsigned i = 0; stage && i < stage.getNumSlots(); ++i) {
        Value slot = slots[next++];
        auto type = cast<RankedTensorType>(slot.getType());
        slotTypes.push_back(type);
        int64_t depth = type.getRank() -
                        cast<RankedTensorType>(stage.getSlotType(i)).getRank();
        own.push_back(
            leaf.code.wrapWhole(joinStacks(*builder, loc, slot, depth)));
      }
    }
}

template <class Op>
LogicalResult PipelineExpansion::load(Op op, SymbolTable &symbols) {
  for (auto [name, value] :
       llvm::zip_equal(op.getScalarNames().template getAsRange<StringAttr>(),
                       op.getScalars()))
    scalars[name.getValue().str()] = value;
  counters.assign(op.getCounters().begin(), op.getCounters().end());
  times.resize(counters.size());
  runs.resize(counters.size());
  leaves.resize(op.getWeights().size());
  for (auto [number, leaf, weight] : llvm::enumerate(leaves, op.getWeights())) {
    leaf.number = number;
    leaf.rowsAt.resize(pipeline.getStages().size());
    if (failed(loadLeaf(leaf, weight, symbols)))
      return failure();
  }
  loadSlots(op.getSlots());
  return success();
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

/// Binds the arguments of a region of a stage.
Running PipelineExpansion::begin(Leaf &leaf, unsigned place, Block *block,
                                 bool isStep) {
  StageOp stage = leaf.stages[place];
  Running running{&leaf, block, block->begin(), DenseMap<Value, LeafValue>()};
  SmallVector<LeafValue> given;
  if (isStep)
    given.push_back(leaf.g);
  unsigned counter = getCounter(place, leaf);
  Value t = times[counter] ? times[counter] : counters[counter];
  for (const LeafValue &value : {leaf.w, leaf.rate, LeafValue{t}})
    given.push_back(value);
  llvm::append_range(given, leaf.slots[place]);
  for (auto name : stage.getScalarNames().getAsRange<StringAttr>())
    given.push_back({getScalar(name.getValue())});
  for (auto [arg, value] : llvm::zip_equal(block->getArguments(), given))
    running.values[arg] = value;
  return running;
}

/// Writes ops of a stage up to the next total or to the end.
void PipelineExpansion::runUntilTotal(Running &stage) {
  LeafCode &code = stage.leaf->code;
  for (; !isa<optim::TotalOp, optim::YieldOp>(*stage.next); ++stage.next) {
    Operation &op = *stage.next;
    OpBuilder &at = code.getBuilder(*builder, op.getLoc());
    IRMapping mapping;
    for (Value operand : op.getOperands())
      mapping.map(operand, code.use(stage.values[operand]));
    Operation *copy = at.clone(op, mapping);
    for (auto [from, to] : llvm::zip_equal(op.getResults(), copy->getResults()))
      stage.values[from] = code.wrap(to);
  }
}

/// What one leaf adds to a total; of stacked weights the sum over all copies.
Value PipelineExpansion::sumOverCopies(const Leaf &leaf,
                                       const LeafValue &partial,
                                       optim::TotalOp total) {
  if (!leaf.code.isStacked())
    return partial.value;
  Value value = partial.value;
  auto type = cast<RankedTensorType>(total.getType());
  // A partial value that reads nothing of the weight is the same for all.
  if (partial.kind == LeafValue::Shared)
    value = graph::BroadcastOp::create(
        *builder, total.getLoc(),
        graph::withLeadingSizes(type, {leaf.code.getCopies()}), value,
        llvm::to_vector(llvm::seq<int64_t>(1, type.getRank() + 1)));
  return graph::ReduceOp::create(*builder, total.getLoc(), type,
                                 graph::ReduceKind::Sum, value,
                                 ArrayRef<int64_t>{0});
}

/// Adds the operands of the totals at which all stages stand.
LogicalResult PipelineExpansion::addUp(MutableArrayRef<Running> running) {
  Value sum;
  for (Running &stage : running) {
    Leaf &leaf = *stage.leaf;
    auto total = dyn_cast<optim::TotalOp>(*stage.next);
    if (!total)
      return pipeline.emitError("the stages at one place have different "
                                "numbers of totals");
    LeafValue partial = stage.values[total.getX()];
    if (leaf.whole) {
      // A weight that is held back adds 0.
      OpBuilder &at = leaf.code.getBuilder(*builder, total.getLoc());
      Value value = leaf.code.use(partial);
      Value zero = arith::ConstantOp::create(
          at, total.getLoc(), cast<TypedAttr>(at.getZeroAttr(value.getType())));
      partial = leaf.code.wrap(select(leaf, leaf.whole, value, zero));
    }
    SmallVector<LeafValue *> live = leaf.getValues();
    // What the rest of the stage reads crosses the total, and no more.
    for (Operation &op :
         llvm::make_range(std::next(stage.next), stage.block->end()))
      for (Value operand : op.getOperands())
        if (auto it = stage.values.find(operand); it != stage.values.end())
          live.push_back(&it->second);
    live.push_back(&partial);
    leaf.code.close(*builder, live);
    Value value = sumOverCopies(leaf, partial, total);
    sum =
        sum ? Value(arith::AddFOp::create(*builder, total.getLoc(), sum, value))
            : value;
  }
  for (Running &stage : running) {
    stage.values[cast<optim::TotalOp>(*stage.next).getResult()] = {sum};
    ++stage.next;
  }
  return success();
}

/// Takes over what a step has yielded.
LogicalResult PipelineExpansion::finishStage(Running &stage, unsigned place) {
  Leaf &leaf = *stage.leaf;
  auto yield = cast<optim::YieldOp>(*stage.next);
  leaf.g = stage.values[yield.getValue()];
  if (yield.getRate())
    leaf.rate = stage.values[yield.getRate()];
  for (auto [slot, value] :
       llvm::zip_equal(leaf.slots[place], yield.getSlots())) {
    LeafValue made = stage.values[value];
    for (const LeafValue &mask : {leaf.rows, leaf.whole}) {
      if (!mask)
        continue;
      leaf.code.getBuilder(*builder, yield.getLoc());
      Value kept = select(leaf, mask, leaf.code.use(made), leaf.code.use(slot));
      if (!kept)
        return yield.emitError("a slot of type ")
               << value.getType() << " cannot be held back by rows of "
               << mask.value.getType();
      made = leaf.code.wrap(kept);
    }
    slot = made;
  }
  leaf.rowsAt[place] = leaf.rows;
  if (yield.getPass() && !optim::hasHostPass(leaf.stages[place]))
    leaf.rows = both(leaf, leaf.rows, stage.values[yield.getPass()]);
  return success();
}

/// `mask` has leading axes of the values, or all, or none.
Value PipelineExpansion::select(Leaf &leaf, const LeafValue &mask, Value taken,
                                Value other) {
  OpBuilder &at = leaf.code.getBuilder(*builder, loc);
  Value condition = leaf.code.use(mask);
  auto type = cast<RankedTensorType>(taken.getType());
  auto rows = cast<RankedTensorType>(condition.getType());
  graph::Shape shape = graph::getShape(type);
  if (rows.getRank() > type.getRank() ||
      ArrayRef(graph::getShape(rows)) !=
          ArrayRef(shape).take_front(rows.getRank()))
    return {};
  if (rows.getRank() < type.getRank())
    condition = graph::BroadcastOp::create(
        at, loc, graph::withElementType(type, rows.getElementType()), condition,
        llvm::to_vector(llvm::seq<int64_t>(0, rows.getRank())));
  return arith::SelectOp::create(at, loc, condition, taken, other);
}

/// Where both masks are true; null stands for everywhere. The mask with fewer
/// axes is widened.
LeafValue PipelineExpansion::both(Leaf &leaf, const LeafValue &a,
                                  const LeafValue &b) {
  if (!a || !b)
    return a ? a : b;
  OpBuilder &at = leaf.code.getBuilder(*builder, loc);
  Value left = leaf.code.use(a), right = leaf.code.use(b);
  if (cast<RankedTensorType>(left.getType()).getRank() >
      cast<RankedTensorType>(right.getType()).getRank())
    std::swap(left, right);
  auto type = cast<RankedTensorType>(right.getType());
  auto narrow = cast<RankedTensorType>(left.getType());
  if (narrow != type)
    left = graph::BroadcastOp::create(
        at, loc, type, left,
        llvm::to_vector(llvm::seq<int64_t>(0, narrow.getRank())));
  return leaf.code.wrap(arith::AndIOp::create(at, loc, left, right));
}

LogicalResult PipelineExpansion::runStages(unsigned place,
                                           ArrayRef<Leaf *> running) {
  SmallVector<Running> stages;
  auto scalar = RankedTensorType::get({}, builder->getI64Type());
  for (Leaf *leaf : running) {
    unsigned counter = getCounter(place, *leaf);
    if (!times[counter]) {
      Value one = arith::ConstantOp::create(
          *builder, loc, DenseElementsAttr::get(scalar, int64_t(1)));
      times[counter] =
          arith::AddIOp::create(*builder, loc, counters[counter], one);
      runs[counter] = leaf->whole.value;
    }
    for (auto name :
         leaf->stages[place].getScalarNames().getAsRange<StringAttr>())
      if (!getScalar(name.getValue()))
        return pipeline.emitError("stage '")
               << leaf->stages[place].getSymName() << "' reads the scalar '"
               << name.getValue() << "', which is not given";
    stages.push_back(begin(*leaf, place, leaf->stages[place].getStepBlock(),
                           /*isStep=*/true));
  }
  while (true) {
    for (Running &stage : stages)
      runUntilTotal(stage);
    if (llvm::all_of(stages, [](Running &stage) {
          return isa<optim::YieldOp>(*stage.next);
        }))
      break;
    if (failed(addUp(stages)))
      return failure();
  }
  for (Running &stage : stages)
    if (failed(finishStage(stage, place)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

/// `made` where the masks say that the leaf runs; null after one that does not
/// fit.
Value PipelineExpansion::hold(Leaf &leaf, Value made, Value old,
                              const LeafValue &rows) {
  for (const LeafValue &mask : {rows, leaf.whole})
    if (mask && made)
      made = select(leaf, mask, made, old);
  return made;
}

/// What the stage at `place` does after the step.
LogicalResult PipelineExpansion::runAfter(Leaf &leaf, unsigned place) {
  StageOp stage = leaf.stages[place];
  if (!stage || !stage.getAfterBlock())
    return success();
  Running after = begin(leaf, place, stage.getAfterBlock(), false);
  runUntilTotal(after);
  auto yield = cast<optim::YieldOp>(*after.next);
  const LeafValue &rows = leaf.rowsAt[place];
  auto take = [&](LeafValue &to, Value from) -> LogicalResult {
    leaf.code.getBuilder(*builder, loc);
    Value made =
        hold(leaf, leaf.code.use(after.values[from]), leaf.code.use(to), rows);
    if (!made)
      return yield.emitError("a pass does not have leading axes of ")
             << from.getType();
    to = leaf.code.wrap(made);
    return success();
  };
  if (failed(take(leaf.w, yield.getValue())))
    return failure();
  for (auto [slot, value] :
       llvm::zip_equal(leaf.slots[place], yield.getSlots()))
    if (failed(take(slot, value)))
      return failure();
  return success();
}

/// The step of one leaf and what stages do after it.
LogicalResult PipelineExpansion::finish(Leaf &leaf) {
  OpBuilder &at = leaf.code.getBuilder(*builder, loc);
  Value w = leaf.code.use(leaf.w), h = leaf.code.use(leaf.g);
  Value rate = leaf.code.use(leaf.rate);
  rate = graph::BroadcastOp::create(at, loc, w.getType(), rate,
                                    ArrayRef<int64_t>{});
  Value step = arith::MulFOp::create(at, loc, rate, h);
  Value moved = arith::SubFOp::create(at, loc, w, step);
  moved = hold(leaf, moved, w, leaf.rows);
  if (!moved)
    return pipeline.emitError("a pass does not have leading axes of the weight "
                              "'")
           << pipeline.getLeaves()[leaf.number] << "'";
  leaf.w = leaf.code.wrap(moved);

  for (unsigned place = 0; place < leaf.stages.size(); ++place)
    if (failed(runAfter(leaf, place)))
      return failure();
  SmallVector<LeafValue *> kept{&leaf.w};
  for (auto &slots : leaf.slots)
    for (LeafValue &slot : slots)
      kept.push_back(&slot);
  leaf.code.close(*builder, kept);
  return success();
}

LogicalResult PipelineExpansion::runFrom(unsigned place,
                                         SmallVector<Leaf *> all) {
  for (unsigned e = pipeline.getStages().size(); place < e; ++place) {
    SmallVector<Leaf *> here;
    for (Leaf *leaf : all)
      if (leaf->stages[place])
        here.push_back(leaf);
    if (here.empty())
      continue;
    if (failed(runStages(place, here)) || failed(applyPasses(place, all)))
      return failure();
  }
  for (Leaf *leaf : all)
    if (failed(finish(*leaf)))
      return failure();
  return success();
}

/// Splits what was joined, if it was.
static Value restore(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return graph::ReshapeOp::create(builder, loc, type, value);
}

LogicalResult PipelineExpansion::run(optim::ApplyOp op, SymbolTable &symbols) {
  if (failed(load(op, symbols)))
    return failure();
  SmallVector<Leaf *> all;
  for (auto [leaf, gradient] : llvm::zip_equal(leaves, op.getGradients())) {
    Type row = leaf.w.value.getType();
    Value g = restore(*builder, loc, gradient, row);
    leaf.g = leaf.code.wrapWhole(g);
    auto scalar =
        RankedTensorType::get({}, cast<RankedTensorType>(row).getElementType());
    leaf.rate = {arith::ConstantOp::create(
        *builder, loc,
        DenseElementsAttr::get(
            scalar, builder->getFloatAttr(scalar.getElementType(), 1.0)))};
    all.push_back(&leaf);
  }
  if (failed(runFrom(0, all)))
    return failure();

  SmallVector<Value> results;
  for (auto [leaf, type] : llvm::zip_equal(leaves, weightTypes))
    results.push_back(restore(*builder, loc, leaf.w.value, type));
  unsigned next = 0;
  for (unsigned place = 0; place < pipeline.getStages().size(); ++place)
    for (Leaf &leaf : leaves)
      for (LeafValue &slot : leaf.slots[place])
        results.push_back(
            restore(*builder, loc, slot.value, slotTypes[next++]));
  for (unsigned index = 0; index < counters.size(); ++index) {
    Value time = times[index];
    if (time && runs[index])
      time = arith::SelectOp::create(*builder, loc, runs[index], time,
                                     counters[index]);
    results.push_back(time ? time : counters[index]);
  }
  op.replaceAllUsesWith(results);
  op.erase();
  return success();
}

LogicalResult PipelineExpansion::runFinal(optim::FinalOp op,
                                          SymbolTable &symbols) {
  if (failed(load(op, symbols)))
    return failure();
  SmallVector<Value> results;
  for (auto [leaf, type] : llvm::zip_equal(leaves, weightTypes)) {
    std::optional<unsigned> last;
    for (auto [place, stage] : llvm::enumerate(leaf.stages))
      if (stage && stage.getFinalBlock())
        last = place;
    if (last) {
      StageOp stage = leaf.stages[*last];
      if (!stage.getFinalBlock()->getArgument(1).use_empty())
        return stage.emitError("what stands for the weight in evaluation "
                               "cannot depend on the rate of a step");
      auto scalar = RankedTensorType::get(
          {}, cast<RankedTensorType>(leaf.w.value.getType()).getElementType());
      leaf.rate = {arith::ConstantOp::create(
          *builder, loc, cast<TypedAttr>(builder->getZeroAttr(scalar)))};
      Running final = begin(leaf, *last, stage.getFinalBlock(), false);
      runUntilTotal(final);
      leaf.w = final.values[cast<optim::YieldOp>(*final.next).getValue()];
      leaf.code.close(*builder, leaf.getValues());
    }
    results.push_back(restore(*builder, loc, leaf.w.value, type));
  }
  op.replaceAllUsesWith(results);
  op.erase();
  return success();
}
