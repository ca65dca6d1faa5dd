// SPDX-License-Identifier: Apache-2.0
//
// Sums over leading loops, several threads a column and blocks a sum.

#include "backends/GPU/ColumnsEmitter.h"

#include "backends/CPU/Combination.h"
#include "backends/GPU/Places.h"

using namespace llvm;

namespace lamina::gpu {

/// Rows that one thread should have at least.
static constexpr int64_t usualRows = 8;

static SmallBitVector loopsSummed(const Group &group) {
  SmallBitVector summed(unsigned(group.stages.front().domain.size()));
  for (const Stage &stage : group.stages)
    summed |= stage.reduced;
  return summed;
}

/// The sizes of the loops that are summed over, or of the others.
static SmallVector<Extent> extentsOf(const Group &group, bool summed) {
  SmallBitVector loops = loopsSummed(group);
  SmallVector<Extent> sizes;
  for (auto [loop, size] : enumerate(group.stages.front().domain))
    if (loops[unsigned(loop)] == summed)
      sizes.push_back(size);
  return sizes;
}

/// Whether each element of `later` needs of `program` what stands at its own
/// index, and is one of the columns of `first`.
static bool followsColumns(const LoopProgram &program, const Group &first,
                           const Group &later) {
  auto isComputed = [&](mlir::Operation *op) {
    return any_of(program.groups(), [&](const Group &group) {
      return any_of(group.stages,
                    [&](const Stage &stage) { return stage.op == op; });
    });
  };
  return all_of(later.stages, [&](const Stage &stage) {
    mlir::linalg::LinalgOp op = stage.op;
    bool readsOwn = all_of(op->getOpOperands(), [&](mlir::OpOperand &operand) {
      mlir::Operation *from = operand.get().getDefiningOp();
      return !from || !isComputed(from) ||
             op.getMatchingIndexingMap(&operand).isIdentity();
    });
    return readsOwn && !stage.hasReduction() &&
           stage.domain == extentsOf(first, /*summed=*/false);
  });
}

bool ColumnsEmitter::takes(const LoopProgram &program) {
  if (program.groups().empty() || program.hasPartials())
    return false;
  const Group &first = program.groups().front();
  SmallBitVector summed = loopsSummed(first);
  bool isOneRow = summed.any() && summed.all();
  return (first.columns || isOneRow) && !first.sequential &&
         all_of(program.groups().drop_front(), [&](const Group &later) {
           return followsColumns(program, first, later);
         });
}

// As many columns as there are, up to a warp's; more where there are too few
// rows for the other threads.
ColumnsEmitter::ColumnsEmitter(LoopProgram given)
    : program(std::move(given)),
      reduced(loopsSummed(program.groups().front())) {
  for (const Stage &stage : program.groups().front().stages)
    sums += unsigned(count(stage.roles, Role::Reduced));
  columns = std::min(
      columnsOfBlock(staticProduct(extents(/*ofColumns=*/true)), threads()),
      warpThreads);
  int64_t rows = staticProduct(extents(/*ofColumns=*/false));
  if (rows >= 0)
    while (columns < threads() && members() * usualRows > rows)
      columns *= 2;
}

bool ColumnsEmitter::splits() const {
  int64_t rows = staticProduct(extents(/*ofColumns=*/false));
  return rows < 0 || rows > rowsOfPart();
}

SmallVector<Extent> ColumnsEmitter::extents(bool ofColumns) const {
  return extentsOf(program.groups().front(), /*summed=*/!ofColumns);
}

Value *ColumnsEmitter::tiles(Frame &frame) {
  return frame.b.ceilDivide(frame.product(extents(/*ofColumns=*/true)),
                            frame.b.index(columns));
}

Value *ColumnsEmitter::parts(Frame &frame) {
  return frame.b.ceilDivide(frame.product(extents(/*ofColumns=*/false)),
                            frame.b.index(rowsOfPart()));
}

Value *ColumnsEmitter::emitBlocks(Frame &frame) {
  return splits() ? frame.b.multiply(tiles(frame), parts(frame)) : tiles(frame);
}

Value *ColumnsEmitter::emitScratch(Frame &frame) {
  return frame.b.index(splits() ? 8 * int64_t(sums) * columns : 0);
}

Coordinates ColumnsEmitter::setLoops(Frame &frame, Coordinates at,
                                     bool ofColumns, Value *number) {
  Coordinates parts = splitIndex(frame, extents(ofColumns), number);
  for (unsigned loop = 0, next = 0; loop < at.size(); ++loop)
    if (reduced[loop] != ofColumns)
      at[loop] = parts[next++];
  return at;
}

ColumnsEmitter::Place ColumnsEmitter::findPlace(Frame &frame, Value *tile) {
  LoopBuilder &b = frame.b;
  Value *thread = Threads(b).thread(), *width = b.index(columns);
  Value *lane = b.remainder(thread, width);
  Value *column = b.add(b.multiply(tile, width), lane);
  Value *isInside =
      b.CreateICmpSLT(column, frame.product(extents(/*ofColumns=*/true)));
  size_t loops = program.groups().front().stages.front().domain.size();
  // Threads behind the last column run along, for the barriers.
  Coordinates at = setLoops(frame, Coordinates(loops, {b.index(0), 0}),
                            /*ofColumns=*/true,
                            b.CreateSelect(isInside, column, b.index(0)));
  return {lane, b.divide(thread, width), isInside, at};
}

Values ColumnsEmitter::sumRows(Frame &frame, StageWalk &walk,
                               const Place &place, Value *part,
                               Evaluator &evaluator) {
  LoopBuilder &b = frame.b;
  Value *first = b.multiply(part, b.index(rowsOfPart()));
  Value *end = b.minimum(b.add(first, b.index(rowsOfPart())),
                         frame.product(extents(/*ofColumns=*/false)));
  return b.emitFor(b.add(first, place.member), end, b.index(members()),
                   walk.neutral(), [&](Value *row, ValueRange running) {
                     return walk.run(setLoops(frame, place.at,
                                              /*ofColumns=*/false, row),
                                     running, evaluator);
                   });
}

/// Sums that are combined at once. Their slots take 16 kB, a third of the
/// shared memory that a block may have.
static constexpr size_t sumsAtOnce = 8;

// Members with a smaller number add what one half further on has. Valid in the
// first one.
Values ColumnsEmitter::combineMembers(Frame &frame, StageWalk &walk,
                                      ValueRange sums, const Place &place) {
  if (members() == 1)
    return Values(sums);
  size_t atOnce = std::min(sums.size(), sumsAtOnce);
  Value *memory =
      Threads(frame.b).sharedMemory(8 * threads() * int64_t(atOnce), "part");
  Values totals;
  for (size_t first = 0; first < sums.size(); first += atOnce) {
    // The slots are used again.
    if (first > 0)
      Threads(frame.b).waitForBlock();
    size_t count = std::min(atOnce, sums.size() - first);
    append_range(totals, combineSums(frame, walk.sums().slice(first, count),
                                     sums.slice(first, count), memory, place));
  }
  return totals;
}

// One loop over the distances, for all sums at once. LLVM unrolls it where they
// are few.
Values ColumnsEmitter::combineSums(Frame &frame, ArrayRef<Sum> which,
                                   ValueRange mine, Value *memory,
                                   const Place &place) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  auto slot = [&](size_t sum, Value *member) {
    Value *row = b.add(b.index(int64_t(sum) * members()), member);
    return b.CreateGEP(b.getInt64Ty(), memory,
                       b.add(b.multiply(row, b.index(columns)), place.lane));
  };
  for (auto [sum, value] : enumerate(mine))
    b.CreateStore(value, slot(sum, place.member));
  Values start{b.index(members() / 2)};
  append_range(start, mine);
  auto isLeft = [&](ValueRange now) {
    return b.CreateICmpSGT(now[0], b.index(0));
  };
  auto halve = [&](ValueRange now) {
    threads.waitForBlock();
    Value *half = now[0];
    Values next{b.divide(half, b.index(2))};
    append_range(next,
                 b.emitWhenever(
                     b.CreateICmpSLT(place.member, half), now.drop_front(),
                     [&](ValueRange own) {
                       Values sums;
                       for (auto [sum, value] : enumerate(own)) {
                         Value *other =
                             b.CreateLoad(value->getType(),
                                          slot(sum, b.add(place.member, half)));
                         sums.push_back(cpu::combine(b, 1, which[sum].combiner,
                                                     value, other));
                         b.CreateStore(sums.back(), slot(sum, place.member));
                       }
                       return sums;
                     }));
    return next;
  };
  return Values(drop_begin(b.emitWhile(start, isLeft, halve)));
}

