// SPDX-License-Identifier: Apache-2.0
//
// Remove what loops and branches carry in vain.
//
// Graph -> Graph. Behind the expansion of gradients, which makes a carry, a
// stack or a result for all that might be asked for.
//
// Blocks are taken from their end, so that by the time a loop is looked at all
// its readers have been pruned; bodies before the loop's operands, for the same
// reason. Each op is visited once.

#include "dialects/Graph/Formula.h"
#include "dialects/Graph/GraphOps.h"
#include "passes/Graph/Passes.h"

#include "llvm/ADT/DenseSet.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_PRUNESCANPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

void pruneBlock(Block &block);

/// One loop: finds what is dead or invariant, then builds the loop again if
/// anything is.
class ScanPruning {
public:
  explicit ScanPruning(ScanOp scan) : scan(scan) {}
  void run();

private:
  struct Input {
    Value operand; // what the new loop gets
    Value row;     // the old argument
  };

  llvm::BitVector findLiveCarries();
  void cutDeadYields(const llvm::BitVector &live);
  void sortInputs();
  bool moveIntoBody(Value operand, BlockArgument row);
  bool isUsed(BlockArgument argument);
  void addWith(Value operand, Value bodyArgument, Value untilArgument);
  void rebuild();
  ScanOp makePruned();
  void moveBlock(Block *from, Block *to, bool isBody);

  ScanOp scan;
  SmallVector<unsigned> carries, stacks; // kept
  SmallVector<Input> over;
  struct With {
    Value operand;
    SmallVector<Value, 2> bodyArguments, untilArguments;
  };
  SmallVector<With> with;
  llvm::DenseMap<Value, unsigned> withOf;
  SmallVector<std::pair<Value, Value>> invariant; // result, what it always is
};

/// The argument of the `until` region that belongs to one of the body.
Value untilArgument(ScanOp scan, BlockArgument argument) {
  if (!scan.hasUntil())
    return {};
  unsigned number = argument.getArgNumber(),
           carries = unsigned(scan.getCarries().size());
  unsigned overs = unsigned(scan.getOver().size());
  if (number > carries && number <= carries + overs)
    return {};
  return scan.getUntilBlock()->getArgument(number > carries ? number - overs
                                                            : number);
}

bool ScanPruning::isUsed(BlockArgument argument) {
  Value inUntil = untilArgument(scan, argument);
  return !argument.use_empty() || (inUntil && !inUntil.use_empty());
}

/// Carries that reach a used result, a kept stack or the question whether to
/// stop.
llvm::BitVector ScanPruning::findLiveCarries() {
  YieldOp yield = scan.getBodyYield();
  llvm::DenseSet<Value> live;
  llvm::BitVector carried(scan.getCarries().size());
  auto keep = [&](unsigned i) {
    if (carried.test(i))
      return false;
    carried.set(i);
    live.insert(yield.getValues()[i]);
    return true;
  };
  for (auto [i, argument] : llvm::enumerate(scan.getCarryArgs())) {
    Value asked = untilArgument(scan, argument);
    if (!scan.getCarries()[i].use_empty() || (asked && !asked.use_empty()))
      keep(unsigned(i));
  }
  for (auto [row, stack] : llvm::zip(yield.getStacked(), scan.getStacks()))
    if (!stack.use_empty())
      live.insert(row);
  for (bool changed = true; changed;) {
    for (Operation &op :
         llvm::reverse(scan.getBodyBlock()->without_terminator()))
      if (!isMemoryEffectFree(&op) ||
          llvm::any_of(op.getResults(),
                       [&](Value v) { return live.contains(v); }))
        live.insert(op.operand_begin(), op.operand_end());
    changed = false;
    for (auto [i, argument] : llvm::enumerate(scan.getCarryArgs()))
      changed |= live.contains(argument) && keep(unsigned(i));
  }
  return carried;
}

/// Lets go of what dead yields compute.
void ScanPruning::cutDeadYields(const llvm::BitVector &live) {
  YieldOp yield = scan.getBodyYield();
  for (auto [i, argument] : llvm::enumerate(scan.getCarryArgs()))
    if (!live.test(unsigned(i)))
      yield.getValuesMutable()[unsigned(i)].set(argument);
  SmallVector<Value> rows;
  for (auto [i, stack] : llvm::enumerate(scan.getStacks()))
    if (!stack.use_empty()) {
      stacks.push_back(unsigned(i));
      rows.push_back(yield.getStacked()[i]);
    }
  yield.getStackedMutable().assign(rows);
}

