//===- ApplyOptimizers.cpp - Optimizers as ops of GRAPH -------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// GRAPH with optim.apply -> GRAPH. All leaves go through the places of the
// pipeline side by side: at a `total` all stop, their partial sums are added,
// all go on. Where a pass holds back some leaves, everything behind it is a
// branch of these leaves.
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "dialects/Optim/Counters.h"
#include "passes/Graph/LeafCode.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace lamina {
#define GEN_PASS_DEF_APPLYOPTIMIZERSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using optim::StageOp;

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

namespace {

/// One weight on its way through the pipeline.
struct Leaf {
  unsigned number; ///< its column
  LeafCode code;
  SmallVector<StageOp> stages; ///< null where a group leaves a place out
  LeafValue w, g, rate;
  SmallVector<SmallVector<LeafValue>> slots; ///< by place
  /// Which rows run, as far as passes to the left hold back; for each place.
  LeafValue rows;
  SmallVector<LeafValue> rowsAt;
  /// Whether the weight runs at all, where that is no branch.
  LeafValue whole;

  SmallVector<LeafValue *> getValues() {
    SmallVector<LeafValue *> values{&w, &g, &rate, &rows, &whole};
    for (auto &list : slots)
      for (LeafValue &slot : list)
        values.push_back(&slot);
    for (LeafValue &value : rowsAt)
      values.push_back(&value);
    llvm::erase_if(values, [](LeafValue *value) { return !*value; });
    return values;
  }
};

/// A stage while its ops are written.
struct Running {
  Leaf *leaf;
  Block *block;
  Block::iterator next;
  DenseMap<Value, LeafValue> values;
};

class PipelineExpansion {
public:
  PipelineExpansion(OpBuilder &builder, Location loc,
                    optim::PipelineOp pipeline,
                    ArrayRef<optim::Counter> counterList)
      : builder(&builder), loc(loc), pipeline(pipeline),
        counterList(counterList) {}

  LogicalResult run(optim::ApplyOp op, SymbolTable &symbols);
  LogicalResult runFinal(optim::FinalOp op, SymbolTable &symbols);

private:
  template <class Op>
  LogicalResult load(Op op, SymbolTable &symbols);
  LogicalResult runFrom(unsigned place, SmallVector<Leaf *> leaves);
  LogicalResult runStages(unsigned place, ArrayRef<Leaf *> leaves,
                          ArrayRef<Leaf *> all);
  LogicalResult addUp(MutableArrayRef<Running> running);
  LogicalResult finishStage(Running &stage, unsigned place);
  LogicalResult applyPasses(unsigned place, SmallVector<Leaf *> &leaves);
  LogicalResult branch(Value predicate, unsigned place, ArrayRef<Leaf *> held);
  LogicalResult finish(Leaf &leaf);

  Running begin(Leaf &leaf, unsigned place, Block *block, bool isStep);
  void runUntilTotal(Running &stage);
  bool hasSharedTotal(unsigned place, ArrayRef<Leaf *> held,
                      ArrayRef<Leaf *> all);
  Value evaluatePass(StageOp stage, Value t);
  Value select(Leaf &leaf, const LeafValue &mask, Value taken, Value other);
  LeafValue both(Leaf &leaf, const LeafValue &a, const LeafValue &b);
  unsigned getCounter(unsigned place, const Leaf &leaf) const;
  Value getScalar(StringRef name) const;

