// SPDX-License-Identifier: Apache-2.0
//
// Stable sorts by a team of threads a row.

#include "backends/GPU/SortEmitter.h"

#include "backends/CPU/StructuredEmitter.h"
#include "backends/GPU/Team.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::ElementAccess;

/// Rows of no more elements are sorted by a warp.
static constexpr int64_t warpRow = 128;

SortEmitter::SortEmitter(const KernelBody &body, mlir::Operation *sort)
    : body(body), op(sort), teamSize(threads()) {
  cpu::Extent length = body.extent(sort->getOperand(0), 1);
  if (length.isFixed() && length.plus <= warpRow)
    teamSize = warpThreads;
}

Value *SortEmitter::length(Frame &frame) {
  return frame.extent(body.extent(op->getOperand(0), 1));
}

Value *SortEmitter::rows(Frame &frame) {
  mlir::Value x = op->getOperand(0);
  return frame.product({body.extent(x, 0), body.extent(x, 2)});
}

Value *SortEmitter::emitBlocks(Frame &frame) {
  return frame.b.ceilDivide(rows(frame), frame.b.index(teams()));
}

Value *SortEmitter::emitScratch(Frame &frame) {
  return frame.b.multiply(cpu::emitSortScratch(frame, op),
                          frame.b.index(teams()));
}

static Value *slotOf(LoopBuilder &b, Value *array, Value *i) {
  return b.CreateInBoundsGEP(b.getInt32Ty(), array, i);
}

static Value *positionAt(LoopBuilder &b, Value *array, Value *i) {
  return b.CreateLoad(b.getInt32Ty(), slotOf(b, array, i));
}

Value *SortEmitter::keyAt(Frame &frame, Value *position) {
  LoopBuilder &b = frame.b;
  Value *index = b.CreateZExt(position, b.getInt64Ty());
  return b.CreateLoad(keyType, b.CreateInBoundsGEP(keyType, keys, index));
}

// How many of the elements [lo, hi) of the other run stand before `key`. Of
// equal ones those of the left run do.
Value *SortEmitter::countBefore(Frame &frame, Value *from, Value *key,
                                Value *isLeft, Value *lo, Value *hi) {
  LoopBuilder &b = frame.b;
  bool descending = cpu::isDescending(op);
  Values found = b.emitWhile(
      {lo, hi},
      [&](ValueRange range) { return b.CreateICmpSLT(range[0], range[1]); },
      [&](ValueRange range) -> Values {
        Value *middle = b.CreateLShr(b.add(range[0], range[1]), 1);
        Value *other = keyAt(frame, positionAt(b, from, middle));
        Value *strictly = cpu::standsBefore(b, descending, other, key);
        Value *notBehind =
            b.CreateNot(cpu::standsBefore(b, descending, key, other));
        Value *isBefore = b.CreateSelect(isLeft, strictly, notBehind);
        return {b.CreateSelect(isBefore, b.add(middle, b.index(1)), range[0]),
                b.CreateSelect(isBefore, range[1], middle)};
      });
  return b.CreateSub(found[0], lo);
}

void SortEmitter::merge(Frame &frame, Team &team, Value *run, Value *from,
                        Value *to) {
  LoopBuilder &b = frame.b;
  Value *end = length(frame);
  team.walk(end, {}, [&](Value *i, ValueRange) -> Values {
    Value *pair = b.CreateShl(run, 1);
    Value *lo = b.CreateAnd(i, b.CreateNeg(pair));
    Value *middle = b.minimum(b.add(lo, run), end);
    Value *hi = b.minimum(b.add(lo, pair), end);
    Value *isLeft = b.CreateICmpSLT(i, middle);
    Value *position = positionAt(b, from, i);
    Value *before = countBefore(frame, from, keyAt(frame, position), isLeft,
                                b.CreateSelect(isLeft, middle, lo),
                                b.CreateSelect(isLeft, hi, middle));
    Value *own = b.CreateSub(i, b.CreateSelect(isLeft, lo, middle));
    Value *place = b.add(lo, b.add(own, before));
    b.CreateStore(position, slotOf(b, to, place));
    return {};
  });
}

void SortEmitter::emitRow(Frame &frame, Team &team, Value *row,
                          Value *scratch) {
  LoopBuilder &b = frame.b;
  ElementAccess input(frame, op->getOperand(0));
  keyType = input.type();
  keys = scratch;
  int64_t bytes = int64_t(keyType->getScalarSizeInBits() / 8);
  Value *end = length(frame);
  auto aligned = [&](int64_t size) {
    return b.roundUp(b.multiply(end, b.index(size)), 64);
  };
  Value *first = b.CreatePtrAdd(scratch, aligned(bytes));
  Value *second = b.CreatePtrAdd(first, aligned(4));
  Value *inner = frame.extent(body.extent(op->getOperand(0), 2));
  Value *batch = b.divide(row, inner), *column = b.remainder(row, inner);
  team.walk(end, {}, [&](Value *i, ValueRange) -> Values {
    b.CreateStore(input.load({batch, i, column}),
                  b.CreateInBoundsGEP(keyType, keys, i));
    b.CreateStore(b.CreateTrunc(i, b.getInt32Ty()), slotOf(b, first, i));
    return {};
  });
  team.wait();
  Values last = b.emitWhile(
      {b.index(1), first, second},
      [&](ValueRange now) { return b.CreateICmpSLT(now[0], end); },
      [&](ValueRange now) -> Values {
        merge(frame, team, now[0], now[1], now[2]);
        team.wait();
        return {b.CreateShl(now[0], 1), now[2], now[1]};
      });
  Value *kept = frame.extent(body.extent(op->getResult(0), 1));
  team.walk(kept, {}, [&](Value *i, ValueRange) -> Values {
    cpu::writeSorted(frame, op, {batch, i, column}, positionAt(b, last[1], i));
    return {};
  });
}

mlir::LogicalResult SortEmitter::emitThread(Frame &frame, Value *scratch) {
  LoopBuilder &b = frame.b;
  for (mlir::OpResult result : op->getResults())
    frame.setStorage(result, frame.part(*body.destination(result)));
  Team team(b, teamSize, threads());
  Value *row =
      b.add(b.multiply(Threads(b).block(), b.index(teams())), team.number());
  Value *own = b.CreatePtrAdd(
      scratch, b.multiply(team.number(), cpu::emitSortScratch(frame, op)));
  b.emitIf(b.CreateICmpSLT(row, rows(frame)),
           [&] { emitRow(frame, team, row, own); });
  return mlir::success();
}

} // namespace lamina::gpu
