// SPDX-License-Identifier: Apache-2.0
//
// One thread an element.

#include "backends/GPU/ElementEmitter.h"

#include "backends/GPU/Neighbours.h"
#include "backends/GPU/Places.h"
#include "backends/GPU/StageWalk.h"

using namespace llvm;

namespace lamina::gpu {

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
  const Group &group = program.groups().front();
  bool hasSums = any_of(
      group.stages, [](const Stage &stage) { return stage.hasReduction(); });
  if (!hasSums && haveNeighbours(body, program, group, 0))
    elements = neighbours;
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

mlir::Operation *ElementEmitter::emitVector(Frame &frame, Value *number) {
  const Group &group = program.groups().front();
  setAligned(frame, body, program, true);
  StageWalk walk(frame, group);
  Evaluator evaluator(frame, neighbours);
  Coordinates at = splitIndex(frame, parallelDomain(), number);
  at.back().step = 1;
  for (const Stage &stage : group.stages)
    walk.runStage(stage, at, evaluator);
  setAligned(frame, body, program, false);
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
        b.CreateAnd(areAligned(frame, body), b.CreateICmpSLE(end, count));
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
