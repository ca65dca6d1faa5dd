// SPDX-License-Identifier: Apache-2.0
//
// Values that have to be in memory.
//
// Loops, structured ops, products and the caller read buffers. A view that one
// of them reads gets a copy that is a kernel of its own, unless it is a
// reshape, which is the same bytes.

#include "passes/Kernel/MemoryDemands.h"

#include "passes/Kernel/BuildKernel.h"
#include "passes/Kernel/ClusterGraph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lamina;

namespace {
class MemoryDemands {
public:
  MemoryDemands(const HostValues &host) : host(host) {}
  void visit(Block &block);

private:
  void visitScan(graph::ScanOp scan);
  void visitCond(graph::CondOp cond);
  /// Makes sure that an operand is something in memory.
  void demand(OpOperand &operand);
  void demandRows(OpOperand &operand);
  void demandFactor(OpOperand &operand, bool windowed);
  void demandInAnyOrder(OpOperand &operand);
  void demandRow(OpOperand &operand, graph::ScanOp scan);
  void copy(OpOperand &operand);

  const HostValues &host;
};
} // namespace

/// A view that is only another shape of something in memory.
static Value getAliased(Value value) {
  while (auto reshape = value.getDefiningOp<graph::ReshapeOp>())
    value = reshape.getX();
  return value;
}

void MemoryDemands::demand(OpOperand &operand) {
  Value base = getAliased(operand.get());
  Operation *op = base.getDefiningOp();
  bool isHost = host.contains(base);
  if (!isHost && (!op || classify(op, host) != OpClass::View))
    return;
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op))
    if (!cast<DenseElementsAttr>(constant.getValue()).isSplat())
      return;
  copy(operand);
}

/// Makes a copy that is a kernel: `stop` is the identity that is no host value.
void MemoryDemands::copy(OpOperand &operand) {
  OpBuilder b(operand.getOwner());
  auto copy = graph::StopOp::create(b, operand.get().getLoc(),
                                    operand.get().getType(), operand.get());
  setCluster(copy, -1);
  operand.set(copy);
}

/// What a loop reads row by row. A constant has no address that a loop could
/// step along, so it gets a copy, too.
void MemoryDemands::demandRows(OpOperand &operand) {
  if (getAliased(operand.get()).getDefiningOp<arith::ConstantOp>())
    return copy(operand);
  demand(operand);
}

/// A carry that is also a row of a stack is copied before it gets its next
/// value, so that this one can be computed in its place.
void MemoryDemands::demandRow(OpOperand &operand, graph::ScanOp scan) {
  if (!llvm::is_contained(scan.getCarryArgs(), getAliased(operand.get())))
    return demand(operand);
  copy(operand);
  operand.get().getDefiningOp()->moveBefore(&scan.getBodyBlock()->front());
}

void MemoryDemands::demandFactor(OpOperand &operand, bool windowed) {
  Value value = operand.get();
  while (Operation *op = value.getDefiningOp()) {
    if (windowed || !isa<graph::TransposeOp, graph::ReshapeOp,
                         graph::BroadcastOp, graph::SliceOp>(op))
      break;
    value = op->getOperand(0);
  }
  Operation *op = value.getDefiningOp();
  bool inMemory =
      !host.contains(value) && (!op || classify(op, host) != OpClass::View);
  if (!inMemory)
    demand(operand);
}

/// What a kernel reads with its axes in another order than they have in memory.
void MemoryDemands::demandInAnyOrder(OpOperand &operand) {
  Value value = operand.get();
  while (auto transpose = value.getDefiningOp<graph::TransposeOp>())
    value = transpose.getX();
  Operation *op = getAliased(value).getDefiningOp();
  if (host.contains(value) || (op && classify(op, host) == OpClass::View))
    demand(operand);
}

void MemoryDemands::visitScan(graph::ScanOp scan) {
  for (auto [operand, carry] :
       llvm::zip(scan.getInitMutable(), scan.getCarryArgs()))
    if (!host.contains(carry))
      demand(operand);
  for (OpOperand &operand : scan.getOverMutable())
    demandRows(operand);
  for (OpOperand &operand : scan.getWithMutable())
    if (!host.contains(operand.get()))
      demand(operand);
  visit(*scan.getBodyBlock());
  auto yield = scan.getBodyYield();
  for (auto [operand, carry] :
       llvm::zip(yield.getValuesMutable(), scan.getCarryArgs()))
    if (!host.contains(carry))
      demand(operand);
  for (OpOperand &operand : yield.getStackedMutable())
    demandRow(operand, scan);
  if (scan.hasUntil()) {
    visit(*scan.getUntilBlock());
    for (OpOperand &operand : scan.getUntilYield()->getOpOperands())
      demand(operand);
  }
}

void MemoryDemands::visitCond(graph::CondOp cond) {
  for (OpOperand &operand : cond.getWithMutable())
    if (!host.contains(operand.get()))
      demand(operand);
  for (Block *branch : {cond.getTakenBlock(), cond.getOtherwiseBlock()}) {
    visit(*branch);
    for (OpOperand &operand : branch->getTerminator()->getOpOperands())
      if (!host.contains(cond.getResult(operand.getOperandNumber())))
        demand(operand);
  }
}

void MemoryDemands::visit(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto contract = dyn_cast<graph::ContractOp>(op)) {
      for (unsigned i : {0, 1})
        demandFactor(op.getOpOperand(i), isWindowed(contract));
      continue;
    }
    if (isa<graph::AttendOp, graph::AttendGradOp>(op)) {
      for (OpOperand &operand : op.getOpOperands())
        demandInAnyOrder(operand);
      continue;
    }
    if (isStructured(&op) || isa<graph::BarrierOp>(op)) {
      for (OpOperand &operand : op.getOpOperands())
        demand(operand);
      continue;
    }
    if (auto update = dyn_cast<graph::DynamicUpdateOp>(op)) {
      demand(update.getXMutable());
      continue;
    }
    if (auto scan = dyn_cast<graph::ScanOp>(op)) {
      visitScan(scan);
      continue;
    }
    if (auto cond = dyn_cast<graph::CondOp>(op)) {
      visitCond(cond);
      continue;
    }
    if (isa<func::ReturnOp>(op))
      for (OpOperand &operand : op.getOpOperands())
        if (!host.contains(operand.get()))
          demand(operand);
  }
}

void lamina::copyDemandedViews(Block &block, const HostValues &host) {
  MemoryDemands(host).visit(block);
}
