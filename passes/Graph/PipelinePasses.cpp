// SPDX-License-Identifier: Apache-2.0
//
// What passes of optimizers hold back.
//
// A pass that the host decides becomes a branch around the rest of the way of
// its leaves. Where a total on that way adds up other leaves too, it cannot be
// one, and the pass becomes selects.

#include "dialects/Graph/Shape.h"
#include "passes/Graph/PipelineExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace lamina;
using optim::StageOp;

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

/// Everything the leaves have, all counters, all scalars.
SmallVector<Value *> PipelineExpansion::getSeen(ArrayRef<Leaf *> held) {
  SmallVector<Value *> seen;
  for (Leaf *leaf : held)
    for (LeafValue *value : leaf->getValues())
      seen.push_back(&value->value);
  for (Value &counter : counters)
    seen.push_back(&counter);
  for (Value &time : times)
    if (time)
      seen.push_back(&time);
  for (auto &[name, value] : scalars)
    seen.push_back(&value);
  return seen;
}

SmallVector<Value *> PipelineExpansion::getGiven(ArrayRef<Leaf *> held) {
  SmallVector<Value *> given;
  for (Leaf *leaf : held) {
    given.push_back(&leaf->w.value);
    for (auto &slots : leaf->slots)
      for (LeafValue &slot : slots)
        given.push_back(&slot.value);
  }
  return given;
}

SmallVector<unsigned>
PipelineExpansion::getCounters(unsigned place, ArrayRef<Leaf *> held) const {
  SmallVector<unsigned> counted;
  for (unsigned index = 0; index < counterList.size(); ++index) {
    const optim::Counter &counter = counterList[index];
    if (counter.place >= place && llvm::any_of(held, [&](Leaf *leaf) {
          return llvm::is_contained(counter.leaves, leaf->number);
        }))
      counted.push_back(index);
  }
  return counted;
}

/// A branch that sees `seen` and gives `given`, which it leaves as they are
/// where it is not taken.
static graph::CondOp makeBranch(OpBuilder &b, Location loc, Value predicate,
                                ArrayRef<Value *> seen,
                                ArrayRef<Value *> given) {
  SmallVector<Value> with;
  for (Value *value : seen)
    with.push_back(*value);
  SmallVector<Type> types;
  for (Value *value : given)
    types.push_back(value->getType());
  auto cond = graph::CondOp::create(b, loc, types, predicate, with);
  OpBuilder other = OpBuilder::atBlockEnd(cond.getOtherwiseBlock());
  SmallVector<Value> unchanged;
  for (Value *value : given)
    unchanged.push_back(cond.getOtherwiseBlock()->getArgument(
        llvm::find(seen, value) - seen.begin()));
  graph::YieldOp::create(other, loc, unchanged);
  return cond;
}

/// Runs `held` from `place` on where the predicate says so; where not, only
/// what the steps so far have made of the slots remains.
LogicalResult PipelineExpansion::branch(Value predicate, unsigned place,
                                        ArrayRef<Leaf *> held) {
  for (Leaf *leaf : held)
    leaf->code.close(*builder, leaf->getValues());
  SmallVector<Value *> seen = getSeen(held), given = getGiven(held);
  SmallVector<unsigned> counted = getCounters(place, held);
  for (unsigned index : counted)
    given.push_back(&counters[index]);

  auto cond = makeBranch(*builder, loc, predicate, seen, given);
  OpBuilder taken(builder->getContext());
  taken.setInsertionPointToEnd(cond.getTakenBlock());

  // The taken branch sees its arguments in place of everything.
  for (auto [value, arg] :
       llvm::zip_equal(seen, cond.getTakenBlock()->getArguments()))
    *value = arg;
  OpBuilder *around = std::exchange(builder, &taken);
  SmallVector<Value> before = times;
  if (failed(runFrom(place, SmallVector<Leaf *>(held.begin(), held.end()))))
    return failure();
  for (unsigned index : counted)
    if (times[index])
      counters[index] = times[index];
  SmallVector<Value> results;
  for (Value *value : given)
    results.push_back(*value);
  graph::YieldOp::create(taken, loc, results);
  builder = around;

  // Back outside; what was timed within is over.
  for (auto [index, time] : llvm::enumerate(times))
    if (!before[index])
      time = {};
  for (auto [value, operand] : llvm::zip_equal(seen, cond.getWith()))
    *value = operand;
  for (auto [value, result] : llvm::zip_equal(given, cond.getResults()))
    *value = result;
  return success();
}
