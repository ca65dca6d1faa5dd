// SPDX-License-Identifier: Apache-2.0
//
// Readers of old values before updates.
//
// Kernel -> Kernel. A variable is updated in place only where nothing reads its
// old value later. The launches of an entry stand in the order of the program,
// so a reader behind the update is rare, and only such readers are moved.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/Liveness.h"
#include "passes/Kernel/Passes.h"

#include <set>

namespace lamina {
#define GEN_PASS_DEF_ORDERPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

namespace {
/// A value that is replaced, and what takes its place at the end of the block.
struct Update {
  Value old, value;
};

class BlockOrder {
public:
  explicit BlockOrder(Block &block) : block(block) {
    for (Operation &op : block)
      positions[&op] = ops.size(), ops.push_back(&op);
  }

  /// Asks for all readers of `old` to stand before the op behind `value`.
  void add(const Update &update);
  /// Sorts the block; ops without a reason to move keep their order.
  void sort();

private:
  void forEachReader(Value value, llvm::function_ref<void(Operation *)> visit);
  bool reaches(Operation *from, Operation *to);

  Block &block;
  std::vector<Operation *> ops;
  llvm::DenseMap<Operation *, unsigned> positions;
  // reader -> ops that have to wait for it
  llvm::DenseMap<Operation *, SmallVector<Operation *>> waiting;
};
} // namespace

void BlockOrder::forEachReader(Value value,
                               llvm::function_ref<void(Operation *)> visit) {
  for (Operation *user : value.getUsers()) {
    if (isa<graph::ReshapeOp>(user))
      forEachReader(user->getResult(0), visit);
    if (Operation *here = block.findAncestorOpInBlock(*user))
      visit(here);
  }
}

bool BlockOrder::reaches(Operation *from, Operation *to) {
  llvm::DenseSet<Operation *> seen;
  SmallVector<Operation *> work = {from};
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    if (op == to)
      return true;
    if (!seen.insert(op).second)
      continue;
    for (Value result : op->getResults())
      for (Operation *user : result.getUsers())
        if (Operation *here = block.findAncestorOpInBlock(*user))
          work.push_back(here);
    llvm::append_range(work, waiting.lookup(op));
  }
  return false;
}

void BlockOrder::add(const Update &update) {
  Operation *writer = getRoot(update.value).getDefiningOp();
  if (!writer || writer->getBlock() != &block)
    return;
  forEachReader(update.old, [&](Operation *reader) {
    if (reader == writer || reader == block.getTerminator() ||
        positions[reader] < positions[writer] || reaches(writer, reader))
      return;
    waiting[reader].push_back(writer);
  });
}

void BlockOrder::sort() {
  if (waiting.empty())
    return;
  llvm::DenseMap<Operation *, unsigned> missing;
  auto forEachLater = [&](Operation *op,
                          llvm::function_ref<void(Operation *)> visit) {
    for (Value result : op->getResults())
      for (Operation *user : result.getUsers())
        if (Operation *here = block.findAncestorOpInBlock(*user))
          visit(here);
    for (Operation *other : waiting.lookup(op))
      visit(other);
  };
  for (Operation *op : ops)
    forEachLater(op, [&](Operation *later) { ++missing[later]; });
  std::set<unsigned> ready;
  for (Operation *op : ops)
    if (!missing.lookup(op))
      ready.insert(positions[op]);
  Operation *end = block.getTerminator();
  while (!ready.empty()) {
    Operation *op = ops[*ready.begin()];
    ready.erase(ready.begin());
    if (op != end)
      op->moveBefore(end);
    forEachLater(op, [&](Operation *later) {
      if (--missing[later] == 0)
        ready.insert(positions[later]);
    });
  }
}

static SmallVector<Update> getUpdates(func::FuncOp entry) {
  SmallVector<Update> updates;
  Operation *ret = entry.getBody().front().getTerminator();
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    auto store = entry.getResultAttr(i, "program.store");
    for (BlockArgument argument : entry.getArguments())
      if (store &&
          entry.getArgAttr(argument.getArgNumber(), "program.load") == store)
        updates.push_back({argument, ret->getOperand(i)});
  }
  return updates;
}

namespace {
struct OrderPass : lamina::impl::OrderPassBase<OrderPass> {
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (entry.isExternal())
      return;
    order(entry.getBody().front(), getUpdates(entry));
    entry.walk([&](kernel::LoopOp loop) {
      SmallVector<Update> updates;
      for (auto [argument, value] :
           llvm::zip(loop.getCarryArgs(), loop.getBodyYield().getValues()))
        updates.push_back({argument, value});
      order(*loop.getBodyBlock(), updates);
    });
  }

  void order(Block &block, ArrayRef<Update> updates) {
    BlockOrder blockOrder(block);
    for (const Update &update : updates)
      blockOrder.add(update);
    blockOrder.sort();
  }
};
} // namespace