// A block has 8 bytes for each sum and column.
Value *ColumnsEmitter::slotOf(Frame &frame, const Place &place, Value *scratch,
                              size_t sum) {
  LoopBuilder &b = frame.b;
  return b.CreateGEP(b.getInt64Ty(), scratch,
                     b.add(b.index(int64_t(sum) * columns), place.lane));
}

mlir::LogicalResult ColumnsEmitter::store(Frame &frame, StageWalk &walk,
                                          const Place &place, ValueRange totals,
                                          Evaluator &evaluator) {
  LoopBuilder &b = frame.b;
  mlir::Operation *failure = walk.failedOp();
  Value *isFirst = b.CreateICmpEQ(place.member, b.index(0));
  b.emitIf(b.CreateAnd(place.isInside, isFirst), [&] {
    Evaluator end(frame, 1, nullptr, &evaluator);
    end.setAnchor();
    walk.finish(walk.combine(walk.before(place.at, end), totals), place.at,
                end);
    Coordinates own;
    for (unsigned loop = 0; loop < place.at.size(); ++loop)
      if (!reduced[loop])
        own.push_back(place.at[loop]);
    for (const Group &later : program.groups().drop_front()) {
      StageWalk behind(frame, later);
      for (const Stage &stage : later.stages)
        behind.runStage(stage, own, end);
      failure = failure ? failure : behind.failedOp();
    }
    failure = failure ? failure : end.failedOp();
  });
  if (failure)
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

mlir::LogicalResult ColumnsEmitter::emitThread(Frame &frame, Value *scratch) {
  LoopBuilder &b = frame.b;
  if (failed(placeResults(frame, program)))
    return mlir::failure();
  StageWalk walk(frame, program.groups().front());
  Value *tile = Threads(b).block(), *part = b.index(0);
  if (splits()) {
    part = b.remainder(tile, parts(frame));
    tile = b.divide(tile, parts(frame));
  }
  Place place = findPlace(frame, tile);
  Evaluator evaluator(frame, 1);
  evaluator.setAnchor();
  Values totals = combineMembers(
      frame, walk, sumRows(frame, walk, place, part, evaluator), place);
  if (!splits())
    return store(frame, walk, place, totals, evaluator);
  b.emitIf(b.CreateICmpEQ(place.member, b.index(0)), [&] {
    for (auto [sum, total] : enumerate(totals))
      b.CreateStore(total, slotOf(frame, place, scratch, sum));
  });
  if (mlir::Operation *failure = walk.failedOp())
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

mlir::LogicalResult ColumnsEmitter::emitFinish(Frame &frame, Value *scratch) {
  LoopBuilder &b = frame.b;
  if (failed(placeResults(frame, program)))
    return mlir::failure();
  StageWalk walk(frame, program.groups().front());
  Value *tile = Threads(b).block(), *count = parts(frame);
  Place place = findPlace(frame, tile);
  Value *first = b.multiply(tile, count), *bytes = emitScratch(frame);
  Values mine = b.emitFor(
      place.member, count, b.index(members()), walk.neutral(),
      [&](Value *part, ValueRange running) {
        Value *block =
            b.CreatePtrAdd(scratch, b.multiply(b.add(first, part), bytes));
        Values sums;
        for (auto [sum, total] : enumerate(running))
          sums.push_back(
              b.CreateLoad(total->getType(), slotOf(frame, place, block, sum)));
        return walk.combine(running, sums);
      });
  Evaluator evaluator(frame, 1);
  evaluator.setAnchor();
  return store(frame, walk, place, combineMembers(frame, walk, mine, place),
               evaluator);
}

} // namespace lamina::gpu
