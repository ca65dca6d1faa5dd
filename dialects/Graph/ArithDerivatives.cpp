// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of arith.
//
// One line a formula: g is the adjoint of the result y.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace lamina::graph {

static Value compare(OpBuilder &b, Location loc, arith::CmpFPredicate predicate,
                     Value x, Value y) {
  return arith::CmpFOp::create(b, loc, predicate, x, y);
}

/// The adjoint goes to the operand that was taken, and is known to be zero in
/// the other one.
static void splitByChoice(OpBuilder &b, Location loc, Value isFirst, Value g,
                          unsigned first, unsigned second, Adjoints &sink) {
  Value zero = zeroOf(b, loc, g.getType());
  if (sink.wants(first))
    sink.add(first, selectOp(b, loc, isFirst, g, zero), isFirst);
  if (sink.wants(second))
    sink.add(second, selectOp(b, loc, isFirst, zero, g),
             notOp(b, loc, isFirst));
}

static LogicalResult pullSelect(arith::SelectOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  Value condition = op.getCondition(), g = adjoints[0];
  // A single truth value for a whole tensor chooses everywhere or nowhere.
  if (condition.getType() != truthLike(g.getType())) {
    Value zero = zeroOf(b, op.getLoc(), g.getType());
    if (sink.wants(1))
      sink.add(1, selectOp(b, op.getLoc(), condition, g, zero));
    if (sink.wants(2))
      sink.add(2, selectOp(b, op.getLoc(), condition, zero, g));
    return success();
  }
  splitByChoice(b, op.getLoc(), condition, g, 1, 2, sink);
  return success();
}

/// To the larger (smaller) side, to the left one on a tie.
static LogicalResult pullMaximum(arith::MaximumFOp op, OpBuilder &b,
                                 ArrayRef<Value> adjoints, Adjoints &sink) {
  Value left = compare(b, op.getLoc(), arith::CmpFPredicate::OGE, op.getLhs(),
                       op.getRhs());
  splitByChoice(b, op.getLoc(), left, adjoints[0], 0, 1, sink);
  return success();
}
static LogicalResult pullMinimum(arith::MinimumFOp op, OpBuilder &b,
                                 ArrayRef<Value> adjoints, Adjoints &sink) {
  Value left = compare(b, op.getLoc(), arith::CmpFPredicate::OLE, op.getLhs(),
                       op.getRhs());
  splitByChoice(b, op.getLoc(), left, adjoints[0], 0, 1, sink);
  return success();
}

static LogicalResult pullExtend(arith::ExtFOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  sink.add(0, arith::TruncFOp::create(b, op.getLoc(), op.getIn().getType(),
                                      adjoints[0]));
  return success();
}
static LogicalResult pullTruncate(arith::TruncFOp op, OpBuilder &b,
                                  ArrayRef<Value> adjoints, Adjoints &sink) {
  sink.add(0, arith::ExtFOp::create(b, op.getLoc(), op.getIn().getType(),
                                    adjoints[0]));
  return success();
}

/// Marks for residuals that comparisons and integer arithmetic are cheap.
static void attachFlat(MLIRContext *c) {
  flat<arith::ConstantOp, arith::CmpFOp, arith::CmpIOp, arith::AddIOp,
       arith::SubIOp, arith::MulIOp, arith::DivSIOp, arith::DivUIOp,
       arith::RemSIOp, arith::RemUIOp, arith::FloorDivSIOp, arith::CeilDivSIOp,
       arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::ShLIOp,
       arith::ShRSIOp, arith::ShRUIOp, arith::MaxSIOp, arith::MinSIOp,
       arith::MaxUIOp, arith::MinUIOp, arith::ExtSIOp, arith::ExtUIOp,
       arith::TruncIOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
       arith::FPToUIOp, arith::IndexCastOp, arith::IndexCastUIOp,
       arith::BitcastOp, arith::MulUIExtendedOp>(c);
}

void attachArithDerivatives(MLIRContext *c) {
  using T = Term;
  constexpr WhereFlow keeps = WhereFlow::Keeps;
  //                              adjoint of a adjoint of b
  binary<arith::AddFOp, keeps>(
      c, [](T, T, T, T g) { return g; }, [](T, T, T, T g) { return g; });
  binary<arith::SubFOp, keeps>(
      c, [](T, T, T, T g) { return g; }, [](T, T, T, T g) { return -g; });
  binary<arith::MulFOp>(
      c, [](T, T b, T, T g) { return g * b; },
      [](T a, T, T, T g) { return g * a; });
  binary<arith::DivFOp>(
      c, [](T, T b, T, T g) { return g / b; },
      [](T, T b, T y, T g) { return -(g / b * y); });
  // a - trunc(a / b) * b, and the quotient is locally constant
  binary<arith::RemFOp>(
      c, [](T, T, T, T g) { return g; },
      [](T a, T b, T, T g) { return -(g * trunc(a / b)); });

  rule<arith::NegFOp, keeps, true>(
      c, [](arith::NegFOp op, OpBuilder &b, ArrayRef<Value> g, Adjoints &sink) {
        sink.add(0, arith::NegFOp::create(b, op.getLoc(), g[0]));
        return success();
      });
  rule<arith::SelectOp, keeps, true>(c, pullSelect);
  rule<arith::MaximumFOp, keeps, true>(c, pullMaximum);
  rule<arith::MinimumFOp, keeps, true>(c, pullMinimum);
  rule<arith::ExtFOp, keeps, true>(c, pullExtend);
  rule<arith::TruncFOp, keeps, true>(c, pullTruncate);
  attachFlat(c);
}

} // namespace lamina::graph