  OpBuilder *builder;
  Location loc;
  optim::PipelineOp pipeline;
  ArrayRef<optim::Counter> counterList;
  SmallVector<Leaf, 0> leaves;
  SmallVector<Value> counters; ///< as they come in, then as they go out
  SmallVector<Value> times;    ///< t of the runs of this step; may be null
  SmallVector<Value> runs;     ///< whether a counter counts; null: always
  std::map<std::string, Value> scalars;
  SmallVector<Type> weightTypes; ///< before stacks of stacks were joined
  SmallVector<Type> slotTypes;
};

} // namespace

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
                        unsigned depth) {
  auto type = cast<RankedTensorType>(value.getType());
  if (depth <= 1)
    return value;
  graph::Shape shape = graph::getShape(type), joined;
  joined.push_back(graph::getElementCount(ArrayRef(shape).take_front(depth)));
  llvm::append_range(joined, ArrayRef(shape).drop_front(depth));
  return graph::ReshapeOp::create(
      builder, loc, graph::getTensorType(joined, type.getElementType()), value);
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
    StageOp first;
    for (auto row : pipeline.getStages().template getAsRange<ArrayAttr>()) {
      auto symbol = dyn_cast<FlatSymbolRefAttr>(row[number]);
      StageOp stage =
          symbol ? symbols.lookup<StageOp>(symbol.getValue()) : StageOp();
      leaf.stages.push_back(stage);
      if (!first)
        first = stage;
    }
    auto type = cast<RankedTensorType>(weight.getType());
    unsigned depth = 0;
    if (pipeline.getStacked()[number])
      depth = first ? type.getRank() -
                          cast<RankedTensorType>(first.getWeight()).getRank()
                    : 1;
    Value whole = joinStacks(*builder, loc, weight, depth);
    weightTypes.push_back(type);
    if (depth > 0)
      leaf.code = LeafCode(graph::getShape(whole).front());
    leaf.w = leaf.code.wrapWhole(whole);
    auto row = depth > 0 ? graph::getTensorType(
                               ArrayRef(graph::getShape(whole)).drop_front(),
                               type.getElementType())
                         : type;
    for (StageOp stage : leaf.stages)
      if (stage && stage.getWeight() != row)
        return op.emitError("leaf ")
               << number << " of '" << pipeline.getSymName() << "' is " << row
               << ", but its stage '" << stage.getSymName() << "' is for "
               << stage.getWeight();
  }
  unsigned next = 0;
  for (unsigned place = 0, e = pipeline.getStages().size(); place < e; ++place)
    for (Leaf &leaf : leaves) {
      SmallVector<LeafValue> &slots = leaf.slots.emplace_back();
      StageOp stage = leaf.stages[place];
      for (unsigned i = 0; stage && i < stage.getNumSlots(); ++i) {
        Value slot = op.getSlots()[next++];
        auto type = cast<RankedTensorType>(slot.getType());
        slotTypes.push_back(type);
        unsigned depth = type.getRank() -
                         cast<RankedTensorType>(stage.getSlotType(i)).getRank();
        slots.push_back(
            leaf.code.wrapWhole(joinStacks(*builder, loc, slot, depth)));
      }
    }
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
    Value value = partial.value;
    if (leaf.code.isStacked()) {
      auto type = cast<RankedTensorType>(total.getType());
      // A partial value that reads nothing of the weight is the same for all.
      if (partial.kind == LeafValue::Shared)
        value = graph::BroadcastOp::create(
            *builder, total.getLoc(),
            graph::withLeadingSizes(type, {leaf.code.getCopies()}), value,
            llvm::to_vector(llvm::seq<int64_t>(1, type.getRank() + 1)));
      value = graph::ReduceOp::create(*builder, total.getLoc(), type,
                                      graph::ReduceKind::Sum, value,
                                      ArrayRef<int64_t>{0});
    }
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
                                           ArrayRef<Leaf *> running,
                                           ArrayRef<Leaf *> all) {
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
// Passes
//===----------------------------------------------------------------------===//

/// The pass of a stage, made of t and scalars, outside of any scan.
Value PipelineExpansion::evaluatePass(StageOp stage, Value t) {
  IRMapping mapping;
  Block *block = stage.getStepBlock();
  mapping.map(block->getArgument(3), t);
  unsigned first = 4 + stage.getNumSlots();
  for (auto [number, name] :
       llvm::enumerate(stage.getScalarNames().getAsRange<StringAttr>()))
    mapping.map(block->getArgument(first + number), getScalar(name.getValue()));
  std::function<Value(Value)> make = [&](Value value) -> Value {
    if (Value made = mapping.lookupOrNull(value))
      return made;
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      make(operand);
    builder->clone(*op, mapping);
    return mapping.lookup(value);
  };
  return make(stage.getStepYield().getPass());
}

/// Whether a total to the right of `place` adds up leaves that are held back
/// and others.
bool PipelineExpansion::hasSharedTotal(unsigned place, ArrayRef<Leaf *> held,
                                       ArrayRef<Leaf *> all) {
  for (unsigned right = place + 1; right < pipeline.getStages().size();
       ++right) {
    bool hasTotal = false, anyHeld = false, anyOther = false;
    for (Leaf *leaf : all) {
      StageOp stage = leaf->stages[right];
      if (!stage)
        continue;
      hasTotal |= !stage.getStepBlock()->getOps<optim::TotalOp>().empty();
      (llvm::is_contained(held, leaf) ? anyHeld : anyOther) = true;
    }
    if (hasTotal && anyHeld && anyOther)
      return true;
  }
  return false;
}

/// Takes the leaves that a pass at `place` may hold back out of `all` and runs
/// the rest of their way as a branch.
LogicalResult PipelineExpansion::applyPasses(unsigned place,
                                             SmallVector<Leaf *> &all) {
  // Leaves with one counter have the same t, so the same predicate.
  std::map<unsigned, SmallVector<Leaf *>> groups;
  for (Leaf *leaf : all)
    if (StageOp stage = leaf->stages[place])
      if (optim::hasHostPass(stage))
        groups[getCounter(place, *leaf)].push_back(leaf);
  for (auto &group : groups) {
    unsigned counter = group.first;
    SmallVector<Leaf *> &held = group.second;
    Value predicate = evaluatePass(held.front()->stages[place], times[counter]);
    if (hasSharedTotal(place, held, all)) {
      for (Leaf *leaf : held)
        leaf->whole = {leaf->whole
                           ? Value(arith::AndIOp::create(
                                 *builder, loc, leaf->whole.value, predicate))
                           : predicate};
      continue;
    }
    if (failed(branch(predicate, place + 1, held)))
      return failure();
    llvm::erase_if(all,
                   [&](Leaf *leaf) { return llvm::is_contained(held, leaf); });
  }
  return success();
}

/// Runs `held` from `place` on where the predicate says so; where not, only
/// what the steps so far have made of the slots remains.
LogicalResult PipelineExpansion::branch(Value predicate, unsigned place,
                                        ArrayRef<Leaf *> held) {
  // What goes in: everything the leaves have, all counters, all scalars.
  SmallVector<Value *> inside;
  for (Leaf *leaf : held) {
    leaf->code.close(*builder, leaf->getValues());
    for (LeafValue *value : leaf->getValues())
      inside.push_back(&value->value);
  }
  for (Value &counter : counters)
    inside.push_back(&counter);
  for (Value &time : times)
    if (time)
      inside.push_back(&time);
  for (auto &[name, value] : scalars)
    inside.push_back(&value);
  SmallVector<Value> with;
  for (Value *value : inside)
    with.push_back(*value);

  // What comes out: weights, slots, counters to the right.
  SmallVector<Value *> outside;
  for (Leaf *leaf : held) {
    outside.push_back(&leaf->w.value);
    for (auto &slots : leaf->slots)
      for (LeafValue &slot : slots)
        outside.push_back(&slot.value);
  }
  SmallVector<unsigned> counted;
  for (auto [index, counter] : llvm::enumerate(counterList))
    if (counter.place >= place &&
        llvm::any_of(held, [&, &counter = counter](Leaf *leaf) {
          return llvm::is_contained(counter.leaves, leaf->number);
        }))
      counted.push_back(index);
  SmallVector<Type> types;
  SmallVector<unsigned> positions;
  for (Value *value : outside) {
    types.push_back(value->getType());
    positions.push_back(llvm::find(inside, value) - inside.begin());
  }
  unsigned firstCounter = llvm::find(inside, counters.data()) - inside.begin();
  for (unsigned index : counted) {
    types.push_back(counters[index].getType());
    positions.push_back(firstCounter + index);
  }

  auto cond = graph::CondOp::create(*builder, loc, types, predicate, with);
  OpBuilder taken(builder->getContext()), other(builder->getContext());
  taken.setInsertionPointToEnd(cond.getTakenBlock());
  other.setInsertionPointToEnd(cond.getOtherwiseBlock());
  SmallVector<Value> unchanged;
  for (unsigned position : positions)
    unchanged.push_back(cond.getOtherwiseBlock()->getArgument(position));
  graph::YieldOp::create(other, loc, unchanged);

  // The taken branch sees its arguments in place of everything.
  for (auto [value, arg] :
       llvm::zip_equal(inside, cond.getTakenBlock()->getArguments()))
    *value = arg;
  OpBuilder *around = std::exchange(builder, &taken);
  SmallVector<Value> before = times;
  if (failed(runFrom(place, SmallVector<Leaf *>(held.begin(), held.end()))))
    return failure();
  SmallVector<Value> results;
  for (Value *value : outside)
    results.push_back(*value);
  for (unsigned index : counted)
    results.push_back(times[index] ? times[index] : counters[index]);
  graph::YieldOp::create(taken, loc, results);
  builder = around;

  // Back outside.
  for (auto [value, operand] : llvm::zip_equal(inside, with))
    *value = operand;
  for (auto [index, time] : llvm::enumerate(times))
    if (!before[index])
      time = {};
  unsigned next = 0;
  for (Value *value : outside)
    *value = cond.getResult(next++);
  for (unsigned index : counted)
    counters[index] = cond.getResult(next++);
  return success();
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

/// The step of one leaf and what stages do after it.
LogicalResult PipelineExpansion::finish(Leaf &leaf) {
  OpBuilder &at = leaf.code.getBuilder(*builder, loc);
  Value w = leaf.code.use(leaf.w), h = leaf.code.use(leaf.g);
  Value rate = leaf.code.use(leaf.rate);
  rate = graph::BroadcastOp::create(at, loc, w.getType(), rate,
                                    ArrayRef<int64_t>{});
  Value step = arith::MulFOp::create(at, loc, rate, h);
  Value moved = arith::SubFOp::create(at, loc, w, step);
  auto hold = [&](Value made, Value old, const LeafValue &rows) -> Value {
    for (const LeafValue &mask : {rows, leaf.whole})
      if (mask && made)
        made = select(leaf, mask, made, old);
    return made;
  };
  moved = hold(moved, w, leaf.rows);
  if (!moved)
    return pipeline.emitError("a pass does not have leading axes of the weight "
                              "'")
           << pipeline.getLeaves()[leaf.number] << "'";
  leaf.w = leaf.code.wrap(moved);

  for (unsigned place = 0; place < leaf.stages.size(); ++place) {
    StageOp stage = leaf.stages[place];
    if (!stage || !stage.getAfterBlock())
      continue;
    Running after = begin(leaf, place, stage.getAfterBlock(), false);
    runUntilTotal(after);
    auto yield = cast<optim::YieldOp>(*after.next);
    const LeafValue &rows = leaf.rowsAt[place];
    auto take = [&](LeafValue &to, Value from) -> LogicalResult {
      leaf.code.getBuilder(*builder, loc);
      Value made =
          hold(leaf.code.use(after.values[from]), leaf.code.use(to), rows);
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
  }
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
    if (failed(runStages(place, here, all)) || failed(applyPasses(place, all)))
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
    leaf.rowsAt.resize(leaf.stages.size());
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

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ApplyOptimizers
    : lamina::impl::ApplyOptimizersPassBase<ApplyOptimizers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<Operation *> applied;
    getOperation().walk([&](Operation *op) {
      if (isa<optim::ApplyOp, optim::FinalOp>(op))
        applied.push_back(op);
    });
    for (Operation *op : applied)
      if (failed(expand(op, symbols)))
        return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(getOperation().getOps()))
      if (isa<optim::StageOp, optim::PipelineOp>(op))
        op.erase();
  }

  LogicalResult expand(Operation *op, SymbolTable &symbols) {
    auto symbol = op->getAttrOfType<FlatSymbolRefAttr>("pipeline");
    auto pipeline = symbols.lookup<optim::PipelineOp>(symbol.getValue());
    SmallVector<optim::Counter> counters =
        optim::getCounters(pipeline, [&](FlatSymbolRefAttr stage) {
          return symbols.lookup<StageOp>(stage.getValue());
        });
    OpBuilder builder(op);
    PipelineExpansion expansion(builder, op->getLoc(), pipeline, counters);
    if (auto apply = dyn_cast<optim::ApplyOp>(op))
      return expansion.run(apply, symbols);
    return expansion.runFinal(cast<optim::FinalOp>(op), symbols);
  }
};

} // namespace
