// SPDX-License-Identifier: Apache-2.0
//
// The stages of one group, one iteration at a time.

#include "backends/GPU/StageWalk.h"

#include "backends/CPU/Combination.h"
#include "backends/CPU/ScalarOps.h"

using namespace llvm;

namespace lamina::gpu {

StageWalk::StageWalk(Frame &frame, const Group &group, Team *writer,
                     unsigned width)
    : frame(frame), b(frame.b), group(group), writer(writer), width(width),
      loops(group.stages.front().domain), reducedLoops(unsigned(loops.size())) {
  for (const Stage &stage : group.stages) {
    reducedLoops |= stage.reduced;
    for (unsigned result = 0; result < stage.roles.size(); ++result)
      if (stage.roles[result] == Role::Reduced)
        all.push_back({&stage, result, stage.combiners[result],
                       const_cast<Stage &>(stage).op->getResult(result)});
  }
}

unsigned StageWalk::numberOf(const Stage &stage, unsigned result) const {
  for (auto [number, sum] : enumerate(all))
    if (sum.stage == &stage && sum.result == result)
      return unsigned(number);
  return unsigned(all.size());
}

Values StageWalk::neutral() {
  Values start;
  for (const Sum &sum : all) {
    mlir::Type type =
        mlir::cast<mlir::ShapedType>(sum.value.getType()).getElementType();
    Value *number = cpu::neutralElement(
        sum.combiner, cpu::registerType(type, b.getContext()));
    start.push_back(width > 1 ? b.splat(number, width) : number);
  }
  return start;
}

Values StageWalk::before(CoordinateRange at, Evaluator &evaluator) {
  Values start;
  for (const Sum &sum : all) {
    mlir::linalg::LinalgOp op = sum.stage->op;
    start.push_back(
        evaluator.read(op.getDpsInitOperand(sum.result)->get(),
                       evaluator.map(sum.stage->resultMap(sum.result), at)));
  }
  return start;
}

Values StageWalk::combine(ValueRange x, ValueRange y) {
  Values result;
  for (auto [sum, left, right] : zip(all, x, y))
    result.push_back(cpu::combine(b, 1, sum.combiner, left, right));
  return result;
}

Values StageWalk::joinLanes(ValueRange lanes) {
  Values numbers;
  for (auto [sum, all] : zip(this->all, lanes)) {
    SmallVector<Value *> parts;
    for (unsigned lane = 0; lane < width; ++lane)
      parts.push_back(b.CreateExtractElement(all, lane));
    for (size_t half = parts.size() / 2; half; half /= 2)
      for (size_t lane = 0; lane < half; ++lane)
        parts[lane] =
            cpu::combine(b, 1, sum.combiner, parts[lane], parts[lane + half]);
    numbers.push_back(parts.front());
  }
  return numbers;
}

void StageWalk::runStage(const Stage &stage, CoordinateRange at,
                         Values &running, Evaluator &evaluator) {
  mlir::linalg::LinalgOp op = stage.op;
  auto partial = [&](unsigned result) {
    return stage.roles[result] == Role::Partial;
  };
  auto now = [&](unsigned result) -> Value * {
    if (partial(result))
      return evaluator.load(*frame.storage(op->getResult(result)),
                            evaluator.map(stage.resultMap(result), at));
    unsigned number = numberOf(stage, result);
    return number < running.size() ? running[number] : nullptr;
  };
  Values results = evaluator.evaluate(op, at, now);
  for (auto [number, result] : enumerate(results)) {
    unsigned sum = numberOf(stage, unsigned(number));
    if (sum < running.size()) {
      running[sum] = result;
      continue;
    }
    Coordinates where = evaluator.map(stage.resultMap(unsigned(number)), at);
    mlir::Value value = op->getResult(unsigned(number));
    if (!partial(unsigned(number)))
      evaluator.remember(value, where, result);
    store(value, where, result, evaluator);
  }
}

void StageWalk::store(mlir::Value value, CoordinateRange at, Value *number,
                      Evaluator &evaluator) {
  const cpu::Storage *place = frame.storage(value);
  if (!place)
    return;
  if (writer)
    writer->first([&] { evaluator.write(*place, at, number); });
  else
    evaluator.write(*place, at, number);
}

Values StageWalk::run(CoordinateRange at, ValueRange running,
                      Evaluator &evaluator) {
  Values now(running);
  Evaluator inside(frame, width, nullptr, &evaluator);
  for (const Stage &stage : group.stages)
    runStage(stage, at, now, inside);
  if (!failure)
    failure = inside.failedOp();
  return now;
}

Values StageWalk::reduce(ArrayRef<unsigned> which, Coordinates at,
                         Values running, Evaluator &evaluator) {
  if (which.empty())
    return run(at, running, evaluator);
  return b.emitFor(b.index(0), frame.extent(loops[which.front()]), b.index(1),
                   running, [&](Value *i, ValueRange carried) {
                     Coordinates next = at;
                     next[which.front()] = {i, 0};
                     return reduce(which.drop_front(), next, Values(carried),
                                   evaluator);
                   });
}

Values StageWalk::sum(const Coordinates &at, Evaluator &evaluator) {
  SmallVector<unsigned> reduced(reducedLoops.set_bits());
  Values start = before(at, evaluator);
  if (group.sequential || reduced.empty())
    return reduce(reduced, at, start, evaluator);
  Value *size = frame.extent(loops[reduced.front()]);
  auto chain = [&](Value *from, Value *to) {
    return b.emitFor(from, to, b.index(1), neutral(),
                     [&](Value *i, ValueRange carried) {
                       Coordinates next = at;
                       next[reduced.front()] = {i, 0};
                       return reduce(ArrayRef(reduced).drop_front(), next,
                                     Values(carried), evaluator);
                     });
  };
  return b.emitFor(b.index(0), size, b.index(chainLength), start,
                   [&](Value *from, ValueRange totals) {
                     Value *to =
                         b.minimum(b.add(from, b.index(chainLength)), size);
                     return combine(totals, chain(from, to));
                   });
}

void StageWalk::finish(ValueRange totals, CoordinateRange at,
                       Evaluator &evaluator) {
  for (auto [sum, total] : zip(all, totals)) {
    Coordinates where = evaluator.map(sum.stage->resultMap(sum.result), at);
    evaluator.remember(sum.value, where, total);
    store(sum.value, where, total, evaluator);
  }
}

} // namespace lamina::gpu