void ScanPruning::addWith(Value operand, Value bodyArgument,
                          Value untilArgument) {
  auto [it, isNew] = withOf.try_emplace(operand, unsigned(with.size()));
  if (isNew)
    with.push_back({operand, {}, {}});
  With &entry = with[it->second];
  entry.bodyArguments.push_back(bodyArgument);
  if (untilArgument)
    entry.untilArguments.push_back(untilArgument);
}

/// A stack of equal rows is no stack: its row is made in the body.
bool ScanPruning::moveIntoBody(Value operand, BlockArgument row) {
  OpBuilder b = OpBuilder::atBlockBegin(scan.getBodyBlock());
  auto type = cast<RankedTensorType>(row.getType());
  DenseElementsAttr constant;
  if (matchPattern(operand, m_Constant(&constant)) && constant.isSplat() &&
      type.hasStaticShape()) {
    Value splat = arith::ConstantOp::create(
        b, operand.getLoc(),
        DenseElementsAttr::get(type, constant.getSplatValue<Attribute>()));
    row.replaceAllUsesWith(splat);
    return true;
  }
  auto broadcast = operand.getDefiningOp<BroadcastOp>();
  if (!broadcast || llvm::is_contained(broadcast.getAxes(), 0))
    return false;
  SmallVector<int64_t> axes;
  for (int64_t axis : broadcast.getAxes())
    axes.push_back(axis - 1);
  // The operand of the broadcast stands in for the argument until the rebuild.
  auto inner = BroadcastOp::create(b, broadcast.getLoc(), type, row, axes);
  row.replaceAllUsesExcept(inner.getResult(), inner);
  row.setType(broadcast.getX().getType());
  addWith(broadcast.getX(), row, {});
  return true;
}

void ScanPruning::sortInputs() {
  for (unsigned i = 0, count = unsigned(scan.getCarries().size()); i < count;
       ++i) {
    BlockArgument argument = scan.getCarryArgs()[i];
    Value init = scan.getInit()[i];
    bool isInvariant = scan.getBodyYield().getValues()[i] == argument;
    if (!isInvariant) {
      carries.push_back(i);
      continue;
    }
    invariant.push_back({scan.getCarries()[i], init});
    // The yield itself is a use, and goes.
    bool isRead = llvm::any_of(argument.getUsers(), [&](Operation *user) {
      return user != scan.getBodyYield() ||
             llvm::is_contained(scan.getBodyYield().getStacked(), argument);
    });
    Value inUntil = untilArgument(scan, argument);
    if (isRead || llvm::count(scan.getBodyYield().getValues(), argument) > 1 ||
        (inUntil && !inUntil.use_empty()))
      addWith(init, argument, inUntil);
  }
  llvm::DenseMap<Value, Value> rowOf;
  for (auto [operand, argument] :
       llvm::zip(scan.getOver(), scan.getOverArgs())) {
    if (argument.use_empty() || moveIntoBody(operand, argument))
      continue;
    auto [row, isNew] = rowOf.try_emplace(operand, argument);
    if (isNew)
      over.push_back({operand, argument});
    else
      argument.replaceAllUsesWith(row->second);
  }
  for (auto [operand, argument] : llvm::zip(scan.getWith(), scan.getWithArgs()))
    if (isUsed(argument))
      addWith(operand, argument, untilArgument(scan, argument));
}

/// An empty loop over what is kept.
ScanOp ScanPruning::makePruned() {
  OpBuilder b(scan);
  YieldOp yield = scan.getBodyYield();
  SmallVector<Value> init, overOperands, withOperands, values;
  SmallVector<Type> stackTypes;
  for (unsigned i : carries) {
    init.push_back(scan.getInit()[i]);
    values.push_back(yield.getValues()[i]);
  }
  for (const Input &input : over)
    overOperands.push_back(input.operand);
  for (const With &entry : with)
    withOperands.push_back(entry.operand);
  for (unsigned i : stacks)
    stackTypes.push_back(scan.getStacks()[i].getType());
  auto pruned =
      ScanOp::create(b, scan.getLoc(), scan.getTripSize(), scan.getReverse(),
                     init, overOperands, withOperands, stackTypes,
                     scan.getRounds(), scan.hasUntil());
  pruned->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  yield.getValuesMutable().assign(values);
  return pruned;
}

void ScanPruning::moveBlock(Block *from, Block *to, bool isBody) {
  from->getArgument(0).replaceAllUsesWith(to->getArgument(0));
  unsigned next = 1;
  for (unsigned i : carries)
    from->getArgument(i + 1).replaceAllUsesWith(to->getArgument(next++));
  if (isBody)
    for (Input &input : over)
      input.row.replaceAllUsesWith(to->getArgument(next++));
  for (const With &entry : with) {
    for (Value argument : isBody ? entry.bodyArguments : entry.untilArguments)
      argument.replaceAllUsesWith(to->getArgument(next));
    ++next;
  }
  to->getOperations().splice(to->end(), from->getOperations());
}

