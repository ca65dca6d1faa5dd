//===- FlattenScans.cpp - Loops without carries become an axis ------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// Graph -> Graph. Rounds that do not depend on each other are one more leading
// axis. So the optimizer over stacked weights is one kernel, not a loop.
//
//===----------------------------------------------------------------------===//

#include "dialects/Graph/Shape.h"
#include "passes/Graph/BatchLaw.h"
#include "passes/Graph/Passes.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_FLATTENSCANSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

/// Whether a draw begins where a round says, or a border is one of a round: the
/// ops hold one such value for all.
bool sharesRoundValue(ScanOp scan) {
  auto isShared = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return value.getDefiningOp()
               ? value.getDefiningOp()->hasTrait<OpTrait::ConstantLike>()
               : llvm::is_contained(scan.getWithArgs(), argument);
  };
  for (Operation &op : scan.getBodyBlock()->without_terminator()) {
    if (auto random = dyn_cast<RandomOp>(op);
        random && random.getOffset() && !isShared(random.getOffset()))
      return false;
    if (auto pad = dyn_cast<PadOp>(op); pad && !isShared(pad.getValue()))
      return false;
    // In a branch nothing is looked into.
    if (auto cond = dyn_cast<CondOp>(op)) {
      WalkResult found = cond.walk([](Operation *inner) {
        auto random = dyn_cast<RandomOp>(inner);
        bool varies = isa<PadOp>(inner) || (random && random.getOffset());
        return varies ? WalkResult::interrupt() : WalkResult::advance();
      });
      if (found.wasInterrupted())
        return false;
    }
  }
  return true;
}

bool isFlat(ScanOp scan) {
  return scan.getCarries().empty() && !scan.hasUntil() && !scan.getRounds() &&
         BatchLaw::covers(*scan.getBodyBlock()) && sharesRoundValue(scan);
}

void flatten(ScanOp scan) {
  OpBuilder b(scan);
  BatchLaw law(b, scan.getTripSize());
  if (!scan.getIndex().use_empty()) {
    auto type = getTensorType({scan.getTripSize()}, b.getI64Type());
    law.map(scan.getIndex(),
            IotaOp::create(b, scan.getLoc(), type, uint64_t(0)), true);
  }
  for (auto [operand, argument] : llvm::zip(scan.getOver(), scan.getOverArgs()))
    law.map(argument, operand, true);
  for (auto [operand, argument] : llvm::zip(scan.getWith(), scan.getWithArgs()))
    law.map(argument, operand, false);
  law.apply(*scan.getBodyBlock());
  SmallVector<Value> results;
  for (Value row : scan.getBodyYield().getStacked())
    results.push_back(law.stackOf(row));
  scan.replaceAllUsesWith(results);
  scan.erase();
}

struct FlattenScans : lamina::impl::FlattenScansPassBase<FlattenScans> {
  void runOnOperation() override {
    // Post-order: an inner loop that becomes an axis lets the outer one do so.
    getOperation()->walk([](ScanOp scan) {
      if (isFlat(scan))
        flatten(scan);
    });
  }
};

} // namespace

} // namespace lamina::graph
