// SPDX-License-Identifier: Apache-2.0
//
// Loops without carries become an axis.
//
// Graph -> Graph. Rounds that do not depend on each other are one more leading
// axis. So the optimizer over stacked weights is one kernel, not a loop.

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

/// Ops that may stand over all rounds at once: their result is not kept, or is
/// no larger than what they read. No draws: their keys are numbers of the host
/// as long as a loop has its own for each round.
bool isSmall(Operation &op) {
  if (auto cond = dyn_cast<CondOp>(op))
    return llvm::all_of(cond.getTakenBlock()->without_terminator(), isSmall) &&
           llvm::all_of(cond.getOtherwiseBlock()->without_terminator(),
                        isSmall);
  return op.hasTrait<OpTrait::Elementwise>() ||
         op.hasTrait<OpTrait::ConstantLike>() ||
         isa<IotaOp, SizeOp, BroadcastOp, TransposeOp, ReverseOp, ReshapeOp,
             SliceOp, PadOp, ConcatOp, ReduceOp, ArgReduceOp, CumulativeOp,
             StopOp>(op);
}

/// Whether what an op wants to be the same in all rounds is: a constant, or
/// from around the loop. Arguments of branches are not followed.
bool isSameInAllRounds(ScanOp scan, Value value) {
  if (Operation *op = value.getDefiningOp())
    return op->hasTrait<OpTrait::ConstantLike>();
  return llvm::is_contained(scan.getWithArgs(), cast<BlockArgument>(value));
}

bool isFlat(ScanOp scan) {
  if (!scan.getCarries().empty() || scan.hasUntil() || scan.getRounds() ||
      !BatchLaw::covers(*scan.getBodyBlock()) ||
      !llvm::all_of(scan.getBodyBlock()->without_terminator(), isSmall))
    return false;
  WalkResult varies = scan.getBody().walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (BatchLaw::isShared(operand) &&
          !isSameInAllRounds(scan, operand.get()))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return !varies.wasInterrupted();
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
