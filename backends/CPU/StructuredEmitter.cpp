// SPDX-License-Identifier: Apache-2.0
//
// Kernels of one structured op.

#include "backends/CPU/StructuredEmitter.h"

#include "backends/CPU/ScalarOps.h"
#include "backends/CPU/VectorMath.h"

using namespace llvm;

namespace lamina::cpu {

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

ElementAccess::ElementAccess(Frame &frame, Storage where)
    : b(&frame.b), where(std::move(where)),
      element(frame.memoryTypeOf(this->where.elementType)) {}

ElementAccess::ElementAccess(Frame &frame, mlir::Value tensor)
    : ElementAccess(frame, *frame.storage(tensor)) {}

Value *ElementAccess::address(ValueRange at) const {
  Value *offset = b->index(0);
  for (auto [index, stride] : zip(at, where.strides))
    offset = b->add(offset, b->multiply(index, stride));
  return b->CreateInBoundsGEP(element, where.base, offset);
}

Value *ElementAccess::load(ValueRange at) const {
  return b->CreateLoad(element, address(at));
}

void ElementAccess::store(ValueRange at, Value *value) const {
  b->CreateStore(value, address(at));
}

//===----------------------------------------------------------------------===//
// The emitter
//===----------------------------------------------------------------------===//

namespace {
class StructuredEmitter : public KernelEmitter {
public:
  StructuredEmitter(const KernelBody &body, mlir::Operation *op, unsigned lanes)
      : body(body), op(op), lanes(lanes) {}

  Value *emitItems(Frame &frame) override;
  Value *emitScratch(Frame &frame) override;
  mlir::LogicalResult emitRun(Frame &frame, const RunArguments &run) override;

private:
  void emitScatterItem(Frame &frame, Value *item);
  void emitScatterRow(Frame &frame, ValueRange to, ValueRange from, Value *lo,
                      Value *hi);
  void emitStart(Frame &frame, Value *batch, Value *lo, Value *hi);
  void emitCumulative(Frame &frame, Value *batch);
  Value *columnChunks(Frame &frame);

