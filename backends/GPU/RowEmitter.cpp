// SPDX-License-Identifier: Apache-2.0
//
// A team of threads a row.

#include "backends/GPU/RowEmitter.h"

#include "backends/GPU/Neighbours.h"
#include "backends/GPU/Places.h"

using namespace llvm;

namespace lamina::gpu {

/// Rows of no more elements are walked by a warp.
static constexpr int64_t warpRow = 1024;
/// Bytes of shared memory that the rows of a block may take; every processor
/// since 2.0 has 48 KiB without being asked.
static constexpr int64_t sharedBytes = 40 << 10;

static ArrayRef<Extent> behindRows(const LoopProgram &program,
                                   const Group &group) {
  ArrayRef<Extent> domain = group.stages.front().domain;
  return domain.drop_front(std::min<size_t>(program.rowLoops(), domain.size()));
}

RowEmitter::RowEmitter(const KernelBody &body, LoopProgram given)
    : body(body), program(std::move(given)), teamSize(warpThreads) {
  for (const Group &group : program.groups()) {
    int64_t length = staticProduct(behindRows(program, group));
    if (length < 0 || length > warpRow)
      teamSize = threads();
  }
}

int64_t RowEmitter::rowsOfTeam() const {
  return program.hasPartials() ? cpu::partialRows : 1;
}

/// Elements that a member takes at once. Of a short row one each, so that all
/// members have some.
unsigned RowEmitter::widthOf(const Group &group) const {
  int64_t length = staticProduct(behindRows(program, group));
  bool isWide = length >= int64_t(neighbours) * teamSize &&
                haveNeighbours(body, program, group, program.rowLoops());
  return isWide ? neighbours : 1;
}

bool RowEmitter::hasWideGroups() const {
  return any_of(program.groups(),
                [&](const Group &group) { return widthOf(group) > 1; });
}

Value *RowEmitter::emitBlocks(Frame &frame) {
  if (program.groups().empty())
    return frame.b.index(0);
  return frame.b.ceilDivide(frame.product(program.rowDomain()),
                            frame.b.index(rowsOfTeam() * teams()));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

bool RowEmitter::isShared() const {
  int64_t bytes = 0;
  for (mlir::Value value : program.temporaries()) {
    int64_t elements = staticProduct(program.rowShape(value));
    if (elements < 0)
      return false;
    bytes += (elements * 8 + 15) / 16 * 16;
  }
  return bytes * teams() <= sharedBytes;
}

Value *RowEmitter::rowBytes(Frame &frame) {
  LoopBuilder &b = frame.b;
  Value *bytes = b.index(0);
  for (mlir::Value value : program.temporaries()) {
    Value *size = b.multiply(frame.product(program.rowShape(value)),
                             b.index(frame.bytesOf(elementOf(value))));
    bytes = b.add(bytes, b.roundUp(size, 16));
  }
  return bytes;
}

Value *RowEmitter::emitScratch(Frame &frame) {
  if (isShared())
    return frame.b.index(0);
  return frame.b.multiply(rowBytes(frame), frame.b.index(teams()));
}

// A temporary holds one row of a team: its row axes have stride 0.
void RowEmitter::placeTemporaries(Frame &frame, const Team &team,
                                  Value *scratch) {
  if (program.temporaries().empty())
    return;
  LoopBuilder &b = frame.b;
  Value *bytes = rowBytes(frame);
  if (isShared())
    scratch = Threads(b).sharedMemory(
        int64_t(teams()) * cast<ConstantInt>(bytes)->getSExtValue(), "row");
  Value *offset = b.multiply(team.number(), bytes);
  for (mlir::Value value : program.temporaries()) {
    SmallVector<Extent> shape = program.rowShape(value);
    cpu::Storage row =
        frame.dense(b.CreatePtrAdd(scratch, offset), elementOf(value), shape);
    row.strides.insert(row.strides.begin(), program.rowLoops(), b.index(0));
    frame.setStorage(value, row);
    Value *size = b.multiply(frame.product(shape),
                             b.index(frame.bytesOf(elementOf(value))));
    offset = b.add(offset, b.roundUp(size, 16));
  }
}

// Before its rows, the sums of a part are what the op starts from.
void RowEmitter::clearPartials(Frame &frame, Team &team, Value *part) {
  for (const Group &group : program.groups())
    for (const Stage &stage : group.stages)
      for (unsigned number = 0; number < stage.roles.size(); ++number) {
        if (stage.roles[number] != Role::Partial)
          continue;
        mlir::linalg::LinalgOp op = stage.op;
        mlir::Value before = op.getDpsInitOperand(number)->get();
        mlir::Value result = op->getResult(number);
        const cpu::Storage &where = *frame.storage(result);
        SmallVector<Extent> shape;
        for (unsigned axis = 1; axis < where.strides.size(); ++axis)
          shape.push_back(body.extent(result, axis));
        team.walk(frame.product(shape), {},
                  [&](Value *i, ValueRange) -> Values {
                    Coordinates at = splitIndex(frame, shape, i);
                    at.insert(at.begin(), {part, 0});
                    Evaluator evaluator(frame, 1);
                    evaluator.write(where, at, evaluator.read(before, at));
                    return {};
                  });
      }
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

static mlir::Operation *failureOf(const StageWalk &walk,
                                  const Evaluator &evaluator) {
  return walk.failedOp() ? walk.failedOp() : evaluator.failedOp();
}

// Every member needs the numbers of a row, so all compute them. Partial sums of
// rows are read and written by the first one only.
mlir::Operation *RowEmitter::emitRowNumbers(Frame &frame, Team &team,
                                            const Group &group,
                                            const Coordinates &at,
                                            Evaluator &row) {
  bool isPartial = any_of(group.stages, [](const Stage &stage) {
    return is_contained(stage.roles, Role::Partial);
  });
  mlir::Operation *failure = nullptr;
  auto run = [&](Team *writer, Evaluator &evaluator) {
    StageWalk walk(frame, group, writer);
    for (const Stage &stage : group.stages)
      walk.runStage(stage, at, evaluator);
    failure = failureOf(walk, evaluator);
  };
  if (!isPartial)
    run(&team, row);
  else
    team.first([&] {
      Evaluator evaluator(frame, 1, nullptr, &row);
      run(nullptr, evaluator);
    });
  return failure;
}

/// The indices of `width` neighbours, the i-th ones of their kind; the last
/// loop is a multiple of them.
static Coordinates neighboursAt(Frame &frame, ArrayRef<Extent> domain, Value *i,
                                unsigned width) {
  LoopBuilder &b = frame.b;
  Coordinates at = splitIndex(frame, domain, b.multiply(i, b.index(width)));
  at.back().step = width > 1;
  return at;
}

mlir::Operation *RowEmitter::emitElements(Frame &frame, Team &team,
                                          const Group &group,
                                          const Coordinates &at,
                                          Evaluator &row) {
  unsigned width = widthOf(group);
  StageWalk walk(frame, group, nullptr, width);
  ArrayRef<Extent> domain = behindRows(program, group);
  SmallVector<Extent> parallel;
  for (auto [number, size] : enumerate(domain))
    if (!walk.isReduced(program.rowLoops() + unsigned(number)))
      parallel.push_back(size);
  auto elements = [&](Value *i) {
    Coordinates next = neighboursAt(frame, parallel, i, width);
    Coordinates full = at;
    for (unsigned loop = program.rowLoops(), n = 0; loop < at.size(); ++loop)
      if (!walk.isReduced(loop))
        full[loop] = next[n++];
    Evaluator evaluator(frame, width, nullptr, &row);
    evaluator.setAnchor();
    walk.finish(walk.sum(full, evaluator), full, evaluator);
    return evaluator.failedOp();
  };
  mlir::Operation *failure = nullptr;
  Value *count = frame.b.divide(frame.product(parallel), frame.b.index(width));
  team.walk(count, {}, [&](Value *i, ValueRange) -> Values {
    failure = elements(i);
    return {};
  });
  return walk.failedOp() ? walk.failedOp() : failure;
}

/// Sums over the last loops of a group, which are the reduced ones.
struct RowEmitter::Fold {
  StageWalk members; ///< takes `width` elements at once
  StageWalk whole;   ///< has the totals of the team
  unsigned width;
  unsigned first; ///< of the reduced loops

  ArrayRef<Extent> reduced() const {
    return members.domain().drop_front(first);
  }
};

// Members sum what they walk, from numbers that change nothing; the team folds,
// and then joins the start.
mlir::Operation *RowEmitter::emitTotals(Frame &frame, Team &team, Fold &fold,
                                        const Coordinates &at,
                                        Evaluator &level) {
  LoopBuilder &b = frame.b;
  level.setAnchor();
  Value *count = b.divide(frame.product(fold.reduced()), b.index(fold.width));
  auto run = [&](Value *i, ValueRange running) {
    Coordinates full = at;
    for (auto [n, x] :
         enumerate(neighboursAt(frame, fold.reduced(), i, fold.width)))
      full[fold.first + n] = x;
    return fold.members.run(full, running, level);
  };
  Values parts = team.walk(count, fold.members.neutral(), run);
  if (fold.width > 1)
    parts = fold.members.joinLanes(parts);
  Values totals;
  for (auto [sum, part] : zip(fold.members.sums(), parts))
    totals.push_back(team.fold(sum.combiner, part));
  StageWalk &whole = fold.whole;
  whole.finish(whole.combine(whole.before(at, level), totals), at, level);
  return failureOf(fold.members, level);
}

mlir::Operation *RowEmitter::emitFold(Frame &frame, Team &team,
                                      const Group &group, const Coordinates &at,
                                      Evaluator &row) {
  LoopBuilder &b = frame.b;
  unsigned width = widthOf(group);
  Fold fold{StageWalk(frame, group, nullptr, width),
            StageWalk(frame, group, &team), width, program.rowLoops()};
  ArrayRef<Extent> domain = fold.members.domain();
  while (fold.first < domain.size() && !fold.members.isReduced(fold.first))
    ++fold.first;
  ArrayRef<Extent> outer =
      domain.slice(program.rowLoops(), fold.first - program.rowLoops());
  if (outer.empty())
    return emitTotals(frame, team, fold, at, row);
  mlir::Operation *failure = nullptr;
  b.emitFor(b.index(0), frame.product(outer), b.index(1), [&](Value *i) {
    Coordinates next = at;
    for (auto [n, x] : enumerate(splitIndex(frame, outer, i)))
      next[program.rowLoops() + n] = x;
    Evaluator level(frame, 1, nullptr, &row);
    failure = emitTotals(frame, team, fold, next, level);
  });
  return failure;
}

mlir::Operation *RowEmitter::emitGroup(Frame &frame, Team &team,
                                       const Group &group, Coordinates at,
                                       Evaluator &row) {
  row.setAnchor();
  ArrayRef<Extent> domain = group.stages.front().domain;
  if (domain.size() == program.rowLoops())
    return emitRowNumbers(frame, team, group, at, row);
  at.resize(domain.size(), {frame.b.index(0), 0});
  bool hasSums = any_of(
      group.stages, [](const Stage &stage) { return stage.hasReduction(); });
  if (!hasSums || group.columns)
    return emitElements(frame, team, group, at, row);
  if (!group.sequential)
    return emitFold(frame, team, group, at, row);
  StageWalk probe(frame, group);
  bool isAll = true;
  for (unsigned loop = program.rowLoops(); loop < domain.size(); ++loop)
    isAll &= probe.isReduced(loop);
  if (!isAll)
    return emitElements(frame, team, group, at, row);
  // In a fixed order, and one result a row: all members do the same.
  StageWalk walk(frame, group, &team);
  walk.finish(walk.sum(at, row), at, row);
  return failureOf(walk, row);
}

mlir::Operation *RowEmitter::emitRow(Frame &frame, Team &team, Coordinates at) {
  Evaluator row(frame, 1);
  mlir::Operation *failure = nullptr;
  for (const Group &group : program.groups()) {
    mlir::Operation *here = emitGroup(frame, team, group, at, row);
    failure = failure ? failure : here;
    // What was stored may be read by the next group, or overwritten in the
    // next row.
    team.wait();
  }
  return failure;
}

mlir::Operation *RowEmitter::emitRows(Frame &frame, Team &team, Value *part,
                                      Value *rows) {
  LoopBuilder &b = frame.b;
  Value *from = b.multiply(part, b.index(rowsOfTeam()));
  Value *to = b.minimum(b.add(from, b.index(rowsOfTeam())), rows);
  mlir::Operation *failure = nullptr;
  b.emitIf(b.CreateICmpSLT(from, rows), [&] {
    if (program.hasPartials()) {
      clearPartials(frame, team, part);
      team.wait();
    }
    b.emitFor(from, to, b.index(1), [&](Value *number) {
      failure =
          emitRow(frame, team, splitIndex(frame, program.rowDomain(), number));
    });
  });
  return failure;
}

// All threads find the same, so they take the same way to the barriers. The
// order of sums is that of the lanes on both.
mlir::LogicalResult RowEmitter::emitThread(Frame &frame, Value *scratch) {
  if (program.groups().empty())
    return mlir::success();
  if (failed(placeResults(frame, program)))
    return mlir::failure();
  LoopBuilder &b = frame.b;
  Team team(b, teamSize, threads());
  placeTemporaries(frame, team, scratch);
  Value *rows = frame.product(program.rowDomain());
  Value *part =
      b.add(b.multiply(Threads(b).block(), b.index(teams())), team.number());
  mlir::Operation *failure = nullptr;
  auto emit = [&](bool isAligned) {
    setAligned(frame, body, program, isAligned);
    failure = emitRows(frame, team, part, rows);
  };
  if (hasWideGroups())
    b.emitIf(
        areAligned(frame, body, isShared() ? nullptr : scratch),
        [&] { emit(true); }, [&] { emit(false); });
  else
    emit(false);
  if (failure)
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
