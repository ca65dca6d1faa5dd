// SPDX-License-Identifier: Apache-2.0
//
// Attention, a block of queries at a time.

#include "backends/GPU/AttendEmitter.h"

#include "backends/CPU/VectorMath.h"
#include "backends/GPU/AttendGradEmitter.h"
#include "backends/GPU/AttendGradMmaEmitter.h"
#include "backends/GPU/AttendMmaEmitter.h"

using namespace llvm;

namespace lamina::gpu {

static int64_t sharedBytes(const AttentionOp &op, TileShape shape) {
  return Tile::bytes(shape.rows, op.depth()) +
         Tile::bytes(shape.columns, op.depth()) +
         Tile::bytes(shape.columns, op.width()) +
         Tile::bytes(shape.rows, shape.columns);
}

AttendEmitter::AttendEmitter(AttentionOp description)
    : op(std::move(description)) {
  for (TileShape candidate :
       {TileShape{64, 32}, {32, 32}, {32, 16}, {16, 16}}) {
    shape = candidate;
    if (sharedBytes(op, shape) <= mostSharedBytes)
      break;
  }
}

Value *AttendEmitter::emitBlocks(Frame &frame) {
  AttentionCode code(frame, op);
  return AttentionBlocks(frame.b, code, shape).countQueries();
}

/// The scores of a tile, -inf where the mask hides them.
Values AttendEmitter::scoreTile(AttentionCode &code, TileTeam &team,
                                const Tiles &tiles, const QueryBlock &block,
                                Value *low) {
  LoopBuilder &b = *builder;
  Values products = team.multiply(tiles.q, tiles.k);
  SmallVector<Element> places;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i)
    for (int64_t j = 0; j < team.columns(); ++j)
      places.push_back(
          {b.add(block.first, team.row(i)), b.add(low, team.column(j))});
  Value *isFull = code.seesAll(block.first, block.last, low,
                               b.add(low, b.index(shape.columns)));
  return AttentionBlocks(b, code, shape).score(products, places, isFull);
}

// With the new largest score of a row, what was summed before is scaled down.
// A row that has seen nothing yet has -inf, which must not meet itself.
void AttendEmitter::weighRow(AttentionCode &code, TileTeam &team, size_t row,
                             MutableArrayRef<Value *> scores,
                             RunningRows &running) {
  LoopBuilder &b = *builder;
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  Value *before = running.relativeTo[row], *here = scores[0];
  for (Value *score : scores.drop_front())
    here = b.CreateSelect(b.CreateFCmpOGT(score, here), score, here);
  here = team.largestOfRow(here);
  Value *largest = b.CreateSelect(b.CreateFCmpOGT(here, before), here, before);
  Value *base = b.CreateSelect(b.CreateFCmpOEQ(largest, least), zero, largest);
  Value *scale = code.power(b.CreateFSub(before, base));
  Value *sum = zero;
  for (Value *&score : scores) {
    score = code.power(b.CreateFSub(score, base));
    sum = b.CreateFAdd(sum, score);
  }
  running.relativeTo[row] = largest;
  running.sums[row] =
      b.CreateFAdd(b.CreateFMul(running.sums[row], scale), team.sumOfRow(sum));
  size_t count = running.values.size() / TileTeam::rowsOfThread;
  for (Value *&value :
       MutableArrayRef<Value *>(running.values).slice(row * count, count))
    value = b.CreateFMul(value, scale);
}

RunningRows AttendEmitter::walkTile(AttentionCode &code, TileTeam &team,
                                    const Tiles &tiles, const QueryBlock &block,
                                    Value *low, RunningRows running) {
  Values scores = scoreTile(code, team, tiles, block, low);
  size_t columns = size_t(team.columns());
  for (size_t row = 0; row < size_t(TileTeam::rowsOfThread); ++row)
    weighRow(code, team, row,
             MutableArrayRef<Value *>(scores).slice(row * columns, columns),
             running);
  team.put(tiles.weights, scores);
  team.waitForRow();
  running.values = team.accumulate(tiles.weights, tiles.v, running.values);
  return running;
}

