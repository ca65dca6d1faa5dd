// SPDX-License-Identifier: Apache-2.0
//
// The reverse of a branch.
//
// A branch of both adjoints under the same predicate. Each branch computes its
// forward part again: to hand values from branch to branch, all residuals of
// both would have to be results, and zeros of the one not taken be written.

#include "dialects/Graph/Formula.h"
#include "passes/Graph/Pullback.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace lamina::graph {

namespace {

/// One branch: the forward ops again, then the adjoints of `with`.
struct BranchReverse {
  Block *block;
  SmallVector<Value> adjoints; // one for each `with`, null where zero
};

} // namespace

/// Fills `target`, whose arguments are `with` and then the present ones of
/// `given`.
static LogicalResult fillBranch(OpBuilder::Listener *listener, CondOp cond,
                                Block *source, ArrayRef<Value> given,
                                const llvm::BitVector &wanted,
                                const GradientOptions &options,
                                BranchReverse &branch) {
  OpBuilder b(cond.getContext(), listener);
  b.setInsertionPointToEnd(branch.block);
  IRMapping mapping;
  Activity activity;
  unsigned count = source->getNumArguments();
  for (unsigned i = 0; i < count; ++i) {
    mapping.map(source->getArgument(i), branch.block->getArgument(i));
    if (wanted.test(i + 1))
      activity.add(branch.block->getArgument(i));
  }
  for (Operation &op : source->without_terminator())
    activity.visit(b.clone(op, mapping));
  bool isEmpty = branch.block->empty();
  Operation *last = isEmpty ? nullptr : &branch.block->back();
  Pullback pullback(activity, options);
  auto yield = cast<YieldOp>(source->getTerminator());
  unsigned next = count;
  for (auto [i, g] : llvm::enumerate(given))
    if (g)
      pullback.add(b, cond.getLoc(),
                   mapping.lookupOrDefault(yield.getValues()[i]),
                   branch.block->getArgument(next++));
  if (last && failed(pullback.run(b, &branch.block->front(), last)))
    return failure();
  for (unsigned i = 0; i < count; ++i)
    branch.adjoints.push_back(wanted.test(i + 1)
                                  ? pullback.get(branch.block->getArgument(i))
                                  : Value());
  return success();
}

/// Yields the adjoints of the operands in `present`, and moves the branch to
/// `target`.
static void moveBranch(BranchReverse &branch, Block *target,
                       ArrayRef<unsigned> present, ArrayRef<Value> with,
                       Location loc) {
  OpBuilder inner(loc.getContext());
  inner.setInsertionPointToEnd(branch.block);
  SmallVector<Value> values;
  for (unsigned i : present)
    values.push_back(branch.adjoints[i]
                         ? branch.adjoints[i]
                         : zeroOf(inner, loc, with[i].getType()));
  YieldOp::create(inner, loc, values);
  for (auto [from, to] :
       llvm::zip(branch.block->getArguments(), target->getArguments()))
    from.replaceAllUsesWith(to);
  target->getOperations().splice(target->end(), branch.block->getOperations());
}

FailureOr<SmallVector<Value>> pullBackCond(OpBuilder &b, CondOp cond,
                                           ArrayRef<Value> given,
                                           const llvm::BitVector &wanted,
                                           const GradientOptions &options) {
  Location loc = cond.getLoc();
  SmallVector<Value> with(cond.getWith());
  unsigned count = unsigned(with.size());
  for (Value g : given)
    if (g)
      with.push_back(g);
  // The types of the results are known only when both branches are filled.
  Block taken, otherwise;
  BranchReverse branches[2] = {{&taken, {}}, {&otherwise, {}}};
  Block *sources[2] = {cond.getTakenBlock(), cond.getOtherwiseBlock()};
  for (auto [branch, source] : llvm::zip(branches, sources)) {
    for (Value value : with)
      branch.block->addArgument(value.getType(), loc);
    if (failed(fillBranch(b.getListener(), cond, source, given, wanted, options,
                          branch)))
      return failure();
  }
  SmallVector<unsigned> present;
  SmallVector<Type> types;
  for (unsigned i = 0; i < count; ++i)
    if (branches[0].adjoints[i] || branches[1].adjoints[i]) {
      present.push_back(i);
      types.push_back(with[i].getType());
    }
  SmallVector<Value> result(cond->getNumOperands());
  if (present.empty())
    return result;
  auto reverse = CondOp::create(b, loc, types, cond.getPredicate(), with);
  Block *targets[2] = {reverse.getTakenBlock(), reverse.getOtherwiseBlock()};
  for (auto [branch, target] : llvm::zip(branches, targets))
    moveBranch(branch, target, present, with, loc);
  for (auto [i, value] : llvm::zip(present, reverse.getResults()))
    result[i + 1] = value;
  return result;
}

} // namespace lamina::graph
