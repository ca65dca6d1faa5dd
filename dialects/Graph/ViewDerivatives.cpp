// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of views.
//
// Views move elements, so their rules serve truth values too: the driver pulls
// the place of an adjoint back by the same rule. There a sum is `any`.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

/// `type` with the element type of `like`: a rule may carry truth values.
static RankedTensorType withElementOf(Type type, Value like) {
  return withElementType(cast<RankedTensorType>(type),
                         getElementTypeOrSelf(like.getType()));
}

/// The sum of `x` over `axes`; of truth values, whether any is true.
static Value sumOver(OpBuilder &b, Location loc, RankedTensorType type, Value x,
                     ArrayRef<int64_t> axes) {
  if (axes.empty())
    return x;
  bool truth = type.getElementType().isInteger(1);
  return ReduceOp::create(b, loc, type,
                          truth ? ReduceKind::Any : ReduceKind::Sum, x, axes);
}

static Value emptyPad(OpBuilder &b, Location loc, Value like) {
  return zeroOf(
      b, loc, RankedTensorType::get({}, getElementTypeOrSelf(like.getType())));
}

static LogicalResult pullBroadcast(BroadcastOp op, OpBuilder &b,
                                   ArrayRef<Value> adjoints, Adjoints &sink) {
  Value g = adjoints[0];
  SmallVector<int64_t> rest;
  for (int64_t axis = 0, rank = op.getResult().getType().getRank(); axis < rank;
       ++axis)
    if (!llvm::is_contained(op.getAxes(), axis))
      rest.push_back(axis);
  sink.add(0, sumOver(b, op.getLoc(), withElementOf(op.getX().getType(), g), g,
                      rest));
  return success();
}

static LogicalResult pullTranspose(TransposeOp op, OpBuilder &b,
                                   ArrayRef<Value> adjoints, Adjoints &sink) {
  SmallVector<int64_t> inverse(op.getOrder().size());
  for (auto [i, axis] : llvm::enumerate(op.getOrder()))
    inverse[axis] = int64_t(i);
  Value g = adjoints[0];
  sink.add(0, TransposeOp::create(b, op.getLoc(),
                                  withElementOf(op.getX().getType(), g), g,
                                  inverse));
  return success();
}

static LogicalResult pullReverse(ReverseOp op, OpBuilder &b,
                                 ArrayRef<Value> adjoints, Adjoints &sink) {
  sink.add(0, ReverseOp::create(b, op.getLoc(), adjoints[0].getType(),
                                adjoints[0], op.getAxes()));
  return success();
}

static LogicalResult pullReshape(ReshapeOp op, OpBuilder &b,
                                 ArrayRef<Value> adjoints, Adjoints &sink) {
  Value g = adjoints[0];
  sink.add(0, ReshapeOp::create(b, op.getLoc(),
                                withElementOf(op.getX().getType(), g), g));
  return success();
}

static LogicalResult pullSlice(SliceOp op, OpBuilder &b,
                               ArrayRef<Value> adjoints, Adjoints &sink) {
  Value g = adjoints[0];
  SmallVector<int64_t> interior;
  for (int64_t step : op.getStep())
    interior.push_back(step - 1);
  sink.add(
      0, PadOp::create(b, op.getLoc(), withElementOf(op.getX().getType(), g), g,
                       emptyPad(b, op.getLoc(), g), op.getStart(), interior));
  return success();
}

/// The border, summed: what the padding value received.
static Value sumOfBorder(PadOp op, OpBuilder &b, Value g) {
  Location loc = op.getLoc();
  Type truth = b.getI1Type();
  Value inside = constantLike(b, loc, truthLike(op.getX().getType()), 0);
  Value outside = constantLike(b, loc, RankedTensorType::get({}, truth), 1);
  Value border = PadOp::create(b, loc, truthLike(g.getType()), inside, outside,
                               op.getLow(), op.getInterior());
  bool isTruth = getElementTypeOrSelf(g.getType()).isInteger(1);
  Value kept = isTruth
                   ? Value(arith::AndIOp::create(b, loc, border, g))
                   : selectOp(b, loc, border, g, zeroOf(b, loc, g.getType()));
  auto axes = llvm::to_vector(
      llvm::seq<int64_t>(0, op.getResult().getType().getRank()));
  return sumOver(b, loc, withElementOf(op.getValue().getType(), g), kept, axes);
}

static LogicalResult pullPad(PadOp op, OpBuilder &b, ArrayRef<Value> adjoints,
                             Adjoints &sink) {
  Value g = adjoints[0];
  if (sink.wants(0)) {
    SmallVector<int64_t> step;
    for (int64_t interior : op.getInterior())
      step.push_back(interior + 1);
    sink.add(0, SliceOp::create(b, op.getLoc(),
                                withElementOf(op.getX().getType(), g), g,
                                op.getLow(), step));
  }
  if (sink.wants(1))
    sink.add(1, sumOfBorder(op, b, g));
  return success();
}