void AttendEmitter::finish(AttentionCode &code, TileTeam &team, const Tile &v,
                           Value *first, const RunningRows &running) {
  LoopBuilder &b = *builder;
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  Value *least = ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true);
  Storage out = code.result(0), statistics = code.result(1);
  Values scales;
  for (int64_t i = 0; i < TileTeam::rowsOfThread; ++i) {
    Value *sum = running.sums[size_t(i)];
    Value *isEmpty = b.CreateFCmpOEQ(sum, zero);
    Value *at = b.add(first, team.row(i));
    scales.push_back(b.CreateSelect(
        isEmpty, zero, b.CreateFDiv(ConstantFP::get(b.getFloatTy(), 1), sum)));
    Value *exists = b.CreateICmpSLT(at, code.queries);
    b.emitIf(b.CreateAnd(exists, team.isFirstOfRow()), [&] {
      Value *statistic = b.CreateFAdd(running.relativeTo[size_t(i)],
                                      cpu::VectorMath(b).log(sum));
      code.writeRow(statistics, at, b.CreateSelect(isEmpty, least, statistic));
    });
  }
  team.forEachSum(v, running.values, [&](int64_t i, Value *c, Value *value) {
    Value *at = b.add(first, team.row(i));
    b.emitIf(b.CreateICmpSLT(at, code.queries), [&] {
      code.writeQuery(out, at, c, b.CreateFMul(value, scales[size_t(i)]));
    });
  });
}

mlir::LogicalResult AttendEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  builder = &b;
  TileTeam team(b, shape);
  AttentionCode code(frame, op);
  Tiles tiles{team.allocate(shape.rows, op.depth(), "queries"),
              team.allocate(shape.columns, op.depth(), "keys"),
              team.allocate(shape.columns, op.width(), "values"),
              team.allocate(shape.rows, shape.columns, "weights")};
  QueryBlock block =
      AttentionBlocks(b, code, shape).enterQueries(Threads(b).block());
  team.fill(tiles.q, block.first, code.queries,
            [&](Value *i, Value *c) { return code.readQuery(op.q, i, c); });

  RunningRows start;
  start.relativeTo.assign(
      TileTeam::rowsOfThread,
      ConstantFP::getInfinity(b.getFloatTy(), /*Negative=*/true));
  start.sums.assign(TileTeam::rowsOfThread, ConstantFP::get(b.getFloatTy(), 0));
  start.values = team.zeroSums(tiles.v);
  Values end = b.emitFor(
      block.low, block.high, b.index(shape.columns), start.joined(),
      [&](Value *at, ValueRange before) {
        team.fill(tiles.k, at, code.keys,
                  [&](Value *j, Value *c) { return code.readKey(op.k, j, c); });
        team.fill(tiles.v, at, code.keys,
                  [&](Value *j, Value *c) { return code.readKey(op.v, j, c); });
        team.wait();
        RunningRows next =
            walkTile(code, team, tiles, block, at,
                     RunningRows::split(before, TileTeam::rowsOfThread));
        team.wait();
        return next.joined();
      });
  finish(code, team, tiles.v, block.first,
         RunningRows::split(end, TileTeam::rowsOfThread));
  if (code.failedOp())
    return code.failedOp()->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

std::unique_ptr<DeviceEmitter> createAttentionEmitter(const AttentionOp &op) {
  auto attend = dyn_cast<graph::AttendOp>(op.op);
  auto grad = dyn_cast<graph::AttendGradOp>(op.op);
  auto type = cast<mlir::RankedTensorType>(op.q.getType());
  bool isSoftmax = (attend ? attend.getNormaliser() : grad.getNormaliser()) ==
                   graph::Normaliser::Softmax;
  auto fits = [](int64_t width) { return width >= 0 && width <= widestHead; };
  bool isKnown = type.getElementType().isF32() || op.isNarrow();
  if (!isKnown || !isSoftmax || !fits(op.depth()) || !fits(op.width())) {
    op.op->emitOpError("has a kernel for softmax on f32 or bf16 and heads of "
                       "at most ")
        << widestHead << " only";
    return nullptr;
  }
  if (attend && op.isNarrow())
    return std::make_unique<AttendMmaEmitter>(op);
  if (attend)
    return std::make_unique<AttendEmitter>(op);
  if (op.isNarrow())
    return std::make_unique<AttendGradMmaEmitter>(op, grad);
  return std::make_unique<AttendGradEmitter>(op, grad);
}

} // namespace lamina::gpu