  const KernelBody &body;
  mlir::Operation *op;
  unsigned lanes;
};
} // namespace

/// Numbers of a row that one item of a scatter walks over all ids.
static constexpr int64_t scatterColumns = 64;

Value *StructuredEmitter::columnChunks(Frame &frame) {
  LoopBuilder &b = frame.b;
  return b.ceilDivide(frame.extent(body.extent(op->getResult(0), 2)),
                      b.index(scatterColumns));
}

Value *StructuredEmitter::emitItems(Frame &frame) {
  Value *batch = frame.extent(body.extent(op->getResult(0), 0));
  if (!isa<graph::ScatterOp>(op))
    return batch;
  return frame.b.multiply(batch, columnChunks(frame));
}

Value *StructuredEmitter::emitScratch(Frame &frame) {
  return isa<graph::SortOp, graph::TopKOp>(op) ? emitSortScratch(frame, op)
                                               : frame.b.index(0);
}

mlir::LogicalResult StructuredEmitter::emitRun(Frame &frame,
                                               const RunArguments &run) {
  for (mlir::OpResult result : op->getResults())
    frame.setStorage(result, frame.part(*body.destination(result)));
  frame.b.emitFor(run.first, run.last, frame.b.index(1), [&](Value *item) {
    if (isa<graph::ScatterOp>(op))
      emitScatterItem(frame, item);
    else if (isa<graph::SortOp, graph::TopKOp>(op))
      emitSort(frame, op, item, run.scratch);
    else if (isa<graph::CumulativeOp>(op))
      emitCumulative(frame, item);
    else
      emitLinearAlgebra(frame, op, item);
  });
  return mlir::success();
}

//===----------------------------------------------------------------------===//
// Scatter: x [batch, n, inner], ids [batch, k], updates [batch, k, inner]
//===----------------------------------------------------------------------===//

// What is scattered into: a fill, another tensor, or what the out holds.
void StructuredEmitter::emitStart(Frame &frame, Value *batch, Value *lo,
                                  Value *hi) {
  LoopBuilder &b = frame.b;
  mlir::Value x = op->getOperand(0);
  ElementAccess out(frame, op->getResult(0));
  auto fill = x.getDefiningOp<mlir::linalg::FillOp>();
  bool isOut = isa<mlir::BlockArgument>(x) &&
               frame.storage(x)->base == frame.storage(op->getResult(0))->base;
  if (isOut)
    return;
  Value *rows = frame.extent(body.extent(op->getResult(0), 1));
  b.emitFor(b.index(0), rows, b.index(1), [&](Value *row) {
    b.emitFor(lo, hi, b.index(1), [&](Value *j) {
      Value *value = fill ? frame.scalar(fill.getInputs()[0])
                          : ElementAccess(frame, x).load({batch, row, j});
      out.store({batch, row, j}, value);
    });
  });
}

// One row is added to, or replaces, another: whole vectors, then the rest.
void StructuredEmitter::emitScatterRow(Frame &frame, ValueRange to,
                                       ValueRange from, Value *lo, Value *hi) {
  LoopBuilder &b = frame.b;
  auto scatter = cast<graph::ScatterOp>(op);
  bool isSum = scatter.getKind() == graph::ScatterKind::Sum;
  ElementAccess out(frame, op->getResult(0));
  ElementAccess updates(frame, scatter.getUpdates());
  auto loop = [&](Value *begin, Value *end, unsigned width) {
    b.emitFor(begin, end, b.index(width), [&](Value *j) {
      Type *type = out.type();
      if (width > 1)
        type = FixedVectorType::get(type, width);
      Align align(out.type()->getScalarSizeInBits() / 8);
      Value *target = out.address({to[0], to[1], j});
      Value *value = b.CreateAlignedLoad(
          type, updates.address({from[0], from[1], j}), align);
      if (isSum) {
        Value *before = b.CreateAlignedLoad(type, target, align);
        value = type->isFPOrFPVectorTy() ? b.CreateFAdd(before, value)
                                         : b.CreateAdd(before, value);
      }
      b.CreateAlignedStore(value, target, align);
    });
  };
  Value *whole =
      b.multiply(b.divide(b.CreateSub(hi, lo), b.index(lanes)), b.index(lanes));
  loop(lo, b.add(lo, whole), lanes);
  loop(b.add(lo, whole), hi, 1);
}

// Ids in order of position, so repeated ones are added in that order.
void StructuredEmitter::emitScatterItem(Frame &frame, Value *item) {
  LoopBuilder &b = frame.b;
  auto scatter = cast<graph::ScatterOp>(op);
  Value *chunks = columnChunks(frame);
  Value *batch = b.divide(item, chunks);
  Value *lo = b.multiply(b.remainder(item, chunks), b.index(scatterColumns));
  Value *hi = b.minimum(b.add(lo, b.index(scatterColumns)),
                        frame.extent(body.extent(op->getResult(0), 2)));
  emitStart(frame, batch, lo, hi);
  ElementAccess ids(frame, scatter.getIds());
  Value *count = frame.extent(body.extent(scatter.getIds(), 1));
  Value *rows = frame.extent(body.extent(op->getResult(0), 1));
  b.emitFor(b.index(0), count, b.index(1), [&](Value *k) {
    Value *id = b.CreateSExtOrTrunc(ids.load({batch, k}), b.getInt64Ty());
    b.emitIf(b.CreateICmpULT(id, rows),
             [&] { emitScatterRow(frame, {batch, id}, {batch, k}, lo, hi); });
  });
}

//===----------------------------------------------------------------------===//
// Cumulative: [batch, n, inner]
//===----------------------------------------------------------------------===//

static Value *logAddExp(LoopBuilder &b, Value *x, Value *y) {
  Type *type = x->getType();
  Value *isLess = b.CreateFCmpOLT(x, y);
  Value *top = b.CreateSelect(isLess, y, x);
  Value *low = b.CreateSelect(isLess, x, y);
  Value *gap = b.CreateFSub(low, top);
  Value *sum;
  if (type->isFloatTy()) {
    VectorMath math(b);
    sum = b.CreateFAdd(top, math.log1p(math.exp(gap)));
  } else {
    Module *module = b.GetInsertBlock()->getModule();
    FunctionType *unary = FunctionType::get(type, {type}, false);
    Value *power = b.CreateCall(module->getOrInsertFunction("exp", unary), gap);
    sum = b.CreateFAdd(
        top, b.CreateCall(module->getOrInsertFunction("log1p", unary), power));
  }
  Value *infinite = ConstantFP::getInfinity(type);
  Value *isFinite =
      b.CreateFCmpONE(b.CreateUnaryIntrinsic(Intrinsic::fabs, top), infinite);
  return b.CreateSelect(isFinite, sum, top);
}

Value *combineRunning(LoopBuilder &b, graph::ReduceKind kind, Value *x,
                      Value *y) {
  bool isFloat = x->getType()->isFloatingPointTy();
  switch (kind) {
  case graph::ReduceKind::Sum:
    return isFloat ? b.CreateFAdd(x, y) : b.CreateAdd(x, y);
  case graph::ReduceKind::Prod:
    return isFloat ? b.CreateFMul(x, y) : b.CreateMul(x, y);
  case graph::ReduceKind::Max:
    return b.CreateSelect(
        isFloat ? b.CreateFCmpULT(x, y) : b.CreateICmpSLT(x, y), y, x);
  case graph::ReduceKind::Min:
    return b.CreateSelect(
        isFloat ? b.CreateFCmpUGT(x, y) : b.CreateICmpSGT(x, y), y, x);
  default:
    return logAddExp(b, x, y);
  }
}

Constant *neutralRunning(graph::ReduceKind kind, Type *type) {
  bool isProduct = kind == graph::ReduceKind::Prod;
  bool isMin = kind == graph::ReduceKind::Min;
  if (kind == graph::ReduceKind::Sum || isProduct)
    return type->isFloatingPointTy()
               ? ConstantFP::get(type, isProduct ? 1.0 : 0.0)
               : ConstantInt::get(type, isProduct);
  if (type->isFloatingPointTy())
    return ConstantFP::getInfinity(type, /*Negative=*/!isMin);
  unsigned bits = type->getIntegerBitWidth();
  return ConstantInt::get(type, isMin ? APInt::getSignedMaxValue(bits)
                                      : APInt::getSignedMinValue(bits));
}

void StructuredEmitter::emitCumulative(Frame &frame, Value *batch) {
  LoopBuilder &b = frame.b;
  auto cumulative = cast<graph::CumulativeOp>(op);
  ElementAccess x(frame, cumulative.getX()), out(frame, op->getResult(0));
  Value *length = frame.extent(body.extent(cumulative.getX(), 1));
  Value *inner = frame.extent(body.extent(cumulative.getX(), 2));
  b.emitFor(b.index(0), inner, b.index(1), [&](Value *j) {
    Value *start = neutralRunning(cumulative.getKind(), x.type());
    b.emitFor(b.index(0), length, b.index(1), {start},
              [&](Value *i, ValueRange sum) -> Values {
                Value *at = i;
                if (cumulative.getReverse())
                  at = b.CreateSub(b.CreateSub(length, b.index(1)), i);
                Value *next = combineRunning(b, cumulative.getKind(), sum[0],
                                             x.load({batch, at, j}));
                out.store({batch, at, j},
                          cumulative.getExclusive() ? sum[0] : next);
                return {next};
              });
  });
}

mlir::Operation *findStructuredOp(const KernelBody &body) {
  mlir::Operation *structured = nullptr;
  for (mlir::Operation *op : body.ops()) {
    if (op->getName().getDialectNamespace() != "graph")
      continue;
    bool isKnown = isa<graph::ScatterOp, graph::SortOp, graph::TopKOp,
                       graph::CumulativeOp, graph::TriangularSolveOp,
                       graph::CholeskyOp, graph::LuOp, graph::QrOp>(op);
    bool isStored = all_of(op->getResults(), [&](mlir::OpResult result) {
      return body.destination(result);
    });
    if (structured || !isKnown || !isStored)
      return nullptr;
    structured = op;
  }
  return structured;
}

std::unique_ptr<KernelEmitter> createStructuredEmitter(const KernelBody &body,
                                                       unsigned lanes) {
  mlir::Operation *structured = findStructuredOp(body);
  if (!structured)
    return nullptr;
  return std::make_unique<StructuredEmitter>(body, structured, lanes);
}

} // namespace lamina::cpu