/// The part of `g` that one input of a `concat` fills, from `start` on.
static Value partOf(ConcatOp op, OpBuilder &b, Value g, RankedTensorType type,
                    const SizeExpr &start) {
  int64_t axis = op.getAxis(), rank = type.getRank();
  if (std::optional<int64_t> known = start.getConstant()) {
    SmallVector<int64_t> starts(rank, 0), steps(rank, 1);
    starts[axis] = *known;
    return SliceOp::create(b, op.getLoc(), type, g, starts, steps);
  }
  auto scalar = RankedTensorType::get({}, b.getI64Type());
  Value offset =
      SizeOp::create(b, op.getLoc(), scalar,
                     DimsAttr::get(b.getContext(), ArrayRef<SizeExpr>(start)));
  return DynamicSliceOp::create(b, op.getLoc(), type, g, ValueRange{offset},
                                ArrayRef<int64_t>{axis});
}

static LogicalResult pullConcat(ConcatOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  SizeExpr start(0);
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    auto type = withElementOf(input.getType(), adjoints[0]);
    if (sink.wants(i))
      sink.add(i, partOf(op, b, adjoints[0], type, start));
    start = start + getSize(type, op.getAxis());
  }
  return success();
}

static LogicalResult pullWindow(WindowOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  sink.add(0,
           UnwindowOp::create(b, op.getLoc(), op.getX().getType(), adjoints[0],
                              op.getAxes(), op.getSize(), op.getStride(),
                              op.getDilation(), op.getLow()));
  return success();
}

static LogicalResult pullUnwindow(UnwindowOp op, OpBuilder &b,
                                  ArrayRef<Value> adjoints, Adjoints &sink) {
  auto type = op.getX().getType();
  sink.add(0, WindowOp::create(
                  b, op.getLoc(), type, adjoints[0], op.getAxes(), op.getSize(),
                  op.getStride(), op.getDilation(), op.getLow(),
                  cast<TypedAttr>(b.getZeroAttr(getElementTypeOrSelf(type)))));
  return success();
}

static LogicalResult pullDynamicSlice(DynamicSliceOp op, OpBuilder &b,
                                      ArrayRef<Value> adjoints,
                                      Adjoints &sink) {
  Value zeros = zeroOf(b, op.getLoc(), op.getX().getType());
  sink.add(0,
           DynamicUpdateOp::create(b, op.getLoc(), zeros.getType(), zeros,
                                   adjoints[0], op.getStarts(), op.getAxes()));
  return success();
}

static LogicalResult pullDynamicUpdate(DynamicUpdateOp op, OpBuilder &b,
                                       ArrayRef<Value> adjoints,
                                       Adjoints &sink) {
  Value g = adjoints[0];
  if (sink.wants(0)) {
    Value zeros = zeroOf(b, op.getLoc(), op.getUpdate().getType());
    sink.add(0, DynamicUpdateOp::create(b, op.getLoc(), g.getType(), g, zeros,
                                        op.getStarts(), op.getAxes()));
  }
  if (sink.wants(1))
    sink.add(1, DynamicSliceOp::create(b, op.getLoc(), op.getUpdate().getType(),
                                       g, op.getStarts(), op.getAxes()));
  return success();
}

static LogicalResult pullBarrier(BarrierOp op, OpBuilder &b,
                                 ArrayRef<Value> adjoints, Adjoints &sink) {
  SmallVector<Value> present;
  SmallVector<unsigned> positions;
  for (auto [i, g] : llvm::enumerate(adjoints))
    if (g && sink.wants(i)) {
      present.push_back(g);
      positions.push_back(i);
    }
  if (present.empty())
    return success();
  auto barrier = BarrierOp::create(b, op.getLoc(),
                                   ValueRange(present).getTypes(), present);
  for (auto [position, result] : llvm::zip(positions, barrier.getResults()))
    sink.add(position, result);
  return success();
}

void attachViewDerivatives(MLIRContext *c) {
  constexpr WhereFlow moves = WhereFlow::Moves, drops = WhereFlow::Drops;
  rule<BroadcastOp, moves, true>(c, pullBroadcast);
  rule<TransposeOp, moves, true>(c, pullTranspose);
  rule<ReverseOp, moves, true>(c, pullReverse);
  rule<ReshapeOp, moves, true>(c, pullReshape);
  rule<SliceOp, moves, true>(c, pullSlice);
  rule<PadOp, moves, true>(c, pullPad);
  rule<ConcatOp, moves, true>(c, pullConcat);
  rule<WindowOp, drops, true>(c, pullWindow);
  rule<UnwindowOp, drops>(c, pullUnwindow);
  rule<DynamicSliceOp, drops, true>(c, pullDynamicSlice);
  rule<DynamicUpdateOp, drops>(c, pullDynamicUpdate);
  rule<BarrierOp>(c, pullBarrier);
  flat<IotaOp, SizeOp, KeyOp, RandomOp, StopOp>(c);
}

} // namespace lamina::graph
