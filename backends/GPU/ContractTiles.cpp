// SPDX-License-Identifier: Apache-2.0
//
// The tiles of a product of matrices.

#include "backends/GPU/ContractTiles.h"

#include "backends/GPU/Places.h"

using namespace llvm;

namespace lamina::gpu {

using cpu::Coordinates;
using cpu::Evaluator;

SmallVector<Extent> ContractTiles::extents(ArrayRef<unsigned> loops) const {
  SmallVector<Extent> sizes;
  for (unsigned loop : loops)
    sizes.push_back(form.domain[loop]);
  return sizes;
}

Value *ContractTiles::size(Frame &frame, ArrayRef<unsigned> loops) const {
  return frame.product(extents(loops));
}

void ContractTiles::setLoops(Frame &frame, Coordinates &at,
                             ArrayRef<unsigned> loops, Value *number) const {
  Coordinates parts = splitIndex(frame, extents(loops), number);
  for (auto [loop, part] : zip(loops, parts))
    at[loop] = part;
}

Value *ContractTiles::count(Frame &frame, int64_t rows, int64_t columns) const {
  LoopBuilder &b = frame.b;
  Value *tiles =
      b.multiply(b.ceilDivide(size(frame, form.m), b.index(rows)),
                 b.ceilDivide(size(frame, form.n), b.index(columns)));
  return b.multiply(size(frame, form.batch), tiles);
}

TilePlace ContractTiles::place(Frame &frame, Value *number, int64_t rows,
                               int64_t columns) const {
  LoopBuilder &b = frame.b;
  TilePlace place;
  place.rows = size(frame, form.m);
  place.columns = size(frame, form.n);
  Value *across = b.ceilDivide(place.columns, b.index(columns));
  Value *down = b.ceilDivide(place.rows, b.index(rows));
  place.column = b.multiply(b.remainder(number, across), b.index(columns));
  number = b.divide(number, across);
  place.row = b.multiply(b.remainder(number, down), b.index(rows));
  place.batch.assign(form.domain.size(), {b.index(0), 0});
  setLoops(frame, place.batch, form.batch, b.divide(number, down));
  return place;
}

bool ContractTiles::isUnitAlongK(mlir::OpOperand *operand) const {
  mlir::AffineMap map = form.mapOf(operand);
  auto last = map.getNumResults()
                  ? dyn_cast<mlir::AffineDimExpr>(map.getResults().back())
                  : nullptr;
  return last && last.getPosition() == form.k.back();
}

void ContractTiles::note(const Evaluator &evaluator) {
  if (evaluator.failedOp())
    failure = evaluator.failedOp();
}

Value *ContractTiles::read(Frame &frame, mlir::OpOperand *operand,
                           const Coordinates &at, Evaluator &block) {
  Evaluator evaluator(frame, 1, nullptr, &block);
  Value *number =
      evaluator.read(operand->get(), evaluator.map(form.mapOf(operand), at));
  note(evaluator);
  return number;
}

void ContractTiles::finish(Frame &frame, const TilePlace &place, Value *row,
                           Value *column, Value *sum, Evaluator &block) {
  LoopBuilder &b = frame.b;
  Coordinates at = place.batch;
  setLoops(frame, at, form.m, row);
  setLoops(frame, at, form.n, column);
  Evaluator evaluator(frame, 1, nullptr, &block);
  evaluator.setAnchor();
  Coordinates where = evaluator.map(form.resultMap(), at);
  if (!form.startsAtZero) {
    auto op = form.op;
    sum = b.CreateFAdd(evaluator.read(op.getDpsInitOperand(0)->get(), where),
                       sum);
  }
  evaluator.remember(form.result, where, sum);
  auto store = [&](mlir::Value value, Value *number) {
    if (const cpu::Destination *part = body.destination(value))
      evaluator.write(frame.part(*part), where, number);
  };
  store(form.result, sum);
  for (mlir::linalg::LinalgOp op : form.epilogue) {
    Values results = evaluator.evaluate(op, where);
    for (auto [result, number] : zip(op->getResults(), results)) {
      evaluator.remember(result, where, number);
      store(result, number);
    }
  }
  note(evaluator);
}

mlir::LogicalResult ContractTiles::result() const {
  if (failure)
    return failure->emitOpError("has no form on the gpu backend");
  return mlir::success();
}

} // namespace lamina::gpu
