// SPDX-License-Identifier: Apache-2.0
//
// One pass over a row.

#include "backends/CPU/GroupEmitter.h"

#include "backends/CPU/ScalarOps.h"

using namespace llvm;

namespace lamina::cpu {

/// Sums along one row are made of sums of this many elements, from left to
/// right.
static constexpr int64_t chunkElements = 16384;
/// Sums of no more elements are made one by one.
static constexpr int64_t shortSum = 8;

GroupEmitter::GroupEmitter(Frame &frame, const LoopProgram &program,
                           const Group &group, unsigned lanes, Evaluator &row,
                           CoordinateRange rowAt)
    : frame(frame), b(frame.b), program(program), group(group), width(lanes),
      row(row), rowAt(rowAt), domain(group.stages.front().domain) {
  for (const Stage &stage : group.stages)
    for (unsigned result = 0; result < stage.roles.size(); ++result)
      if (stage.roles[result] == Role::Reduced)
        reductions.push_back(
            {&stage, result, stage.combiners[result],
             const_cast<Stage &>(stage).op->getResult(result)});
  for (unsigned loop = program.rowLoops(); loop < domain.size(); ++loop)
    if (!group.columns || !group.stages.front().reduced[loop])
      laneLoop = loop;
  if (!group.columns && (group.sequential || isShort()))
    width = 1;
}

// A few elements are faster one by one than as a vector of which most lanes are
// masked, and whose lanes are then folded.
bool GroupEmitter::isShort() const {
  if (domain.size() == program.rowLoops() || program.hasPairs())
    return false;
  int64_t most = reductions.empty() ? 2 : shortSum;
  return domain.back().isFixed() && domain.back().plus <= most;
}

void GroupEmitter::noteFailure(const Evaluator &evaluator) {
  if (!failure)
    failure = evaluator.failedOp();
}

mlir::LogicalResult GroupEmitter::emit(Value *lo, Value *hi) {
  row.setAnchor();
  if (domain.size() == program.rowLoops())
    emitRowNumbers();
  else if (group.columns)
    emitColumns(lo, hi);
  else
    emitSuffix(lo, hi);
  noteFailure(row);
  if (failure)
    return failure->emitOpError("has no vector form on the cpu backend");
  return mlir::success();
}

void GroupEmitter::store(mlir::Value value, CoordinateRange at, Value *number,
                         Evaluator &level) {
  level.remember(value, at, number);
  if (const Storage *where = frame.storage(value))
    level.write(*where, at, number);
}

void GroupEmitter::emitRowNumbers() {
  for (const Stage &stage : group.stages) {
    Values none;
    emitStage(stage, rowAt, 0, 1, nullptr, none, row);
  }
}

//===----------------------------------------------------------------------===//
// Stages on lanes
//===----------------------------------------------------------------------===//

void GroupEmitter::emitStage(const Stage &stage, CoordinateRange at,
                             unsigned slot, unsigned slots, Value *mask,
                             Values &sums, Evaluator &lane) {
  mlir::linalg::LinalgOp op = stage.op;
  auto sumOf = [&](unsigned result) -> Value ** {
    for (auto [number, sum] : enumerate(reductions))
      if (sum.stage == &stage && sum.result == result)
        return &sums[number * slots + slot];
    return nullptr;
  };
  auto running = [&](unsigned result) -> Value * {
    if (stage.roles[result] == Role::Partial) {
      Coordinates where = lane.map(stage.resultMap(result), at);
      return lane.load(*frame.storage(op->getResult(result)), where);
    }
    Value **sum = sumOf(result);
    return sum ? *sum : nullptr;
  };
  Values results = lane.evaluate(op, at, running);
  noteFailure(lane);
  for (auto [number, result] : enumerate(results)) {
    if (Value **sum = sumOf(unsigned(number))) {
      result = areNumbers ? result : b.splat(result, width);
      *sum = mask ? b.CreateSelect(mask, result, *sum) : result;
    } else if (stage.roles[number] == Role::Partial) {
      lane.write(*frame.storage(op->getResult(number)),
                 lane.map(stage.resultMap(unsigned(number)), at), result);
    } else {
      store(op->getResult(number),
            lane.map(stage.resultMap(unsigned(number)), at), result, lane);
    }
  }
}

void GroupEmitter::emitStages(Coordinates at, Value *mask, unsigned slot,
                              unsigned slots, Values &sums, Evaluator &level) {
  Evaluator lane(frame, width, mask, &level);
  for (const Stage &stage : group.stages)
    emitStage(stage, at, slot, slots, mask, sums, lane);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void GroupEmitter::nest(ArrayRef<unsigned> loops, Coordinates at,
                        Evaluator &level, Continue inside) {
  if (loops.empty())
    return inside(at, level);
  level.setAnchor();
  b.emitFor(b.index(0), frame.extent(domain[loops.front()]), b.index(1),
            [&](Value *i) {
              Coordinates next = at;
              next[loops.front()] = {i, 0};
              Evaluator deeper(frame, width, nullptr, &level);
              nest(loops.drop_front(), next, deeper, inside);
              noteFailure(deeper);
            });
}

Values
GroupEmitter::reduceLoops(ArrayRef<unsigned> loops, Coordinates at, Values sums,
                          Evaluator &level,
                          function_ref<Values(Coordinates, Values)> inside) {
  if (loops.empty())
    return inside(at, sums);
  return b.emitFor(b.index(0), frame.extent(domain[loops.front()]), b.index(1),
                   sums, [&](Value *i, ValueRange carried) {
                     Coordinates next = at;
                     next[loops.front()] = {i, 0};
                     return reduceLoops(loops.drop_front(), next,
                                        Values(carried), level, inside);
                   });
}

Values GroupEmitter::emitLanes(Value *lo, Value *hi, unsigned unroll,
                               Values sums, Body body) {
  int64_t step = int64_t(width) * unroll;
  std::optional<int64_t> size = constantIndex(b.CreateSub(hi, lo));
  Value *whole = lo;
  if (width == 1 && size && *size <= shortSum) {
    for (int64_t i = 0; i < *size; ++i)
      body(b.add(lo, b.index(i)), nullptr, 0, sums);
    return sums;
  }
  if (!size || *size >= step) {
    Value *rounds = b.divide(b.CreateSub(hi, lo), b.index(step));
    whole = b.add(lo, b.multiply(rounds, b.index(step)));
    sums = b.emitFor(lo, whole, b.index(step), sums,
                     [&](Value *base, ValueRange carried) {
                       Values now(carried);
                       for (unsigned slot = 0; slot < unroll; ++slot)
                         body(b.add(base, b.index(int64_t(slot) * width)),
                              nullptr, slot, now);
                       return now;
                     });
  }
  if (step == 1 || (size && *size % step == 0))
    return sums;
  return b.emitFor(
      whole, hi, b.index(width), sums, [&](Value *base, ValueRange carried) {
        Values now(carried);
        Value *left = b.CreateSub(hi, base);
        Value *mask = width == 1 ? nullptr : b.activeLanes(left, width);
        body(base, mask, 0, now);
        return now;
      });
}

unsigned GroupEmitter::unrollOf(Value *lo, Value *hi) const {
  std::optional<int64_t> first = constantIndex(lo), last = constantIndex(hi);
  bool isShort = first && last && *last - *first < 4 * int64_t(width);
  return reductions.empty() || width == 1 || isShort ? 1 : 4;
}

Values GroupEmitter::emitChunks(Value *lo, Value *hi, unsigned unroll,
                                Values totals, Body body) {
  return b.emitFor(
      lo, hi, b.index(chunkElements), totals,
      [&](Value *start, ValueRange carried) {
        Value *end = b.minimum(b.add(start, b.index(chunkElements)), hi);
        areNumbers = false;
        Values parts =
            emitLanes(start, end, unroll, startSums(unroll, false), body);
        areNumbers = true;
        Values next;
        for (auto [number, sum] : enumerate(reductions))
          next.push_back(combine(
              sum, carried[number],
              fold(sum, ValueRange(parts).slice(number * unroll, unroll))));
        return next;
      });
}

/// Lanes over the last two loops, from an even number on.
void GroupEmitter::setPairs(Coordinates &at, Value *base,
                            Evaluator &evaluator) {
  SmallVector<int64_t> pair, part;
  for (unsigned lane = 0; lane < width; ++lane) {
    pair.push_back(lane / 2);
    part.push_back(lane % 2);
  }
  size_t last = domain.size() - 1;
  at[last - 1] = evaluator.patterned(b.divide(base, b.index(2)), pair);
  at[last] = evaluator.patterned(b.index(0), part);
}

/// The loops behind those of the row and in front of the lanes: those around
/// all sums, and those that sums go over.
std::pair<SmallVector<unsigned>, SmallVector<unsigned>>
GroupEmitter::splitLoops() const {
  unsigned last = unsigned(domain.size()) - 1;
  unsigned firstReduced = last;
  for (const Sum &sum : reductions)
    firstReduced =
        std::min(firstReduced, unsigned(sum.stage->reduced.find_first()));
  SmallVector<unsigned> outer, inner;
  unsigned joined = program.hasPairs() ? 1 : 0;
  for (unsigned loop = program.rowLoops(); loop < last - joined; ++loop)
    (loop < firstReduced ? outer : inner).push_back(loop);
  return {outer, inner};
}

// The reduced loops are the last ones: sums start inside the others.
void GroupEmitter::emitSuffix(Value *lo, Value *hi) {
  unsigned last = unsigned(domain.size()) - 1;
  Value *begin = lo ? lo : b.index(0);
  Value *end = hi ? hi : frame.extent(domain[last]);
  assert((hi || !program.hasPairs()) && "one pass over pairs is split");
  std::optional<int64_t> size = constantIndex(end);
  bool isChunked =
      !reductions.empty() && width > 1 && (!size || *size > chunkElements);
  unsigned unroll = unrollOf(begin, end);
  SmallVector<unsigned> outer, inner;
  std::tie(outer, inner) = splitLoops();
  unsigned joined = program.hasPairs() ? 1 : 0;
  Coordinates start(rowAt);
  start.resize(domain.size(), {b.index(0), 0});
  nest(outer, start, row, [&](Coordinates at, Evaluator &level) {
    level.setAnchor();
    areNumbers = isChunked || width == 1;
    Values sums = startSums(isChunked ? 1 : unroll, areNumbers);
    if (group.sequential)
      for (auto [number, sum] : enumerate(reductions))
        sums[number] = before(sum, at, level);
    sums = reduceLoops(inner, at, sums, level, [&](Coordinates at, Values now) {
      Evaluator between(frame, width, nullptr, &level);
      between.setAnchor();
      auto body = [&](Value *base, Value *mask, unsigned slot, Values &sums) {
        Coordinates lane = at;
        if (joined)
          setPairs(lane, base, between);
        else
          lane[last] = {base, width == 1 ? 0 : 1};
        emitStages(lane, mask, slot, unroll, sums, between);
      };
      Values result = isChunked ? emitChunks(begin, end, unroll, now, body)
                                : emitLanes(begin, end, unroll, now, body);
      noteFailure(between);
      return result;
    });
    finishSums(sums, isChunked ? 1 : unroll, at, level);
  });
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

// Rows are added in parts of 64, as if their sums had been stored.
Values GroupEmitter::reduceColumns(ArrayRef<Coordinates> at, Value *mask,
                                   Values sums, Evaluator &level) {
  SmallVector<unsigned> loops(group.stages.front().reduced.set_bits());
  unsigned slots = unsigned(at.size());
  Value *size = frame.extent(domain[loops.front()]);
  auto rows = [&](Value *from, Value *to, Values now) {
    return b.emitFor(from, to, b.index(1), now, [&](Value *i, ValueRange in) {
      Coordinates base = at.front();
      base[loops.front()] = {i, 0};
      return reduceLoops(ArrayRef(loops).drop_front(), base, Values(in), level,
                         [&](Coordinates iteration, Values now) {
                           for (unsigned slot = 0; slot < slots; ++slot) {
                             Coordinates lane = iteration;
                             lane[laneLoop] = at[slot][laneLoop];
                             emitStages(lane, mask, slot, slots, now, level);
                           }
                           return now;
                         });
    });
  };
  bool isChunked = !group.sequential &&
                   (!constantIndex(size) || *constantIndex(size) > partialRows);
  if (!isChunked)
    return rows(b.index(0), size, sums);
  return b.emitFor(
      b.index(0), size, b.index(partialRows), sums,
      [&](Value *from, ValueRange totals) {
        Value *to = b.minimum(b.add(from, b.index(partialRows)), size);
        Values parts = rows(from, to, startSums(slots, false));
        Values next;
        for (unsigned i = 0; i < parts.size(); ++i)
          next.push_back(combine(reductions[i / slots], totals[i], parts[i]));
        return next;
      });
}

void GroupEmitter::emitColumnBlock(Coordinates at, Value *base, unsigned slots,
                                   Value *mask, Evaluator &level) {
  SmallVector<Coordinates, 4> lanes(slots, at);
  for (unsigned slot = 0; slot < slots; ++slot)
    lanes[slot][laneLoop] = {b.add(base, b.index(int64_t(slot) * width)), 1};
  SmallVector<std::unique_ptr<Evaluator>, 4> evaluators;
  for (unsigned slot = 0; slot < slots; ++slot)
    evaluators.push_back(
        std::make_unique<Evaluator>(frame, width, mask, &level));
  Values sums = startSums(slots, false), initial;
  for (unsigned i = 0; i < sums.size(); ++i) {
    unsigned slot = i % slots;
    initial.push_back(b.splat(
        before(reductions[i / slots], lanes[slot], *evaluators[slot]), width));
  }
  sums = reduceColumns(lanes, mask, group.sequential ? initial : sums, level);
  for (unsigned i = 0; i < sums.size(); ++i) {
    const Sum &sum = reductions[i / slots];
    Evaluator &lane = *evaluators[i % slots];
    Value *total =
        group.sequential ? sums[i] : combine(sum, initial[i], sums[i]);
    store(sum.value,
          lane.map(sum.stage->resultMap(sum.result), lanes[i % slots]), total,
          lane);
    noteFailure(lane);
  }
}

void GroupEmitter::emitColumns(Value *lo, Value *hi) {
  const Stage &stage = group.stages.front();
  SmallVector<unsigned> outer;
  for (unsigned loop = program.rowLoops(); loop < domain.size(); ++loop)
    if (!stage.reduced[loop] && loop != laneLoop)
      outer.push_back(loop);
  Value *begin = lo ? lo : b.index(0);
  Value *end = hi ? hi : frame.extent(domain[laneLoop]);
  Coordinates start(rowAt);
  start.resize(domain.size(), {b.index(0), 0});
  nest(outer, start, row, [&](Coordinates at, Evaluator &level) {
    level.setAnchor();
    Value *step = b.index(4 * int64_t(width));
    Value *rounds = b.divide(b.CreateSub(end, begin), step);
    Value *whole = b.add(begin, b.multiply(rounds, step));
    b.emitFor(begin, whole, step, [&](Value *base) {
      emitColumnBlock(at, base, 4, nullptr, level);
    });
    b.emitFor(whole, end, b.index(width), [&](Value *base) {
      Value *mask = b.activeLanes(b.CreateSub(end, base), width);
      emitColumnBlock(at, base, 1, mask, level);
    });
  });
}

} // namespace lamina::cpu
