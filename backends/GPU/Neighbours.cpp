// SPDX-License-Identifier: Apache-2.0
//
// Four neighbours at once.

#include "backends/GPU/Neighbours.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::Extent;
using cpu::Frame;
using cpu::Group;
using cpu::KernelBody;
using cpu::LoopProgram;
using cpu::Stage;

/// The most bytes that a thread reads at once.
static constexpr int64_t vectorBytes = 16;

/// Whether elements that are neighbours along the last loop are neighbours in
/// the tensor: 1; the same element: 0; neither: -1.
static int stepOf(mlir::AffineMap map) {
  unsigned last = map.getNumDims() - 1;
  int step = 0;
  for (auto [axis, result] : enumerate(map.getResults())) {
    auto dim = dyn_cast<mlir::AffineDimExpr>(result);
    auto constant = dyn_cast<mlir::AffineConstantExpr>(result);
    if (!dim && !(constant && constant.getValue() == 0))
      return -1;
    if (!dim || dim.getPosition() != last)
      continue;
    if (axis + 1 != map.getNumResults())
      return -1;
    step = 1;
  }
  return step;
}

/// Whether a tensor is in memory where `program` reads it, or a constant.
static bool isPlain(const LoopProgram &program, mlir::Value value) {
  mlir::Operation *from = value.getDefiningOp();
  if (!from || isa<mlir::linalg::FillOp, mlir::tensor::EmptyOp>(from))
    return true;
  return any_of(program.groups(), [&](const Group &group) {
    return any_of(group.stages,
                  [&](const Stage &stage) { return stage.op == from; });
  });
}

static bool hasPlainOperands(const LoopProgram &program, const Stage &stage) {
  mlir::linalg::LinalgOp op = stage.op;
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    if (!isa<mlir::RankedTensorType>(operand.get().getType()))
      continue;
    if (!isPlain(program, operand.get()) ||
        stepOf(op.getMatchingIndexingMap(&operand)) < 0)
      return false;
  }
  return true;
}

/// Elements go out side by side. A sum lacks the last loop and may have any
/// order: lanes are summed apart.
static bool givesLanes(const Stage &stage, unsigned result) {
  switch (stage.roles[result]) {
  case cpu::Role::Elementwise:
    return stepOf(stage.resultMap(result)) == 1;
  case cpu::Role::Reduced:
    return stage.combiners[result] && stepOf(stage.resultMap(result)) == 0;
  case cpu::Role::Partial:
    return false;
  }
  llvm_unreachable("a role");
}

static bool hasNeighbours(const KernelBody &body, const LoopProgram &program,
                          const Stage &stage) {
  mlir::linalg::LinalgOp op = stage.op;
  if (!op.getNumLoops() || !hasPlainOperands(program, stage))
    return false;
  for (unsigned result = 0; result < stage.roles.size(); ++result)
    if (!givesLanes(stage, result))
      return false;
  for (mlir::OpResult result : op->getResults())
    if (const cpu::Destination *where = body.destination(result))
      if (!where->offsets.empty())
        return false;
  return op.getBlock()->getOps<mlir::tensor::ExtractOp>().empty();
}

bool haveNeighbours(const KernelBody &body, const LoopProgram &program,
                    const Group &group, unsigned outer) {
  ArrayRef<Extent> domain = group.stages.front().domain;
  if (domain.size() <= outer || group.sequential || group.columns)
    return false;
  const Extent &last = domain.back();
  if (domain.size() > 1 &&
      (!last.isFixed() || last.plus % int64_t(neighbours) != 0))
    return false;
  return all_of(group.stages, [&](const Stage &stage) {
    return hasNeighbours(body, program, stage);
  });
}

/// Bytes that divide the address of four such elements.
static int64_t alignmentOf(Frame &frame, mlir::Type element) {
  return std::min(vectorBytes, int64_t(neighbours) * frame.bytesOf(element));
}

Value *areAligned(Frame &frame, const KernelBody &body, Value *scratch) {
  cpu::LoopBuilder &b = frame.b;
  Value *areAligned = b.getTrue();
  auto add = [&](Value *base, int64_t bytes) {
    Value *address = b.CreatePtrToInt(base, b.getInt64Ty());
    Value *rest = b.CreateAnd(address, b.index(bytes - 1));
    areAligned = b.CreateAnd(areAligned, b.CreateICmpEQ(rest, b.index(0)));
  };
  for (mlir::BlockArgument argument : body.func().getBlock()->getArguments())
    if (const cpu::Storage *where = frame.storage(argument))
      add(where->base, alignmentOf(frame, where->elementType));
  if (scratch)
    add(scratch, vectorBytes);
  return areAligned;
}

void setAligned(Frame &frame, const KernelBody &body,
                const LoopProgram &program, bool isAligned) {
  SmallVector<mlir::Value> stored;
  for (mlir::BlockArgument argument : body.func().getBlock()->getArguments())
    stored.push_back(argument);
  for (const Group &group : program.groups())
    for (const Stage &stage : group.stages) {
      mlir::linalg::LinalgOp op = stage.op;
      append_range(stored, op->getResults());
    }
  for (mlir::Value value : stored)
    if (const cpu::Storage *where = frame.storage(value)) {
      cpu::Storage changed = *where;
      changed.lanesAlign =
          isAligned ? uint64_t(alignmentOf(frame, where->elementType)) : 1;
      frame.setStorage(value, changed);
    }
}

} // namespace lamina::gpu
