// SPDX-License-Identifier: Apache-2.0
//
// Attention in bf16 on tensor cores, for sm_80 and later.

#include "backends/GPU/AttendMmaEmitter.h"

#include "backends/CPU/VectorMath.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::AttentionCode;
using cpu::AttentionOp;
using cpu::Element;
using cpu::Storage;

/// Columns are halved for wide heads, whose sums need the registers; with them
/// two stages take at most 36 KiB.
AttendMmaEmitter::AttendMmaEmitter(AttentionOp description)
    : op(std::move(description)),
      shape{64, op.depth() + op.width() <= 128 ? 64 : 32},
      queries{shape.rows, op.depth()}, keys{shape.columns, op.depth()},
      values{shape.columns, op.width()} {}

Value *AttendMmaEmitter::emitBlocks(Frame &frame) {
  AttentionCode code(frame, op);
  return AttentionBlocks(frame.b, code, shape).countQueries();
}

// The queries begin where the second stage will be, and at the end the rows of
// sums take the place of both.
int64_t AttendMmaEmitter::sharedBytes() const {
  return std::max({2 * stageBytes(), stageBytes() + queries.bytes(),
                   FragmentTeam::bandBytes(shape, op.width())});
}

//===----------------------------------------------------------------------===//
// Tiles of keys
//===----------------------------------------------------------------------===//

Value *AttendMmaEmitter::stageAt(const Work &work, Value *stage) {
  LoopBuilder &b = *builder;
  return b.CreatePtrAdd(work.memory, b.multiply(stage, b.index(stageBytes())));
}

// The group is ended whether or not there is anything in it, so that the number
// of groups that may be under way is the same in each round.
void AttendMmaEmitter::fillStage(const Work &work, Value *stage, Value *low) {
  LoopBuilder &b = *builder;
  b.emitIf(b.CreateICmpSLT(low, work.block.high), [&] {
    Value *memory = stageAt(work, stage);
    work.team.fill(keys.at(memory), {op.k, /*ofKeys=*/true}, low);
    work.team.fill(values.at(b.CreatePtrAdd(memory, b.index(keys.bytes()))),
                   {op.v, /*ofKeys=*/true}, low);
  });
  TensorCore(b).commitCopies();
}

// Weights are shares of a power of two, not of the largest weight. Where that
// grows, what was summed before is scaled without an error, and each weight is
// rounded as it would be whatever the tiles: no result depends on their size.
// A row that has seen nothing yet has -inf, which must not meet itself.
void AttendMmaEmitter::weighRow(const Work &work, unsigned row,
                                MutableArrayRef<Value *> scores,
                                RunningRows &running) {
  LoopBuilder &b = *builder;
  auto number = [&](double x) { return ConstantFP::get(b.getFloatTy(), x); };
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  auto isOfRow = [&](size_t n) { return FragmentTeam::rowOf(n) == row; };
  Value *here = least;
  for (size_t n = 0; n < scores.size(); ++n)
    if (isOfRow(n))
      here = b.CreateSelect(b.CreateFCmpOGT(scores[n], here), scores[n], here);
  here = b.CreateUnaryIntrinsic(
      Intrinsic::roundeven,
      b.CreateFMul(work.team.largestOfRow(here), number(numbers::log2e)));
  Value *before = running.relativeTo[row];
  Value *power = b.CreateSelect(b.CreateFCmpOGT(here, before), here, before);
  Value *base = b.CreateSelect(b.CreateFCmpOEQ(power, least), number(0), power);
  Value *scale = cpu::VectorMath(b).exp2(b.CreateFSub(before, base));
  for (size_t n = 0; n < scores.size(); ++n)
    if (isOfRow(n))
      scores[n] = work.code.power(
          b.CreateIntrinsic(Intrinsic::fma, {b.getFloatTy()},
                            {base, number(-numbers::ln2), scores[n]}));
  running.relativeTo[row] = power;
  running.sums[row] = b.CreateFMul(running.sums[row], scale);
  for (size_t n = 0; n < running.values.size(); ++n)
    if (isOfRow(n))
      running.values[n] = b.CreateFMul(running.values[n], scale);
}

/// Adds the weights as they are multiplied, so that their shares make up 1.
void AttendMmaEmitter::addWeights(const Work &work, ValueRange words,
                                  RunningRows &running) {
  LoopBuilder &b = *builder;
  Values sums(FragmentTeam::rowsOfThread, ConstantFP::get(b.getFloatTy(), 0));
  for (size_t n = 0; n < words.size(); ++n)
    for (Value *weight : TensorCore(b).splitPair(words[n])) {
      Value *&sum = sums[FragmentTeam::rowOf(2 * n)];
      sum = b.CreateFAdd(sum, weight);
    }
  for (auto [sum, part] : zip(running.sums, sums))
    sum = b.CreateFAdd(sum, work.team.sumOfRow(part));
}

