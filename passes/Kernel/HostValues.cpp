// SPDX-License-Identifier: Apache-2.0
//
// Which numbers the host computes.
//
// Starts by taking every carry and result of a loop or choice that could be a
// host value for one, and takes back until nothing changes. Each round is
// linear; a carry can only be taken back once, so rounds are few.

#include "passes/Kernel/HostValues.h"

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/HostOps.h"
#include "dialects/Kernel/KernelOps.h"
#include "dialects/Program/ProgramOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lamina;

/// Whether an argument of an entry is a number that the host has: a scalar of
/// the program, or a counter.
static bool isHostArgument(func::FuncOp entry, unsigned index) {
  if (!kernel::isHostType(entry.getArgument(index).getType()))
    return false;
  if (entry.getArgAttr(index, "program.scalar"))
    return true;
  auto load = entry.getArgAttrOfType<SymbolRefAttr>(index, "program.load");
  if (!load || cast<RankedTensorType>(entry.getArgument(index).getType())
                   .getElementType()
                   .isFloat())
    return false;
  auto variable =
      SymbolTable::lookupNearestSymbolFrom<program::VariableOp>(entry, load);
  return variable && variable.getRole() == "counter";
}

HostValues::HostValues(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (isHostArgument(entry, i))
      values.insert(entry.getArgument(i));
  entry.walk([&](Operation *op) {
    if (!isa<graph::ScanOp, graph::CondOp, kernel::LoopOp, kernel::IfOp>(op))
      return;
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          if (kernel::isHostType(argument.getType()))
            values.insert(argument);
    for (Value result : op->getResults())
      if (kernel::isHostType(result.getType()))
        values.insert(result);
  });
  do {
    changed = false;
    visit(entry.getBody().front());
  } while (changed);
}

void HostValues::set(Value value, bool isHost) {
  if (!isHost) {
    changed |= values.erase(value);
  } else if (values.insert(value).second) {
    changed = true;
  }
}

void HostValues::visit(Block &block) {
  for (Operation &op : block)
    visit(op);
}

/// Whether the host can compute an op from host values.
static bool hasHostForm(Operation &op) {
  return isa<graph::SizeOp, arith::ConstantOp>(op) ||
         (!isa<graph::StopOp>(op) && !kernel::getHostOp(&op).empty());
}

void HostValues::narrow(Value value, bool isHost) {
  if (!isHost)
    set(value, false);
}

template <typename Loop>
void HostValues::visitLoop(Loop loop) {
  bool byData = loop.hasUntil() || loop.getRounds();
  auto carries = loop.getCarryArgs();
  for (auto [inside, start] : llvm::zip(carries, loop.getInit()))
    narrow(inside, contains(start));
  for (BlockArgument over : loop.getOverArgs())
    narrow(over, false);
  for (auto [inside, outside] : llvm::zip(loop.getWithArgs(), loop.getWith()))
    narrow(inside, contains(outside));
  if (loop.hasUntil()) {
    // The round, the carries, the rest. Data decides the number of rounds, so
    // no carry is the host's.
    auto asked = loop.getUntil().getArguments();
    for (BlockArgument carry : asked.slice(1, carries.size()))
      narrow(carry, false);
    for (auto [inside, outside] :
         llvm::zip_equal(asked.drop_front(1 + carries.size()), loop.getWith()))
      narrow(inside, contains(outside));
    visit(loop.getUntil().front());
  }
  visit(*loop.getBodyBlock());
  auto yielded = loop.getBodyYield().getValues();
  for (unsigned i = 0; i < carries.size(); ++i) {
    narrow(carries[i], contains(yielded[i]) && !byData);
    narrow(loop.getCarries()[i], contains(carries[i]));
  }
  for (Value stack : loop.getStacks())
    narrow(stack, false);
  if (loop.getRoundsRun())
    narrow(loop.getRoundsRun(), false);
}

void HostValues::visitChoice(Operation &op, Value predicate, ValueRange with) {
  bool host = contains(predicate);
  for (Region &region : op.getRegions()) {
    Block &block = region.front();
    for (auto [inside, outside] : llvm::zip(block.getArguments(), with))
      narrow(inside, contains(outside));
    visit(block);
    Operation *yield = block.getTerminator();
    for (unsigned i = 0; i < op.getNumResults(); ++i)
      narrow(op.getResult(i), host && contains(yield->getOperand(i)));
  }
}

void HostValues::visit(Operation &op) {
  if (auto scan = dyn_cast<graph::ScanOp>(op))
    return visitLoop(scan);
  if (auto loop = dyn_cast<kernel::LoopOp>(op))
    return visitLoop(loop);
  if (auto cond = dyn_cast<graph::CondOp>(op))
    return visitChoice(op, cond.getPredicate(), cond.getWith());
  if (auto choice = dyn_cast<kernel::IfOp>(op))
    return visitChoice(op, choice.getPredicate(), choice.getWith());
  if (isa<kernel::HostOp>(op)) {
    for (Value result : op.getResults())
      set(result, true);
    return;
  }
  if (op.getNumResults() != 1 || !kernel::isHostType(op.getResult(0).getType()))
    return;
  set(op.getResult(0),
      hasHostForm(op) && llvm::all_of(op.getOperands(), [&](Value operand) {
        return contains(operand);
      }));
}
