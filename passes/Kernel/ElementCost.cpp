// SPDX-License-Identifier: Apache-2.0
//
// What an element costs to compute.

#include "passes/Kernel/ElementCost.h"

#include "dialects/Graph/GraphOps.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lamina;

unsigned lamina::getOpCost(Operation *op) {
  if (isa<arith::ConstantOp, graph::SizeOp, graph::StopOp, graph::BarrierOp,
          graph::BroadcastOp, graph::TransposeOp, graph::ReshapeOp>(op))
    return 0;
  if (isa<arith::DivFOp, arith::RemFOp, math::SqrtOp, math::RsqrtOp>(op))
    return 4;
  if (isa<math::AbsFOp, math::FloorOp, math::CeilOp, math::RoundEvenOp,
          math::CopySignOp, math::FmaOp>(op))
    return 1;
  if (isa<math::MathDialect>(op->getDialect()))
    return 10; // a polynomial
  if (auto unwindow = dyn_cast<graph::UnwindowOp>(op)) {
    unsigned places = 1;
    for (int64_t size : unwindow.getSize())
      places *= size;
    return 6 * places;
  }
  if (isa<graph::RandomOp, graph::KeyOp>(op))
    return 60; // ten rounds of Philox
  return 1;
}

unsigned lamina::getElementCost(Value value,
                                llvm::function_ref<bool(Value)> known) {
  llvm::SmallPtrSet<Operation *, 16> seen;
  SmallVector<Value> work = {value};
  unsigned cost = 0;
  while (!work.empty() && cost <= 2 * kWorthStoring) {
    Value next = work.pop_back_val();
    Operation *op = next.getDefiningOp();
    if ((next != value && known(next)) || !op || !seen.insert(op).second)
      continue;
    cost += getOpCost(op);
    llvm::append_range(work, op->getOperands());
  }
  return cost;
}
