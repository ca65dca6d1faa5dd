// SPDX-License-Identifier: Apache-2.0
//
// One iteration of a linalg op, as expressions.
//
// Indices that are made of loops and constants stay numbers of 32 bits with a
// sign, in which Halide finds neighbouring elements; only what leaves them as a
// number, or comes from data, has 64.

#include "backends/Halide/RegionExpr.h"

#include "backends/Halide/ScalarExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using Halide::Expr;

namespace lamina::halide {

Expr evaluate(AffineExpr expr, const Exprs &iteration) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return iteration[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Expr(int32_t(constant.getValue()));
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Expr x = evaluate(binary.getLHS(), iteration);
  Expr y = evaluate(binary.getRHS(), iteration);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return x + y;
  case AffineExprKind::Mul:
    return x * y;
  case AffineExprKind::FloorDiv:
    return x / y;
  case AffineExprKind::CeilDiv:
    return (x + y - 1) / y;
  default:
    return x % y;
  }
}

Exprs evaluate(AffineMap map, const Exprs &iteration) {
  Exprs index;
  for (AffineExpr expr : map.getResults())
    index.push_back(evaluate(expr, iteration));
  return index;
}

Expr RegionExpr::argument(BlockArgument argument) {
  OpOperand &operand = op->getOpOperand(argument.getArgNumber());
  if (!isa<RankedTensorType>(operand.get().getType()))
    return builder.scalar(operand.get());
  if (op.isDpsInit(&operand)) {
    unsigned number = argument.getArgNumber() - unsigned(op.getNumDpsInputs());
    if (number < before.size() && before[number].defined())
      return before[number];
    if (!op.getMatchingIndexingMap(&operand).isPermutation()) {
      builder.refuse("uses what is combined before all of it is");
      return {};
    }
  }
  Reader reader = builder.read(operand.get());
  if (!reader)
    return {};
  return reader(evaluate(op.getMatchingIndexingMap(&operand), iteration));
}

static Expr widened(const Expr &index) {
  return index.type().is_int()
             ? Halide::cast(Halide::UInt(64),
                            Halide::cast(Halide::Int(64), index))
             : index;
}

static Expr asSigned64(const Expr &index) {
  return Halide::cast(Halide::Int(64), index);
}

static Expr compare(arith::CmpIPredicate predicate, const Expr &x,
                    const Expr &y) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return x == y;
  case arith::CmpIPredicate::ne:
    return x != y;
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return x < y;
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return x <= y;
  case arith::CmpIPredicate::sgt:
  case arith::CmpIPredicate::ugt:
    return x > y;
  default:
    return x >= y;
  }
}

// Sums, products and comparisons of indices of loops; undefined for all else.
Expr RegionExpr::makeIndex(Operation *inner) {
  if (auto index = dyn_cast<linalg::IndexOp>(inner))
    return iteration[index.getDim()];
  if (auto constant = dyn_cast<arith::ConstantIndexOp>(inner))
    return llvm::isInt<31>(constant.value()) ? Expr(int32_t(constant.value()))
                                             : Expr();
  bool isSelect = isa<arith::SelectOp>(inner);
  if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::CmpIOp>(inner) &&
      !isSelect)
    return {};
  unsigned first = isSelect ? 1 : 0;
  if (!inner->getOperand(first).getType().isIndex())
    return {};
  Expr x = value(inner->getOperand(first));
  Expr y = value(inner->getOperand(first + 1));
  if (!x.defined() || !y.defined() || x.type() != Halide::Int(32) ||
      y.type() != Halide::Int(32))
    return {};
  if (isSelect) {
    Expr condition = value(inner->getOperand(0));
    return condition.defined() ? Halide::select(condition, x, y) : Expr();
  }
  if (isa<arith::AddIOp>(inner))
    return x + y;
  if (isa<arith::SubIOp>(inner))
    return x - y;
  if (isa<arith::MulIOp>(inner))
    return x * y;
  auto predicate = cast<arith::CmpIOp>(inner).getPredicate();
  if (predicate >= arith::CmpIPredicate::ult) {
    x = Halide::cast(Halide::UInt(32), x);
    y = Halide::cast(Halide::UInt(32), y);
  }
  return compare(predicate, x, y);
}

// What data says is kept inside of the tensor: Halide wants to know how far a
// read may go, and what the program reads is inside in any case.
Expr RegionExpr::extract(tensor::ExtractOp extract) {
  Reader reader = builder.read(extract.getTensor());
  if (!reader)
    return {};
  Exprs at, ends = builder.sizes(extract.getTensor());
  for (auto [axis, index] : llvm::enumerate(extract.getIndices())) {
    Expr number = value(index);
    if (!number.defined())
      return {};
    if (number.type() != Halide::Int(32))
      number = Halide::cast(Halide::Int(32), asSigned64(number));
    bool isLoop = isa_and_nonnull<linalg::IndexOp>(index.getDefiningOp());
    at.push_back(isLoop ? number : Halide::clamp(number, 0, ends[axis] - 1));
  }
  return reader(at);
}

Expr RegionExpr::make(Operation *inner, unsigned result) {
  if (Expr index = makeIndex(inner); index.defined())
    return index;
  if (auto read = dyn_cast<tensor::ExtractOp>(inner))
    return extract(read);
  StringRef dialect = inner->getName().getDialectNamespace();
  if (dialect != "arith" && dialect != "math")
    return builder.scalar(inner->getResult(result));
  std::vector<Expr> operands;
  for (Value operand : inner->getOperands()) {
    Expr expr = value(operand);
    if (!expr.defined())
      return {};
    operands.push_back(operand.getType().isIndex() ? widened(expr) : expr);
  }
  std::vector<Expr> results = makeExprs(
      inner, operands, builder.arguments.never, builder.target.hasThreadGroups);
  if (results.empty()) {
    builder.refuse("has no '" + inner->getName().getStringRef() + "' on " +
                   "these numbers");
    return {};
  }
  for (auto [number, expr] : llvm::enumerate(results))
    values[inner->getResult(unsigned(number))] = expr;
  return results[result];
}

Expr RegionExpr::value(Value value) {
  if (Expr known = values.lookup(value); known.defined())
    return known;
  Expr result;
  if (Reader shared = builder.sharedNumbers.lookup(value))
    return shared(iteration);
  if (value.getParentBlock() != op.getBlock())
    result = builder.scalar(value);
  else if (auto blockArgument = dyn_cast<BlockArgument>(value))
    result = argument(blockArgument);
  else
    result =
        make(value.getDefiningOp(), cast<OpResult>(value).getResultNumber());
  values[value] = result;
  return result;
}

Expr RegionExpr::yielded(unsigned number) {
  return value(op.getBlock()->getTerminator()->getOperand(number));
}

} // namespace lamina::halide
