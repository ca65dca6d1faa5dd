// SPDX-License-Identifier: Apache-2.0
//
// One iteration of a linalg op.

#include "backends/CPU/RegionWalk.h"

#include "backends/CPU/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace llvm;

namespace lamina::cpu {

Value *RegionWalk::argument(mlir::BlockArgument argument) {
  mlir::OpOperand &operand = op->getOpOperand(argument.getArgNumber());
  if (!isa<mlir::RankedTensorType>(operand.get().getType()))
    return e.frame.scalar(operand.get());
  if (before && op.isDpsInit(&operand))
    if (Value *now =
            before(argument.getArgNumber() - unsigned(op.getNumDpsInputs())))
      return now;
  Coordinates at = e.map(op.getMatchingIndexingMap(&operand), iteration);
  return e.read(operand.get(), at);
}

Value *RegionWalk::value(mlir::Value value) {
  if (Value *known = values.lookup(value))
    return known;
  Value *result;
  if (indices.contains(value)) {
    Coordinate index = indices[value];
    result = index.isUniform() ? index.base : e.lanes(index);
  } else if (auto inner = dyn_cast<mlir::BlockArgument>(value);
             inner && inner.getOwner() == op.getBlock()) {
    result = argument(inner);
  } else {
    result = e.frame.scalar(value);
  }
  values[value] = result;
  return result;
}

Coordinate RegionWalk::coordinate(mlir::Value index) {
  if (indices.contains(index))
    return indices[index];
  Value *number = value(index);
  return number ? Coordinate{number, 0} : Coordinate{e.b.index(0), 0};
}

// Sums and products with constants stay affine, so that a read at a computed
// index is still one of neighbouring elements.
bool RegionWalk::emitIndexArithmetic(mlir::Operation &inner) {
  if (auto index = dyn_cast<mlir::linalg::IndexOp>(inner)) {
    indices[index] = iteration[index.getDim()];
    return true;
  }
  if (inner.getNumResults() != 1 || !inner.getResult(0).getType().isIndex() ||
      inner.getNumOperands() != 2)
    return false;
  mlir::Value x = inner.getOperand(0), y = inner.getOperand(1);
  if (!indices.contains(x) && !indices.contains(y))
    return false;
  mlir::Value result = inner.getResult(0);
  if (isa<mlir::arith::AddIOp>(inner)) {
    indices[result] = e.add(coordinate(x), coordinate(y));
    return true;
  }
  if (isa<mlir::arith::SubIOp>(inner)) {
    Coordinate negative = e.scaled(coordinate(y), e.b.index(-1));
    indices[result] = e.add(coordinate(x), negative);
    return true;
  }
  if (!isa<mlir::arith::MulIOp>(inner))
    return false;
  Coordinate a = coordinate(x), c = coordinate(y);
  if (!a.isUniform())
    std::swap(a, c);
  if (!a.isUniform())
    return false;
  indices[result] = e.scaled(c, a.base);
  return true;
}

bool RegionWalk::emit(mlir::Operation &inner) {
  e.frame.setOp(&inner);
  if (emitIndexArithmetic(inner))
    return true;
  if (auto extract = dyn_cast<mlir::tensor::ExtractOp>(inner)) {
    Coordinates at;
    for (mlir::Value index : extract.getIndices())
      at.push_back(coordinate(index));
    values[extract] = e.read(extract.getTensor(), at);
    return true;
  }
  if (isa<mlir::tensor::DimOp>(inner)) {
    values[inner.getResult(0)] = e.frame.scalar(inner.getResult(0));
    return values[inner.getResult(0)] != nullptr;
  }
  StringRef dialect = inner.getName().getDialectNamespace();
  if (dialect != "arith" && dialect != "math")
    return false;
  Values operands;
  for (mlir::Value operand : inner.getOperands()) {
    operands.push_back(value(operand));
    if (!operands.back())
      return false;
  }
  Values results = ScalarOps(e.b, e.width).emit(&inner, operands);
  for (auto [result, emitted] : zip(inner.getResults(), results))
    values[result] = emitted;
  return !results.empty();
}

Values RegionWalk::run() {
  for (mlir::Operation &inner : op.getBlock()->without_terminator())
    if (!emit(inner)) {
      failure = &inner;
      return {};
    }
  Values yielded;
  for (mlir::Value operand : op.getBlock()->getTerminator()->getOperands()) {
    yielded.push_back(value(operand));
    if (!yielded.back())
      return {};
  }
  return yielded;
}

} // namespace lamina::cpu