RunningRows AttendMmaEmitter::walkTile(const Work &work, Value *stage,
                                       Value *low, RunningRows running) {
  LoopBuilder &b = *builder;
  FragmentTeam &team = work.team;
  Value *memory = stageAt(work, stage);
  Values products = team.multiply(work.queries, keys.at(memory));
  SmallVector<Element> places;
  for (size_t n = 0; n < team.count(); ++n)
    places.push_back({b.add(work.block.first, team.row(team.rowOf(n))),
                      b.add(low, team.column(n))});
  Value *isFull = work.code.seesAll(work.block.first, work.block.last, low,
                                    b.add(low, b.index(shape.columns)));
  Values scores = work.blocks.score(products, places, isFull);
  for (unsigned row = 0; row < FragmentTeam::rowsOfThread; ++row)
    weighRow(work, row, scores, running);
  Values weights = team.rounded(scores);
  addWeights(work, weights, running);
  running.values = team.accumulate(
      weights, values.at(b.CreatePtrAdd(memory, b.index(keys.bytes()))),
      running.values);
  return running;
}

// In each round the other stage is filled: it was multiplied in the round
// before, which the barrier ends for all threads.
Values AttendMmaEmitter::walkKeys(const Work &work) {
  LoopBuilder &b = *builder;
  Value *columns = b.index(shape.columns);
  RunningRows start;
  start.relativeTo.assign(
      FragmentTeam::rowsOfThread,
      ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true));
  start.sums.assign(FragmentTeam::rowsOfThread,
                    ConstantFP::get(b.getFloatTy(), 0));
  start.values = work.team.zeroSums(values);
  Values carried = start.joined();
  carried.push_back(b.index(0));
  Values end = b.emitFor(
      work.block.low, work.block.high, columns, carried,
      [&](Value *low, ValueRange before) {
        Value *stage = before.back();
        TensorCore(b).waitForCopies(0);
        Threads(b).waitForBlock();
        Value *other = b.CreateSub(b.index(1), stage);
        fillStage(work, other, b.add(low, columns));
        RunningRows next = walkTile(
            work, stage, low,
            RunningRows::split(before.drop_back(), FragmentTeam::rowsOfThread));
        Values all = next.joined();
        all.push_back(other);
        return all;
      });
  end.pop_back();
  return end;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void AttendMmaEmitter::finish(const Work &work, RunningRows running) {
  LoopBuilder &b = *builder;
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  AttentionCode &code = work.code;
  Storage out = code.result(0), statistics = code.result(1);
  Values scales;
  for (unsigned i = 0; i < FragmentTeam::rowsOfThread; ++i) {
    Value *sum = running.sums[i], *isEmpty = b.CreateFCmpOEQ(sum, zero);
    Value *at = b.add(work.block.first, work.team.row(i));
    scales.push_back(b.CreateSelect(
        isEmpty, zero, b.CreateFDiv(ConstantFP::get(b.getFloatTy(), 1), sum)));
    Value *exists = b.CreateICmpSLT(at, code.queries);
    b.emitIf(b.CreateAnd(exists, work.team.isFirstOfRow()), [&] {
      Value *statistic = b.CreateIntrinsic(
          Intrinsic::fma, {b.getFloatTy()},
          {running.relativeTo[i], ConstantFP::get(b.getFloatTy(), numbers::ln2),
           cpu::VectorMath(b).log(sum)});
      code.writeRow(statistics, at, b.CreateSelect(isEmpty, least, statistic));
    });
  }
  for (size_t n = 0; n < running.values.size(); ++n)
    running.values[n] =
        b.CreateFMul(running.values[n], scales[FragmentTeam::rowOf(n)]);
  Threads(b).waitForBlock();
  work.team.forEachSum(work.memory, values, running.values,
                       [&](Value *row, Value *c, Value *value) {
                         Value *at = b.add(work.block.first, row);
                         b.emitIf(b.CreateICmpSLT(at, code.queries),
                                  [&] { code.writeQuery(out, at, c, value); });
                       });
}

mlir::LogicalResult AttendMmaEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  builder = &b;
  Threads threads(b);
  TensorCore core(b);
  AttentionCode code(frame, op);
  FragmentTeam team(b, code, shape);
  AttentionBlocks blocks(b, code, shape);
  Value *memory = threads.sharedMemory(sharedBytes(), "stages");
  Work work{code, team, blocks, memory, blocks.enterQueries(threads.block()),
            {}};
  NarrowTile first = queries.at(stageAt(work, b.index(1)));
  team.fill(first, {op.q, /*ofKeys=*/false}, work.block.first);
  core.commitCopies();
  fillStage(work, b.index(0), work.block.low);
  core.waitForCopies(1);
  threads.waitForBlock();
  work.queries = team.fragments(first);
  finish(work, RunningRows::split(walkKeys(work), FragmentTeam::rowsOfThread));
  if (code.failedOp())
    return code.failedOp()->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
