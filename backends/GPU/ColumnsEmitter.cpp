// SPDX-License-Identifier: Apache-2.0
//
// Sums over leading loops, several threads a column.

#include "backends/GPU/ColumnsEmitter.h"

#include "backends/GPU/Places.h"

using namespace llvm;

namespace lamina::gpu {

/// Rows that one thread should have at least.
static constexpr int64_t usualRows = 8;

bool ColumnsEmitter::takes(const LoopProgram &program) {
  if (program.groups().size() != 1 || program.hasPartials())
    return false;
  const Group &group = program.groups().front();
  return group.columns && !group.sequential;
}

// As many columns as there are, up to a warp's; more where there are too few
// rows for the other threads.
ColumnsEmitter::ColumnsEmitter(LoopProgram given)
    : program(std::move(given)),
      reduced(unsigned(program.groups().front().stages.front().domain.size())) {
  for (const Stage &stage : program.groups().front().stages)
    reduced |= stage.reduced;
  columns = std::min(
      columnsOfBlock(staticProduct(extents(/*ofColumns=*/true)), threads()),
      warpThreads);
  int64_t rows = staticProduct(extents(/*ofColumns=*/false));
  if (rows >= 0)
    while (columns < threads() && members() * usualRows > rows)
      columns *= 2;
}

SmallVector<Extent> ColumnsEmitter::extents(bool ofColumns) const {
  SmallVector<Extent> sizes;
  for (auto [loop, size] :
       enumerate(program.groups().front().stages.front().domain))
    if (reduced[unsigned(loop)] != ofColumns)
      sizes.push_back(size);
  return sizes;
}

Value *ColumnsEmitter::emitBlocks(Frame &frame) {
  return frame.b.ceilDivide(frame.product(extents(/*ofColumns=*/true)),
                            frame.b.index(columns));
}

Coordinates ColumnsEmitter::setLoops(Frame &frame, Coordinates at,
                                     bool ofColumns, Value *number) {
  Coordinates parts = splitIndex(frame, extents(ofColumns), number);
  for (unsigned loop = 0, next = 0; loop < at.size(); ++loop)
    if (reduced[loop] != ofColumns)
      at[loop] = parts[next++];
  return at;
}

// A thread's rows are cut into chains, which lose fewer digits.
Values ColumnsEmitter::sumRows(Frame &frame, StageWalk &walk,
                               const Coordinates &at, Value *member,
                               Evaluator &evaluator) {
  LoopBuilder &b = frame.b;
  Value *rows = frame.product(extents(/*ofColumns=*/false));
  Value *step = b.index(members());
  Value *chain = b.index(members() * chainLength);
  return b.emitFor(b.index(0), rows, chain, walk.neutral(),
                   [&](Value *from, ValueRange totals) {
                     Value *to = b.minimum(b.add(from, chain), rows);
                     Values sums = b.emitFor(
                         b.add(from, member), to, step, walk.neutral(),
                         [&](Value *row, ValueRange running) {
                           return walk.run(
                               setLoops(frame, at, /*ofColumns=*/false, row),
                               running, evaluator);
                         });
                     return walk.combine(totals, sums);
                   });
}

// The sums of a column's threads, in the order of threads. Valid in the first.
Values ColumnsEmitter::combineMembers(Frame &frame, StageWalk &walk,
                                      ValueRange parts, Value *lane,
                                      Value *member) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  Values memory;
  auto slot = [&](Value *array, Value *number) {
    return b.CreateGEP(b.getInt64Ty(), array,
                       b.add(b.multiply(number, b.index(columns)), lane));
  };
  for (Value *part : parts) {
    memory.push_back(threads.sharedMemory(8 * this->threads(), "part"));
    b.CreateStore(part, slot(memory.back(), member));
  }
  threads.waitForBlock();
  Values totals(parts);
  for (unsigned other = 1; other < members(); ++other) {
    Values next;
    for (auto [array, part] : zip(memory, parts))
      next.push_back(
          b.CreateLoad(part->getType(), slot(array, b.index(other))));
    totals = walk.combine(totals, next);
  }
  return totals;
}

mlir::LogicalResult ColumnsEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  const Group &group = program.groups().front();
  if (failed(placeResults(frame, program)))
    return mlir::failure();
  StageWalk walk(frame, group);
  Threads threads(b);
  Value *lane = b.remainder(threads.thread(), b.index(columns));
  Value *member = b.divide(threads.thread(), b.index(columns));
  Value *column = b.add(b.multiply(threads.block(), b.index(columns)), lane);
  Value *isInside =
      b.CreateICmpSLT(column, frame.product(extents(/*ofColumns=*/true)));
  // Threads behind the last column run along, for the barrier.
  Coordinates at = setLoops(
      frame, Coordinates(walk.domain().size(), {b.index(0), 0}),
      /*ofColumns=*/true, b.CreateSelect(isInside, column, b.index(0)));
  Evaluator evaluator(frame, 1);
  evaluator.setAnchor();
  Values totals = sumRows(frame, walk, at, member, evaluator);
  if (members() > 1)
    totals = combineMembers(frame, walk, totals, lane, member);
  Value *isFirst = b.CreateICmpEQ(member, b.index(0));
  mlir::Operation *failure = walk.failedOp();
  b.emitIf(b.CreateAnd(isInside, isFirst), [&] {
    Evaluator end(frame, 1, nullptr, &evaluator);
    end.setAnchor();
    walk.finish(walk.combine(walk.before(at, end), totals), at, end);
    failure = failure ? failure : end.failedOp();
  });
  if (failure)
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
