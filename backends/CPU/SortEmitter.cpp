// SPDX-License-Identifier: Apache-2.0
//
// Stable sorts along the middle axis.
//
// A merge sort from the bottom up on the positions of a row's keys. Positions
// are sorted rather than keys, so that payloads and the ids of the largest
// follow.

#include "backends/CPU/StructuredEmitter.h"

using namespace llvm;

namespace lamina::cpu {

namespace {
/// One row while it is sorted: its keys, and two arrays of positions.
class RowSort {
public:
  RowSort(Frame &frame, Type *key, Value *keys, Value *length, bool descending)
      : b(frame.b), key(key), keys(keys), length(length),
        descending(descending) {}
  /// Returns the array, of the two, that holds the sorted positions.
  Value *sort(Value *first, Value *second);

private:
  Value *position(Value *array, Value *i) {
    return b.CreateLoad(b.getInt32Ty(), slot(array, i));
  }
  Value *slot(Value *array, Value *i) {
    return b.CreateInBoundsGEP(b.getInt32Ty(), array, i);
  }
  Value *keyAt(Value *position) {
    Value *index = b.CreateZExt(position, b.getInt64Ty());
    return b.CreateLoad(key, b.CreateInBoundsGEP(key, keys, index));
  }
  void merge(Value *from, Value *to, Value *lo, Value *middle, Value *hi);

  LoopBuilder &b;
  Type *key;
  Value *keys, *length;
  bool descending;
};
} // namespace

Value *standsBefore(LoopBuilder &b, bool descending, Value *x, Value *y) {
  if (!x->getType()->isFloatingPointTy())
    return descending ? b.CreateICmpSGT(x, y) : b.CreateICmpSLT(x, y);
  Value *less = descending ? b.CreateFCmpOGT(x, y) : b.CreateFCmpOLT(x, y);
  Value *onlyY = b.CreateAnd(b.CreateFCmpUNO(y, y), b.CreateFCmpORD(x, x));
  return b.CreateOr(less, onlyY);
}

bool isDescending(mlir::Operation *sort) {
  return isa<graph::TopKOp>(sort) ||
         (isa<graph::SortOp>(sort) &&
          cast<graph::SortOp>(sort).getDescending());
}

void RowSort::merge(Value *from, Value *to, Value *lo, Value *middle,
                    Value *hi) {
  Value *lastSafe = b.CreateSub(length, b.index(1));
  b.emitFor(
      lo, hi, b.index(1), {lo, middle}, [&](Value *k, ValueRange at) -> Values {
        Value *left = position(from, b.minimum(at[0], lastSafe));
        Value *right = position(from, b.minimum(at[1], lastSafe));
        Value *leftIsOver = b.CreateICmpSGE(at[0], middle);
        Value *rightIsLeft = b.CreateICmpSLT(at[1], hi);
        Value *wins = standsBefore(b, descending, keyAt(right), keyAt(left));
        Value *takeRight =
            b.CreateAnd(rightIsLeft, b.CreateOr(leftIsOver, wins));
        b.CreateStore(b.CreateSelect(takeRight, right, left), slot(to, k));
        Value *step = b.CreateZExt(takeRight, b.getInt64Ty());
        return {b.CreateAdd(at[0], b.CreateSub(b.index(1), step)),
                b.CreateAdd(at[1], step)};
      });
}

Value *RowSort::sort(Value *first, Value *second) {
  b.emitFor(b.index(0), length, b.index(1), [&](Value *i) {
    b.CreateStore(b.CreateTrunc(i, b.getInt32Ty()), slot(first, i));
  });
  Values last = b.emitWhile(
      {b.index(1), first, second},
      [&](ValueRange now) { return b.CreateICmpSLT(now[0], length); },
      [&](ValueRange now) -> Values {
        Value *run = now[0], *pair = b.CreateShl(run, b.index(1));
        b.emitFor(b.index(0), length, pair, [&](Value *lo) {
          Value *middle = b.minimum(b.add(lo, run), length);
          Value *hi = b.minimum(b.add(lo, pair), length);
          merge(now[1], now[2], lo, middle, hi);
        });
        return {pair, now[2], now[1]};
      });
  return last[1];
}

static Value *alignedBytes(LoopBuilder &b, Value *count, int64_t bytes) {
  return b.roundUp(b.multiply(count, b.index(bytes)), 64);
}

static mlir::Type elementOf(mlir::Value value) {
  return cast<mlir::ShapedType>(value.getType()).getElementType();
}

Value *emitSortScratch(Frame &frame, mlir::Operation *op) {
  LoopBuilder &b = frame.b;
  mlir::Value keys = op->getOperand(0);
  Value *length = frame.extent(frame.body.extent(keys, 1));
  Value *positions = alignedBytes(b, length, 4);
  return b.add(alignedBytes(b, length, frame.bytesOf(elementOf(keys))),
               b.add(positions, positions));
}

void writeSorted(Frame &frame, mlir::Operation *op, ValueRange at,
                 Value *position) {
  LoopBuilder &b = frame.b;
  Value *from = b.CreateZExt(position, b.getInt64Ty());
  if (isa<graph::SortOp>(op)) {
    for (auto [input, result] : zip(op->getOperands(), op->getResults()))
      ElementAccess(frame, result)
          .store(at, ElementAccess(frame, input).load({at[0], from, at[2]}));
    return;
  }
  Value *largest =
      ElementAccess(frame, op->getOperand(0)).load({at[0], from, at[2]});
  ElementAccess(frame, op->getResult(0)).store(at, largest);
  ElementAccess(frame, op->getResult(1)).store(at, position);
}

void emitSort(Frame &frame, mlir::Operation *op, Value *batch, Value *scratch) {
  LoopBuilder &b = frame.b;
  mlir::Value keys = op->getOperand(0);
  ElementAccess input(frame, keys);
  Value *length = frame.extent(frame.body.extent(keys, 1));
  Value *inner = frame.extent(frame.body.extent(keys, 2));
  Value *kept = frame.extent(frame.body.extent(op->getResult(0), 1));
  Value *first = b.CreatePtrAdd(
      scratch, alignedBytes(b, length, frame.bytesOf(elementOf(keys))));
  Value *second = b.CreatePtrAdd(first, alignedBytes(b, length, 4));
  b.emitFor(b.index(0), inner, b.index(1), [&](Value *j) {
    b.emitFor(b.index(0), length, b.index(1), [&](Value *i) {
      b.CreateStore(input.load({batch, i, j}),
                    b.CreateInBoundsGEP(input.type(), scratch, i));
    });
    RowSort row(frame, input.type(), scratch, length, isDescending(op));
    Value *sorted = row.sort(first, second);
    b.emitFor(b.index(0), kept, b.index(1), [&](Value *i) {
      Value *position = b.CreateLoad(
          b.getInt32Ty(), b.CreateInBoundsGEP(b.getInt32Ty(), sorted, i));
      writeSorted(frame, op, {batch, i, j}, position);
    });
  });
}

} // namespace lamina::cpu
