// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of reductions.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;

namespace lamina::graph {

/// The axes that a reduction keeps.
static SmallVector<int64_t> keptAxes(int64_t rank, ArrayRef<int64_t> reduced) {
  SmallVector<int64_t> kept;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(reduced, axis))
      kept.push_back(axis);
  return kept;
}

/// `value`, of the reduced shape, in the shape of the operand.
static Value spread(OpBuilder &b, ReduceOp op, Value value) {
  auto type = op.getX().getType();
  auto result = withElementType(type, getElementTypeOrSelf(value.getType()));
  return BroadcastOp::create(b, op.getLoc(), result, value,
                             keptAxes(type.getRank(), op.getAxes()));
}

/// g exp(x - y). A row of nothing but -inf has y = -inf and gets 0: its y is
/// taken as 0 there, and exp(-inf) is 0.
static void pullLogSumExp(ReduceOp op, OpBuilder &b, Value g, Adjoints &sink) {
  Location loc = op.getLoc();
  Value y = op.getResult();
  Value least = constantLike(b, loc, y.getType(),
                             -std::numeric_limits<double>::infinity());
  Value empty =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, y, least);
  Value finite = selectOp(b, loc, empty, zeroOf(b, loc, y.getType()), y);
  Term x{&b, loc, op.getX()};
  sink.add(0,
           (x.with(spread(b, op, g)) * exp(x - x.with(spread(b, op, finite))))
               .value);
}

/// Whole to the lowest index of the extremum.
static void pullExtremum(ReduceOp op, OpBuilder &b, Value g, Adjoints &sink) {
  Location loc = op.getLoc();
  auto type = op.getX().getType();
  int64_t axis = op.getAxes()[0];
  auto kind = op.getKind() == ReduceKind::Max ? Extremum::Max : Extremum::Min;
  auto idType = withElementType(op.getResult().getType(), b.getI32Type());
  auto iotaType = withElementType(type, b.getI32Type());
  Value ids =
      ArgReduceOp::create(b, loc, idType, kind, op.getX(), uint64_t(axis));
  Value iota = IotaOp::create(b, loc, iotaType, uint64_t(axis));
  Value hit = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, iota,
                                    spread(b, op, ids));
  sink.add(0, selectOp(b, loc, hit, spread(b, op, g), zeroOf(b, loc, type)),
           hit);
}

/// g times the product of all others: those before and those behind.
static void pullProduct(ReduceOp op, OpBuilder &b, Value g, Adjoints &sink) {
  Location loc = op.getLoc();
  uint64_t axis = uint64_t(op.getAxes()[0]);
  Term x{&b, loc, op.getX()};
  auto running = [&](bool reverse) {
    return x.with(CumulativeOp::create(b, loc, x.value.getType(),
                                       ReduceKind::Prod, x.value, axis, reverse,
                                       true));
  };
  sink.add(0,
           (x.with(spread(b, op, g)) * (running(false) * running(true))).value);
}

/// Reductions over several axes, one axis after the other from the last on; of
/// equal extrema the row-major lowest is taken in this way too.
static LogicalResult pullAxisByAxis(ReduceOp op, OpBuilder &b, Value g,
                                    Adjoints &sink) {
  SmallVector<ReduceOp> chain;
  Value x = op.getX();
  for (int64_t axis : llvm::reverse(op.getAxes())) {
    Shape shape = getShape(x);
    shape.erase(shape.begin() + axis);
    auto reduced = getTensorType(shape, getElementTypeOrSelf(x.getType()));
    chain.push_back(ReduceOp::create(b, op.getLoc(), reduced, op.getKind(), x,
                                     ArrayRef<int64_t>{axis}));
    x = chain.back();
  }
  Value where;
  for (ReduceOp part : llvm::reverse(chain)) {
    Adjoints inner(llvm::BitVector(1, true));
    if (op.getKind() == ReduceKind::Prod)
      pullProduct(part, b, g, inner);
    else
      pullExtremum(part, b, g, inner);
    const auto &contribution = inner.getContributions().front();
    if (contribution.where)
      where =
          where
              ? Value(arith::AndIOp::create(b, op.getLoc(), contribution.where,
                                            spread(b, part, where)))
              : contribution.where;
    g = contribution.value;
  }
  sink.add(0, g, where);
  return success();
}

static LogicalResult pullReduce(ReduceOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  Value g = adjoints[0];
  if (op.getAxes().empty()) {
    sink.add(0, g);
    return success();
  }
  switch (op.getKind()) {
  case ReduceKind::Sum:
    sink.add(0, spread(b, op, g));
    return success();
  case ReduceKind::LogSumExp:
    pullLogSumExp(op, b, g, sink);
    return success();
  case ReduceKind::Max:
  case ReduceKind::Min:
  case ReduceKind::Prod:
    return pullAxisByAxis(op, b, g, sink);
  case ReduceKind::Any:
  case ReduceKind::All:
    return success();
  }
  llvm_unreachable("every kind has a case");
}

/// Sums take the place of their adjoint along, other kinds do not. Any kind of
/// reduction is a pass over its operand, so its (small) result is stored.
struct ReduceModel
    : DifferentiableOpInterface::ExternalModel<ReduceModel, ReduceOp> {
  LogicalResult pullback(Operation *op, OpBuilder &b, ArrayRef<Value> adjoints,
                         Adjoints &sink) const {
    return pullReduce(cast<ReduceOp>(op), b, adjoints, sink);
  }
  WhereFlow getWhereFlow(Operation *op) const {
    return cast<ReduceOp>(op).getKind() == ReduceKind::Sum ? WhereFlow::Moves
                                                           : WhereFlow::Drops;
  }
};

/// A running sum is the same run backwards. Other kinds become a loop first.
static LogicalResult pullCumulative(CumulativeOp op, OpBuilder &b,
                                    ArrayRef<Value> adjoints, Adjoints &sink) {
  sink.add(0, CumulativeOp::create(b, op.getLoc(), op.getType(),
                                   ReduceKind::Sum, adjoints[0], op.getAxis(),
                                   !op.getReverse(), op.getExclusive()));
  return success();
}

struct CumulativeModel
    : DifferentiableOpInterface::ExternalModel<CumulativeModel, CumulativeOp> {
  LogicalResult pullback(Operation *op, OpBuilder &b, ArrayRef<Value> adjoints,
                         Adjoints &sink) const {
    return pullCumulative(cast<CumulativeOp>(op), b, adjoints, sink);
  }
  bool needsDecomposition(Operation *op, ArrayRef<Value>) const {
    return cast<CumulativeOp>(op).getKind() != ReduceKind::Sum;
  }
};

void attachReductionDerivatives(MLIRContext *c) {
  ReduceOp::attachInterface<ReduceModel>(*c);
  CumulativeOp::attachInterface<CumulativeModel>(*c);
  flatAndCostly<ArgReduceOp>(c);
}

} // namespace lamina::graph
