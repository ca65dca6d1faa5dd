// SPDX-License-Identifier: Apache-2.0
//
// Running sums by a block.

#include "backends/GPU/ScanEmitter.h"

#include "backends/CPU/StructuredEmitter.h"
#include "backends/GPU/Places.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::ElementAccess;

ScanEmitter::ScanEmitter(const KernelBody &body, graph::CumulativeOp cumulative)
    : body(body), op(cumulative),
      columns(columnsOfBlock(
          cast<mlir::RankedTensorType>(cumulative.getType()).getDimSize(2),
          threads())) {}

Value *ScanEmitter::extent(Frame &frame, unsigned axis) {
  return frame.extent(body.extent(op.getResult(), axis));
}

Value *ScanEmitter::emitBlocks(Frame &frame) {
  LoopBuilder &b = frame.b;
  return b.multiply(extent(frame, 0),
                    b.ceilDivide(extent(frame, 2), b.index(columns)));
}

ScanEmitter::Place ScanEmitter::findPlace(Frame &frame) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  Value *inner = extent(frame, 2), *width = b.index(columns);
  Value *across = b.ceilDivide(inner, width);
  Value *lane = b.remainder(threads.thread(), width);
  Value *column =
      b.add(b.multiply(b.remainder(threads.block(), across), width), lane);
  Value *isInside = b.CreateICmpSLT(column, inner);
  // Threads behind the last column run along, for the barriers.
  return {b.divide(threads.block(), across),
          b.CreateSelect(isInside, column, b.index(0)), isInside, lane,
          b.divide(threads.thread(), width)};
}

// What the members before this one have, and what all have. At each step a
// member joins what one twice as far before it has.
Values ScanEmitter::scanMembers(Frame &frame, const Place &place, Value *mine) {
  LoopBuilder &b = frame.b;
  Threads threads(b);
  Type *type = mine->getType();
  Value *neutral = cpu::neutralRunning(op.getKind(), type);
  auto slot = [&](Value *member) {
    return b.CreateGEP(b.getInt64Ty(), slots,
                       b.add(b.multiply(member, b.index(columns)), place.lane));
  };
  auto earlier = [&](int64_t distance) {
    Value *isThere = b.CreateICmpSGE(place.member, b.index(distance));
    Value *member = b.CreateSelect(
        isThere, b.CreateSub(place.member, b.index(distance)), b.index(0));
    return b.CreateSelect(isThere, b.CreateLoad(type, slot(member)), neutral);
  };
  b.CreateStore(mine, slot(place.member));
  threads.waitForBlock();
  for (int64_t distance = 1; distance < members(); distance *= 2) {
    mine = cpu::combineRunning(b, op.getKind(), earlier(distance), mine);
    threads.waitForBlock();
    b.CreateStore(mine, slot(place.member));
    threads.waitForBlock();
  }
  Values result{earlier(1), b.CreateLoad(type, slot(b.index(members() - 1)))};
  // The slots are used again for the next elements.
  threads.waitForBlock();
  return result;
}

// Returns what stands behind the elements from `first` on that all members
// walk together.
Value *ScanEmitter::emitChunk(Frame &frame, const Place &place, Value *first,
                              Value *before) {
  LoopBuilder &b = frame.b;
  ElementAccess x(frame, op.getX()), out(frame, op.getResult());
  Value *length = extent(frame, 1);
  Value *neutral = cpu::neutralRunning(op.getKind(), x.type());
  auto combine = [&](Value *left, Value *right) {
    return cpu::combineRunning(b, op.getKind(), left, right);
  };
  first = b.add(first, b.multiply(place.member, b.index(elements())));
  Values places, inside, runs{neutral};
  for (int64_t i = 0; i < elements(); ++i) {
    Value *number = b.add(first, b.index(i));
    inside.push_back(b.CreateICmpSLT(number, length));
    if (op.getReverse())
      number = b.CreateSub(b.CreateSub(length, b.index(1)), number);
    places.push_back(b.CreateSelect(inside.back(), number, b.index(0)));
    Value *element = b.CreateSelect(
        inside.back(), x.load({place.batch, places.back(), place.column}),
        neutral);
    runs.push_back(combine(runs.back(), element));
  }
  Value *own = before, *all = runs.back();
  if (members() > 1) {
    Values scanned = scanMembers(frame, place, runs.back());
    own = combine(before, scanned[0]);
    all = scanned[1];
  }
  for (int64_t i = 0; i < elements(); ++i) {
    Value *run = runs[size_t(op.getExclusive() ? i : i + 1)];
    b.emitIf(b.CreateAnd(place.isInside, inside[size_t(i)]), [&] {
      out.store({place.batch, places[size_t(i)], place.column},
                combine(own, run));
    });
  }
  return combine(before, all);
}

mlir::LogicalResult ScanEmitter::emitThread(Frame &frame, Value *) {
  LoopBuilder &b = frame.b;
  frame.setStorage(op.getResult(),
                   frame.part(*body.destination(op.getResult())));
  Place place = findPlace(frame);
  if (members() > 1)
    slots = Threads(b).sharedMemory(8 * int64_t(threads()), "runs");
  Type *type = ElementAccess(frame, op.getX()).type();
  b.emitFor(b.index(0), extent(frame, 1), b.index(members() * elements()),
            {cpu::neutralRunning(op.getKind(), type)},
            [&](Value *first, ValueRange before) -> Values {
              return {emitChunk(frame, place, first, before[0])};
            });
  return mlir::success();
}

} // namespace lamina::gpu
