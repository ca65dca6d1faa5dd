// SPDX-License-Identifier: Apache-2.0
//
// One thread an element.

#include "backends/GPU/ElementEmitter.h"

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
  return !hasSums || group.columns || group.sequential;
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
                            frame.b.index(threads()));
}

mlir::LogicalResult ElementEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  const Group &group = program.groups().front();
  if (failed(placeResults(frame, program)))
    return mlir::failure();
  StageWalk walk(frame, group);
  Threads threads(b);
  Value *number = b.add(b.multiply(threads.block(), b.index(this->threads())),
                        threads.thread());
  SmallVector<Extent> domain = parallelDomain();
  mlir::LogicalResult result = mlir::success();
  b.emitIf(b.CreateICmpSLT(number, frame.product(domain)), [&] {
    Coordinates parallel = splitIndex(frame, domain, number);
    Coordinates at;
    for (unsigned loop = 0, next = 0; loop < walk.domain().size(); ++loop)
      at.push_back(walk.isReduced(loop) ? cpu::Coordinate{b.index(0), 0}
                                        : parallel[next++]);
    Evaluator evaluator(frame, 1);
    evaluator.setAnchor();
    walk.finish(walk.sum(at, evaluator), at, evaluator);
    mlir::Operation *failure =
        walk.failedOp() ? walk.failedOp() : evaluator.failedOp();
    if (failure)
      result = failure->emitOpError("has no form on the gpu backend");
  });
  return result;
}

} // namespace lamina::gpu
