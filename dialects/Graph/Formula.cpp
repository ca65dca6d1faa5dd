// SPDX-License-Identifier: Apache-2.0
//
// Derivatives written as formulas.

#include "dialects/Graph/Formula.h"

#include "dialects/Graph/GraphOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

static TypedAttr numberAttr(Type elementType, double number) {
  if (isa<FloatType>(elementType))
    return FloatAttr::get(elementType, number);
  return IntegerAttr::get(elementType, int64_t(number));
}

Value constantLike(OpBuilder &b, Location loc, Type like, double number) {
  auto tensor = dyn_cast<RankedTensorType>(like);
  TypedAttr attribute = numberAttr(getElementTypeOrSelf(like), number);
  if (!tensor)
    return arith::ConstantOp::create(b, loc, attribute);
  if (tensor.hasStaticShape())
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(tensor, Attribute(attribute)));
  auto scalarType = RankedTensorType::get({}, tensor.getElementType());
  Value scalar = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(scalarType, Attribute(attribute)));
  return BroadcastOp::create(b, loc, tensor, scalar, ArrayRef<int64_t>());
}

Type truthLike(Type type) {
  Type truth = IntegerType::get(type.getContext(), 1);
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return RankedTensorType::get(tensor.getShape(), truth,
                                 tensor.getEncoding());
  return truth;
}

Value selectOp(OpBuilder &b, Location loc, Value condition, Value yes,
               Value no) {
  return arith::SelectOp::create(b, loc, condition, yes, no);
}

Value notOp(OpBuilder &b, Location loc, Value condition) {
  return arith::XOrIOp::create(b, loc, condition,
                               constantLike(b, loc, condition.getType(), 1));
}

template <typename Op>
static Term binary(Term a, Term b) {
  return a.with(Op::create(*a.builder, a.loc, a.value, b.value));
}
template <typename Op>
static Term unary(Term a) {
  return a.with(Op::create(*a.builder, a.loc, a.value));
}

Term operator+(Term a, Term b) { return binary<arith::AddFOp>(a, b); }
Term operator-(Term a, Term b) { return binary<arith::SubFOp>(a, b); }
Term operator*(Term a, Term b) { return binary<arith::MulFOp>(a, b); }
Term operator/(Term a, Term b) { return binary<arith::DivFOp>(a, b); }
Term operator-(Term a) { return unary<arith::NegFOp>(a); }

static Term compare(arith::CmpFPredicate predicate, Term a, double b) {
  return a.with(arith::CmpFOp::create(*a.builder, a.loc, predicate, a.value,
                                      a.constant(b).value));
}
Term operator>(Term a, double b) {
  return compare(arith::CmpFPredicate::OGT, a, b);
}
Term operator<(Term a, double b) {
  return compare(arith::CmpFPredicate::OLT, a, b);
}
Term isZero(Term a) { return compare(arith::CmpFPredicate::OEQ, a, 0); }
Term operator&(Term a, Term b) { return binary<arith::AndIOp>(a, b); }
Term choose(Term condition, Term yes, Term no) {
  return yes.with(
      selectOp(*yes.builder, yes.loc, condition.value, yes.value, no.value));
}
Term zeroWhere(Term singular, Term value) {
  return choose(singular, value.constant(0), value);
}

Term exp(Term a) { return unary<math::ExpOp>(a); }
Term log(Term a) { return unary<math::LogOp>(a); }
Term sqrt(Term a) { return unary<math::SqrtOp>(a); }
Term sin(Term a) { return unary<math::SinOp>(a); }
Term cos(Term a) { return unary<math::CosOp>(a); }
Term sinh(Term a) { return unary<math::SinhOp>(a); }
Term cosh(Term a) { return unary<math::CoshOp>(a); }
Term trunc(Term a) { return unary<math::TruncOp>(a); }
Term pow(Term a, Term b) { return binary<math::PowFOp>(a, b); }

} // namespace lamina::graph