void ScanPruning::rebuild() {
  ScanOp pruned = makePruned();
  moveBlock(scan.getBodyBlock(), pruned.getBodyBlock(), true);
  if (scan.hasUntil())
    moveBlock(scan.getUntilBlock(), pruned.getUntilBlock(), false);

  for (auto [result, value] : invariant)
    result.replaceAllUsesWith(value);
  for (auto [i, carry] : llvm::enumerate(carries))
    scan.getCarries()[carry].replaceAllUsesWith(pruned.getCarries()[i]);
  for (auto [i, stack] : llvm::enumerate(stacks))
    scan.getStacks()[stack].replaceAllUsesWith(pruned.getStacks()[i]);
  if (scan.hasUntil())
    scan.getRoundsRun().replaceAllUsesWith(pruned.getRoundsRun());
  scan.erase();
}

void ScanPruning::run() {
  if (scan.hasUntil())
    pruneBlock(*scan.getUntilBlock());
  llvm::BitVector live = findLiveCarries();
  cutDeadYields(live);
  pruneBlock(*scan.getBodyBlock());
  sortInputs();
  bool same = carries.size() == scan.getCarries().size() &&
              stacks.size() == scan.getStacks().size() &&
              over.size() == scan.getOver().size() &&
              with.size() == scan.getWith().size();
  if (!same)
    rebuild();
}

/// Drops what the branches yield and nobody reads; the results that stay.
SmallVector<unsigned> pruneResults(CondOp cond) {
  SmallVector<unsigned> results;
  for (auto [i, result] : llvm::enumerate(cond.getResults()))
    if (!result.use_empty())
      results.push_back(unsigned(i));
  for (Block *block : {cond.getTakenBlock(), cond.getOtherwiseBlock()}) {
    auto yield = cast<YieldOp>(block->getTerminator());
    SmallVector<Value> kept;
    for (unsigned i : results)
      kept.push_back(yield.getValues()[i]);
    yield.getValuesMutable().assign(kept);
    pruneBlock(*block);
  }
  return results;
}

/// Drops results of a branch that nobody reads, and operands that no region
/// does.
void pruneCond(CondOp cond) {
  SmallVector<unsigned> results = pruneResults(cond), operands;
  Block *blocks[2] = {cond.getTakenBlock(), cond.getOtherwiseBlock()};
  SmallVector<Value> with;
  SmallVector<Type> types;
  for (auto [i, operand] : llvm::enumerate(cond.getWith()))
    if (!blocks[0]->getArgument(unsigned(i)).use_empty() ||
        !blocks[1]->getArgument(unsigned(i)).use_empty()) {
      operands.push_back(unsigned(i));
      with.push_back(operand);
    }
  for (unsigned i : results)
    types.push_back(cond.getResult(i).getType());
  if (results.size() == cond.getResults().size() &&
      operands.size() == cond.getWith().size())
    return;
  OpBuilder b(cond);
  auto pruned =
      CondOp::create(b, cond.getLoc(), types, cond.getPredicate(), with);
  pruned->setDiscardableAttrs(cond->getDiscardableAttrDictionary());
  Block *targets[2] = {pruned.getTakenBlock(), pruned.getOtherwiseBlock()};
  for (auto [from, to] : llvm::zip(blocks, targets)) {
    for (auto [i, operand] : llvm::enumerate(operands))
      from->getArgument(operand).replaceAllUsesWith(
          to->getArgument(unsigned(i)));
    to->getOperations().splice(to->end(), from->getOperations());
  }
  for (auto [i, result] : llvm::enumerate(results))
    cond.getResult(result).replaceAllUsesWith(pruned.getResult(unsigned(i)));
  cond.erase();
}

/// Takes the ops from the last to the first: erases dead ones, prunes loops.
void pruneBlock(Block &block) {
  for (Operation *op = block.empty() ? nullptr : &block.back(); op;) {
    Operation *previous = op->getPrevNode();
    if (isOpTriviallyDead(op))
      op->erase();
    else if (auto scan = dyn_cast<ScanOp>(op))
      ScanPruning(scan).run();
    else if (auto cond = dyn_cast<CondOp>(op))
      pruneCond(cond);
    op = previous;
  }
}

struct PruneScan : lamina::impl::PruneScanPassBase<PruneScan> {
  void runOnOperation() override {
    getOperation()->walk([](func::FuncOp function) {
      for (Block &block : function.getBody())
        pruneBlock(block);
    });
  }
};

} // namespace

} // namespace lamina::graph
