// SPDX-License-Identifier: Apache-2.0
//
// Which values depend on others.

#include "passes/Graph/Activity.h"

#include "dialects/Graph/Differentiable.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

bool isContinuous(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type));
}

llvm::BitVector Activity::activeOperands(Operation *op) const {
  llvm::BitVector result(op->getNumOperands());
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands())
    if (contains(operand.get()) &&
        (!rule || rule.isActiveOperand(operand.getOperandNumber())))
      result.set(operand.getOperandNumber());
  return result;
}

void Activity::visit(Operation *op) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return visitScan(scan);
  if (auto cond = dyn_cast<CondOp>(op))
    return visitCond(cond);
  if (activeOperands(op).any())
    for (Value result : op->getResults())
      add(result);
}

Activity Activity::inBody(ScanOp scan, const llvm::BitVector &operands) {
  Activity body;
  unsigned number = 0;
  auto seed = [&](ArrayRef<BlockArgument> arguments) {
    for (BlockArgument argument : arguments)
      if (operands.test(number++))
        body.add(argument);
  };
  seed(scan.getCarryArgs());
  seed(scan.getOverArgs());
  seed(scan.getWithArgs());
  // A round adds at least one carry, or it was the last: at most one round a
  // carry, in practice two.
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : scan.getBodyBlock()->without_terminator())
      body.visit(&op);
    for (auto [argument, next] :
         llvm::zip(scan.getCarryArgs(), scan.getBodyYield().getValues()))
      if (body.contains(next) && !body.contains(argument)) {
        body.add(argument);
        changed = true;
      }
  }
  return body;
}

Activity Activity::inBranch(Block *branch, CondOp cond,
                            const llvm::BitVector &operands) {
  Activity inner;
  for (auto [i, argument] : llvm::enumerate(branch->getArguments()))
    if (operands.test(unsigned(i) + 1))
      inner.add(argument);
  for (Operation &op : branch->without_terminator())
    inner.visit(&op);
  return inner;
}

void Activity::visitScan(ScanOp scan) {
  llvm::BitVector operands = activeOperands(scan);
  if (operands.none())
    return;
  Activity body = inBody(scan, operands);
  YieldOp yield = scan.getBodyYield();
  // A carry that starts active is so at the end, even if no round runs.
  for (auto [i, result] : llvm::enumerate(scan.getCarries()))
    if (operands.test(unsigned(i)) || body.contains(yield.getValues()[i]))
      add(result);
  for (auto [row, result] : llvm::zip(yield.getStacked(), scan.getStacks()))
    if (body.contains(row))
      add(result);
}

void Activity::visitCond(CondOp cond) {
  llvm::BitVector operands = activeOperands(cond);
  if (operands.none())
    return;
  Activity taken = inBranch(cond.getTakenBlock(), cond, operands);
  Activity otherwise = inBranch(cond.getOtherwiseBlock(), cond, operands);
  for (auto [i, result] : llvm::enumerate(cond.getResults()))
    if (taken.contains(cond.getTakenYield().getValues()[i]) ||
        otherwise.contains(cond.getOtherwiseYield().getValues()[i]))
      add(result);
}

} // namespace lamina::graph
