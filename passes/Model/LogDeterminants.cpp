// SPDX-License-Identifier: Apache-2.0
//
// What each step back contributes.
//
// Solving an operand from a result eliminates one variable after the other, so
// the determinant of the whole is the product of those of the steps, at the
// values that the call itself computes.

#include "dialects/Graph/Shape.h"
#include "passes/Model/InverseDerivation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lamina;
using graph::Shape;
using graph::SizeExpr;

/// factor * log |x|.
Value InverseDerivation::log(Location loc, Value x, double factor) {
  Value size = math::AbsFOp::create(b, loc, x);
  Value log = math::LogOp::create(b, loc, size);
  if (factor == 1)
    return log;
  return arith::MulFOp::create(b, loc, log, constant(loc, x.getType(), factor));
}

/// log |d result / d operand| of each element; null where it is 0.
Value InverseDerivation::getElementwiseTerm(Operation *op, unsigned operand,
                                            IRMapping &map) {
  Location loc = op->getLoc();
  auto value = [&](unsigned i) { return map.lookup(op->getOperand(i)); };
  if (isa<arith::MulFOp>(op))
    return log(loc, value(1 - operand), 1);
  if (isa<arith::DivFOp>(op)) {
    if (operand == 0)
      return log(loc, value(1), -1);
    return arith::AddFOp::create(b, loc, log(loc, value(0), 1),
                                 log(loc, value(1), -2));
  }
  if (isa<math::ExpOp>(op))
    return value(0);
  if (isa<math::LogOp>(op))
    return log(loc, value(0), -1);
  if (!isa<math::TanhOp>(op))
    return {};
  Value y = map.lookup(op->getResult(0));
  Value square = arith::MulFOp::create(b, loc, y, y);
  Value slope =
      arith::SubFOp::create(b, loc, constant(loc, y.getType(), 1), square);
  return math::LogOp::create(b, loc, slope);
}

/// log |det w| for each position of each index of the first dimension.
Value InverseDerivation::getProductTerm(graph::ContractOp op, Value weight,
                                        Type sum) {
  Location loc = op.getLoc();
  graph::LuOp lu = factorise(op, weight);
  auto type = cast<RankedTensorType>(lu.getFactors().getType());
  auto index = graph::withElementType(type, b.getI32Type());
  Value isDiagonal = arith::CmpIOp::create(
      b, loc, arith::CmpIPredicate::eq, graph::IotaOp::create(b, loc, index, 0),
      graph::IotaOp::create(b, loc, index, 1));
  Value diagonal = arith::SelectOp::create(b, loc, isDiagonal, lu.getFactors(),
                                           constant(loc, type, 1));
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value det =
      graph::ReduceOp::create(b, loc, scalar, graph::ReduceKind::Sum,
                              log(loc, diagonal, 1), ArrayRef<int64_t>{0, 1});
  Shape shape = graph::getShape(op.getResult());
  SizeExpr positions(1);
  for (unsigned axis = 1; axis < shape.size(); ++axis)
    if (op.getMap(0).getResult(axis) == op.getMap(2).getResult(axis))
      positions = positions * shape[axis];
  Value count = graph::SizeOp::create(
      b, loc, scalar, graph::DimsAttr::get(b.getContext(), {positions}));
  det = arith::MulFOp::create(b, loc, det, count);
  return graph::BroadcastOp::create(b, loc, sum, det, ArrayRef<int64_t>{});
}

LogicalResult InverseDerivation::addScanTerm(Operation *asked, graph::ScanOp op,
                                             IRMapping &map, Value &sum) {
  SmallVector<Value> over, with;
  for (Value value : op.getOver())
    over.push_back(map.lookup(value));
  for (Value value : op.getWith())
    with.push_back(map.lookup(value));
  Value init[] = {map.lookup(op.getInit().front()), sum};
  auto scan =
      graph::ScanOp::create(b, op.getLoc(), op.getTripSize(), op.getReverse(),
                            init, over, with, TypeRange());
  IRMapping inner;
  SmallVector<BlockArgument> to(scan.getBodyBlock()->getArguments());
  Value total = to[2];
  to.erase(to.begin() + 2);
  for (auto [from, arg] :
       llvm::zip_equal(op.getBodyBlock()->getArguments(), to))
    inner.map(from, arg);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(scan.getBodyBlock());
  if (failed(writeLogDet(asked, *op.getBodyBlock(), 1, inner, total)))
    return failure();
  Value yielded[] = {inner.lookup(op.getBodyYield().getValues().front()),
                     total};
  graph::YieldOp::create(b, op.getLoc(), yielded);
  sum = scan.getResult(1);
  return success();
}

LogicalResult InverseDerivation::addTerm(Operation *asked,
                                         const InverseStep &step,
                                         IRMapping &map, Value &sum) {
  Operation *op = step.op;
  Location loc = op->getLoc();
  if (auto scan = dyn_cast<graph::ScanOp>(op))
    return addScanTerm(asked, scan, map, sum);
  Value term;
  if (auto call = dyn_cast<model::CallOp>(op)) {
    auto logDet = get(call, call.getTree().getType(), call.getCallee(), LogDet);
    if (failed(logDet))
      return failure();
    SmallVector<Value> args;
    for (Value arg : call.getArgs())
      args.push_back(map.lookup(arg));
    term = model::CallOp::create(
               b, loc, logDet->getResultTypes(), map.lookup(call.getTree()),
               FlatSymbolRefAttr::get(*logDet), args, call.getPathAttr())
               .getResult(0);
  } else if (auto contract = dyn_cast<graph::ContractOp>(op)) {
    term = getProductTerm(contract, map.lookup(contract.getB()), sum.getType());
  } else if (Value each = getElementwiseTerm(op, step.operand, map)) {
    auto rank = cast<RankedTensorType>(each.getType()).getRank();
    term = graph::ReduceOp::create(
        b, loc,
        graph::getTensorType(
            ArrayRef(graph::getShape(each)).take_front(1),
            cast<RankedTensorType>(each.getType()).getElementType()),
        graph::ReduceKind::Sum, each,
        llvm::to_vector(llvm::seq<int64_t>(1, rank)));
  } else {
    return success();
  }
  if (term.getType() != sum.getType())
    return op->emitError("the first dimension is not kept here, so there is no "
                         "log-determinant for each of its indices");
  sum = arith::AddFOp::create(b, loc, sum, term);
  return success();
}

/// Writes all of `from` and adds to `sum` what each step back contributes.
LogicalResult InverseDerivation::writeLogDet(Operation *asked, Block &from,
                                             unsigned unknown, IRMapping &map,
                                             Value &sum) {
  auto plan = planInverse(asked, from, from.getArgument(unknown));
  if (failed(plan))
    return failure();
  for (Operation &op : from.without_terminator())
    b.clone(op, map);
  for (const InverseStep &step : *plan)
    if (step.kind == InverseStep::Solve &&
        failed(addTerm(asked, step, map, sum)))
      return failure();
  return success();
}
