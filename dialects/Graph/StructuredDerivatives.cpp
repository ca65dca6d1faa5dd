// SPDX-License-Identifier: Apache-2.0
//
// Rules of custom and cumulative.
//
// The user's own pullback; running reductions, which are taken apart into loops
// before they are differentiated.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;

namespace lamina::graph {

//===----------------------------------------------------------------------===//
// custom
//===----------------------------------------------------------------------===//

/// Inlines the user's pullback.
static LogicalResult pullCustom(CustomOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  IRMapping mapping;
  Block &block = op.getPullback().front();
  SmallVector<Value> arguments(op.getInputs());
  llvm::append_range(arguments, op.getResults());
  for (auto [result, g] : llvm::zip(op.getResults(), adjoints))
    arguments.push_back(g ? g : zeroOf(b, op.getLoc(), result.getType()));
  mapping.map(block.getArguments(), arguments);
  for (Operation &inner : block.without_terminator())
    b.clone(inner, mapping);
  for (auto [i, value] :
       llvm::enumerate(cast<YieldOp>(block.getTerminator()).getValues()))
    sink.add(unsigned(i), mapping.lookup(value));
  return success();
}

//===----------------------------------------------------------------------===//
// cumulative
//===----------------------------------------------------------------------===//

static double neutral(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Prod:
  case ReduceKind::All:
    return 1;
  case ReduceKind::Max:
  case ReduceKind::LogSumExp:
    return -std::numeric_limits<double>::infinity();
  case ReduceKind::Min:
    return std::numeric_limits<double>::infinity();
  case ReduceKind::Sum:
  case ReduceKind::Any:
    return 0;
  }
  llvm_unreachable("every kind has a case");
}

/// log(exp(a) + exp(b)), and its derivative, also where one or both are -inf.
static Value logAddExp(Term a, Term b) {
  OpBuilder &builder = *a.builder;
  Term top =
      a.with(arith::MaximumFOp::create(builder, a.loc, a.value, b.value));
  // The shift is no part of the function; -inf - -inf must not arise.
  Term least = top.constant(-std::numeric_limits<double>::infinity());
  Term empty = a.with(arith::CmpFOp::create(
      builder, a.loc, arith::CmpFPredicate::OEQ, top.value, least.value));
  Term shift = choose(empty, top.constant(0), top);
  Term fixed = shift.with(
      StopOp::create(builder, a.loc, shift.value.getType(), shift.value));
  return choose(empty, least, log(exp(a - fixed) + exp(b - fixed)) + fixed)
      .value;
}

static Value combine(ReduceKind kind, Term a, Term b) {
  OpBuilder &builder = *a.builder;
  switch (kind) {
  case ReduceKind::Sum:
    return (a + b).value;
  case ReduceKind::Prod:
    return (a * b).value;
  case ReduceKind::Max:
    return arith::MaximumFOp::create(builder, a.loc, a.value, b.value);
  case ReduceKind::Min:
    return arith::MinimumFOp::create(builder, a.loc, a.value, b.value);
  case ReduceKind::LogSumExp:
    return logAddExp(a, b);
  case ReduceKind::Any:
    return arith::OrIOp::create(builder, a.loc, a.value, b.value);
  case ReduceKind::All:
    return arith::AndIOp::create(builder, a.loc, a.value, b.value);
  }
  llvm_unreachable("every kind has a case");
}

/// A scan along the axis, which is moved to the front for it.
static Value cumulativeAsScan(CumulativeOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  auto type = op.getX().getType();
  int64_t axis = op.getAxis();
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  order.erase(order.begin() + axis);
  order.insert(order.begin(), axis);
  Shape shape = getShape(type), moved;
  for (int64_t from : order)
    moved.push_back(shape[from]);
  auto movedType = getTensorType(moved, type.getElementType());
  auto rowType =
      getTensorType(ArrayRef(moved).drop_front(), type.getElementType());
  Value stack = TransposeOp::create(b, loc, movedType, op.getX(), order);
  Value start = constantLike(b, loc, rowType, neutral(op.getKind()));
  auto scan =
      ScanOp::create(b, loc, moved[0], op.getReverse(), ValueRange{start},
                     ValueRange{stack}, ValueRange{}, TypeRange{movedType});
  OpBuilder body(b.getContext());
  body.setInsertionPointToEnd(scan.getBodyBlock());
  Value before = scan.getCarryArgs()[0];
  Value after = combine(op.getKind(), Term{&body, loc, before},
                        Term{&body, loc, scan.getOverArgs()[0]});
  YieldOp::create(body, loc, ValueRange{after},
                  ValueRange{op.getExclusive() ? before : after});
  SmallVector<int64_t> inverse(order.size());
  for (auto [i, from] : llvm::enumerate(order))
    inverse[from] = int64_t(i);
  return TransposeOp::create(b, loc, type, scan.getStacks()[0], inverse);
}

struct CumulativeDecomposition
    : DecomposableOpInterface::ExternalModel<CumulativeDecomposition,
                                             CumulativeOp> {
  FailureOr<SmallVector<Value>> decompose(Operation *op, OpBuilder &b) const {
    return SmallVector<Value>{cumulativeAsScan(cast<CumulativeOp>(op), b)};
  }
};

void attachStructuredDerivatives(MLIRContext *c) {
  rule<CustomOp>(c, pullCustom);
  CumulativeOp::attachInterface<CumulativeDecomposition>(*c);
}

} // namespace lamina::graph
