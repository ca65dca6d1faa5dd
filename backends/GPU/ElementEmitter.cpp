// SPDX-License-Identifier: Apache-2.0
//
// One thread an element.

#include "backends/GPU/ElementEmitter.h"

#include "backends/GPU/Places.h"
#include "backends/GPU/StageWalk.h"

using namespace llvm;

namespace lamina::gpu {

/// Elements that a thread takes where it may, and the bytes of its reads.
static constexpr unsigned vectorElements = 4;
static constexpr int64_t vectorBytes = 16;

bool ElementEmitter::takes(const LoopProgram &program) {
  if (program.groups().size() != 1 || program.hasPartials())
    return false;
  const Group &group = program.groups().front();
  bool hasSums = any_of(
      group.stages, [](const Stage &stage) { return stage.hasReduction(); });
  return !hasSums || group.sequential;
}

ElementEmitter::ElementEmitter(const KernelBody &body, LoopProgram given)
    : body(body), program(std::move(given)) {
  if (isVector())
    elements = vectorElements;
}

//===----------------------------------------------------------------------===//
// Neighbours
//===----------------------------------------------------------------------===//

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

bool ElementEmitter::isVector(const Stage &stage) const {
  mlir::linalg::LinalgOp op = stage.op;
  if (!op.getNumLoops() || stage.hasReduction())
    return false;
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    mlir::Value value = operand.get();
    if (!isa<mlir::RankedTensorType>(value.getType()))
      continue;
    mlir::Operation *from = value.getDefiningOp();
    bool isOut = op.isDpsInit(&operand);
    bool isStage = any_of(program.groups().front().stages,
                          [&](const Stage &other) { return other.op == from; });
    bool isFill =
        isa_and_nonnull<mlir::linalg::FillOp, mlir::tensor::EmptyOp>(from);
    if (from && !isStage && !isFill)
      return false;
    int step = stepOf(op.getMatchingIndexingMap(&operand));
    if (step < 0 || (isOut && step != 1))
      return false;
  }
  for (mlir::OpResult result : op->getResults())
    if (const cpu::Destination *where = body.destination(result))
      if (!where->offsets.empty())
        return false;
  auto isElsewhere = [](mlir::Operation &inner) {
    return isa<mlir::linalg::IndexOp, mlir::tensor::ExtractOp>(inner);
  };
  return none_of(op.getBlock()->getOperations(), isElsewhere);
}

// One loop may end anywhere. Of several, the last one must be whole vectors,
// so that each begins at a multiple of them.
bool ElementEmitter::isVector() const {
  const Group &group = program.groups().front();
  ArrayRef<Extent> domain = group.stages.front().domain;
  if (domain.empty() || group.sequential)
    return false;
  const Extent &last = domain.back();
  if (domain.size() > 1 &&
      (!last.isFixed() || last.plus % int64_t(vectorElements) != 0))
    return false;
  return all_of(group.stages,
                [&](const Stage &stage) { return isVector(stage); });
}

SmallVector<Extent> ElementEmitter::parallelDomain() const {
  const Group &group = program.groups().front();
  SmallBitVector reduced(unsigned(group.stages.front().domain.size()));
  for (const Stage &stage : group.stages)
    reduced |= stage.reduced;
  SmallVector<Extent> domain;
  for (auto [loop, size] : enumerate(group.stages.front().domain))
    if (!reduced[unsigned(loop)])
      domain.push_back(size);
  return domain;
}

Value *ElementEmitter::emitBlocks(Frame &frame) {
  return frame.b.ceilDivide(frame.product(parallelDomain()),
                            frame.b.index(threads() * elements));
}

mlir::Operation *ElementEmitter::emitElement(Frame &frame, Value *number) {
  LoopBuilder &b = frame.b;
  StageWalk walk(frame, program.groups().front());
  Coordinates parallel = splitIndex(frame, parallelDomain(), number);
  Coordinates at;
  for (unsigned loop = 0, next = 0; loop < walk.domain().size(); ++loop)
    at.push_back(walk.isReduced(loop) ? cpu::Coordinate{b.index(0), 0}
                                      : parallel[next++]);
  Evaluator evaluator(frame, 1);
  evaluator.setAnchor();
  walk.finish(walk.sum(at, evaluator), at, evaluator);
  return walk.failedOp() ? walk.failedOp() : evaluator.failedOp();
}

/// Bytes that divide the address of a vector of such elements.
static int64_t alignmentOf(Frame &frame, mlir::Type element) {
  return std::min(vectorBytes,
                  int64_t(vectorElements) * frame.bytesOf(element));
}

// Whether all buffers begin at a multiple of a vector. Buffers may be rows of
// others, so that is known at the launch only.
Value *ElementEmitter::isAligned(Frame &frame) {
  LoopBuilder &b = frame.b;
  Value *isAligned = b.getTrue();
  for (mlir::BlockArgument argument : body.func().getBlock()->getArguments()) {
    const cpu::Storage *where = frame.storage(argument);
    if (!where)
      continue;
    Value *address = b.CreatePtrToInt(where->base, b.getInt64Ty());
    int64_t bytes = alignmentOf(frame, where->elementType);
    Value *rest = b.CreateAnd(address, b.index(bytes - 1));
    isAligned = b.CreateAnd(isAligned, b.CreateICmpEQ(rest, b.index(0)));
  }
  return isAligned;
}

mlir::Operation *ElementEmitter::emitVector(Frame &frame, Value *number) {
  const Group &group = program.groups().front();
  SmallVector<mlir::Value> stored;
  for (mlir::BlockArgument argument : body.func().getBlock()->getArguments())
    stored.push_back(argument);
  for (const Stage &stage : group.stages) {
    mlir::linalg::LinalgOp op = stage.op;
    append_range(stored, op->getResults());
  }
  auto setAlign = [&](bool isAligned) {
    for (mlir::Value value : stored)
      if (const cpu::Storage *where = frame.storage(value)) {
        cpu::Storage changed = *where;
        changed.lanesAlign =
            isAligned ? uint64_t(alignmentOf(frame, where->elementType)) : 1;
        frame.setStorage(value, changed);
      }
  };
  setAlign(true);
  StageWalk walk(frame, group);
  Evaluator evaluator(frame, vectorElements);
  Coordinates at = splitIndex(frame, parallelDomain(), number);
  at.back().step = 1;
  for (const Stage &stage : group.stages)
    walk.runStage(stage, at, evaluator);
  setAlign(false);
  return walk.failedOp() ? walk.failedOp() : evaluator.failedOp();
}

mlir::LogicalResult ElementEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  if (failed(placeResults(frame, program)))
    return mlir::failure();
  Threads threads(b);
  Value *thread = b.add(b.multiply(threads.block(), b.index(this->threads())),
                        threads.thread());
  Value *first = b.multiply(thread, b.index(elements));
  Value *count = frame.product(parallelDomain());
  mlir::Operation *failure = nullptr;
  b.emitIf(b.CreateICmpSLT(first, count), [&] {
    if (elements == 1) {
      failure = emitElement(frame, first);
      return;
    }
    Value *end = b.add(first, b.index(elements));
    Value *isVector =
        b.CreateAnd(isAligned(frame), b.CreateICmpSLE(end, count));
    b.emitIf(
        isVector, [&] { failure = emitVector(frame, first); },
        [&] {
          b.emitFor(first, b.minimum(end, count), b.index(1),
                    [&](Value *number) { emitElement(frame, number); });
        });
  });
  if (failure)
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
