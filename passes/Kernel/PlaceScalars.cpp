// SPDX-License-Identifier: Apache-2.0
//
// Numbers that the host computes.
//
// Graph -> Graph. Stands before clusters are formed, so that no kernel is made
// for a learning rate.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/HostValues.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace lamina {
#define GEN_PASS_DEF_PLACESCALARSPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

namespace {
/// Ops of one block that become one `kernel.host`, and where it stands.
struct HostGroup {
  SmallVector<Operation *> ops;
  Operation *place = nullptr;
};
} // namespace

/// Whether everything the op reads is there at the place of the group.
static bool canJoin(const HostGroup &group, Operation *op) {
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Operation *definition = operand.getDefiningOp();
    return !definition || llvm::is_contained(group.ops, definition) ||
           isa<arith::ConstantOp>(definition) ||
           definition->isBeforeInBlock(group.place);
  });
}

static bool isReadOutside(Value value, const HostGroup &group) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return !llvm::is_contained(group.ops, user);
  });
}

static void outline(const HostGroup &group) {
  OpBuilder b(group.place);
  SmallVector<Value> inputs, results;
  IRMapping map;
  SmallVector<Location> locations;
  auto block = std::make_unique<Block>();
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToEnd(block.get());
  for (Operation *op : group.ops) {
    for (Value operand : op->getOperands()) {
      if (map.contains(operand))
        continue;
      if (auto constant = operand.getDefiningOp<arith::ConstantOp>()) {
        map.map(operand, inner.clone(*constant)->getResult(0));
        continue;
      }
      inputs.push_back(operand);
      map.map(operand, block->addArgument(operand.getType(), operand.getLoc()));
    }
    inner.clone(*op, map);
    locations.push_back(op->getLoc());
    for (Value result : op->getResults())
      if (isReadOutside(result, group))
        results.push_back(result);
  }
  Location loc = b.getFusedLoc(locations);
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(map.lookup(result));
  kernel::YieldOp::create(inner, loc, yielded, ValueRange());
  auto host = kernel::HostOp::create(b, loc, ValueRange(results).getTypes(),
                                     inputs, ArrayAttr());
  host.getBody().push_back(block.release());
  for (auto [old, made] : llvm::zip(results, host.getResults()))
    old.replaceAllUsesWith(made);
  for (Operation *op : llvm::reverse(group.ops))
    op->erase();
}

/// Has the readers of `argument` read the constant itself, if that or a view of
/// it is what is handed in.
static void sinkConstant(Value outside, BlockArgument argument) {
  SmallVector<Operation *> chain; // views, the constant last
  for (Operation *op = outside.getDefiningOp();
       isa_and_nonnull<graph::ReshapeOp, graph::BroadcastOp>(op);
       op = op->getOperand(0).getDefiningOp())
    chain.push_back(op);
  Value base = chain.empty() ? outside : chain.back()->getOperand(0);
  auto constant = base.getDefiningOp<arith::ConstantOp>();
  if (!constant || argument.use_empty())
    return;
  chain.push_back(constant);
  OpBuilder b = OpBuilder::atBlockBegin(argument.getOwner());
  IRMapping map;
  for (Operation *op : llvm::reverse(chain))
    b.clone(*op, map);
  argument.replaceAllUsesWith(map.lookup(outside));
}

/// A constant has neither a register nor a slot, so that an argument that
/// stands for one would have no place. Outer ops come first: what they hand on
/// to inner ones is a constant by then.
static void sinkConstants(func::FuncOp entry) {
  entry.walk<WalkOrder::PreOrder>([](Operation *op) {
    if (auto cond = dyn_cast<graph::CondOp>(op))
      for (Region &region : op->getRegions())
        for (auto [outside, argument] :
             llvm::zip(cond.getWith(), region.getArguments()))
          sinkConstant(outside, argument);
    auto scan = dyn_cast<graph::ScanOp>(op);
    if (!scan)
      return;
    for (auto [outside, argument] :
         llvm::zip(scan.getWith(), scan.getWithArgs()))
      sinkConstant(outside, argument);
    if (scan.hasUntil())
      for (auto [outside, argument] : llvm::zip(
               scan.getWith(),
               scan.getUntil().getArguments().take_back(scan.getWith().size())))
        sinkConstant(outside, argument);
  });
}

static void placeScalars(Block &block, const HostValues &host) {
  SmallVector<HostGroup> groups;
  for (Operation &op : block) {
    // Constants go where they are read.
    if (op.getNumResults() == 0 || op.getNumRegions() != 0 ||
        isa<arith::ConstantOp, kernel::HostOp>(op) ||
        !llvm::all_of(op.getResults(),
                      [&](Value result) { return host.contains(result); }))
      continue;
    if (groups.empty() || !canJoin(groups.back(), &op))
      groups.push_back({{}, &op});
    groups.back().ops.push_back(&op);
  }
  for (const HostGroup &group : groups)
    outline(group);
}

namespace {
struct PlaceScalarsPass : lamina::impl::PlaceScalarsPassBase<PlaceScalarsPass> {
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (entry.isExternal())
      return;
    sinkConstants(entry);
    HostValues host(entry);
    SmallVector<Block *> blocks;
    entry.walk([&](Block *block) {
      if (isa<func::FuncOp, graph::ScanOp, graph::CondOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      placeScalars(*block, host);
  }
};
} // namespace
