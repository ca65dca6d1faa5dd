// SPDX-License-Identifier: Apache-2.0
//
// Indices in scalar code.
//
// An index along an axis as an affine expression, where all strides are known,
// or as a value.

#include "passes/Kernel/ElementCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace lamina;
using Kind = AxisIndex::Kind;

Value ElementCode::indexConstant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value ElementCode::loopIndex(unsigned loop) {
  body.space().keepApart(loop);
  auto place = llvm::find(groups, body.space().getGroup(loop));
  assert(place != groups.end() && "asks for a loop that does not run");
  return linalg::IndexOp::create(builder, loc, place - groups.begin());
}

Value ElementCode::sizeValue(const SizeExpr &size) {
  if (auto constant = size.getConstant())
    return indexConstant(*constant);
  return body.getSize(size, true);
}

std::optional<AffineExpr> ElementCode::getExpr(const AxisIndex &axis) {
  MLIRContext *context = builder.getContext();
  if (axis.kind == Kind::Affine)
    return axis.expr;
  if (axis.kind == Kind::Computed)
    return std::nullopt;
  AffineExpr sum = getAffineConstantExpr(0, context);
  int64_t stride = 1;
  for (auto [place, digit] : llvm::enumerate(llvm::reverse(axis.digits))) {
    AffineExpr part = digit.loop < 0
                          ? getAffineConstantExpr(digit.value, context)
                          : getAffineDimExpr(digit.loop, context);
    if (digit.reversed)
      part = *digit.extent.getConstant() - 1 - part;
    sum = part * stride + sum;
    if (place + 1 == axis.digits.size())
      break;
    std::optional<int64_t> extent = digit.extent.getConstant();
    if (!extent)
      return std::nullopt;
    stride *= *extent;
  }
  return sum;
}

Value ElementCode::getValue(const AxisIndex &axis) {
  if (axis.kind == Kind::Computed)
    return axis.value;
  Value sum;
  auto add = [&](Value part) {
    sum = sum ? Value(arith::AddIOp::create(builder, loc, sum, part)) : part;
  };
  if (axis.kind == Kind::Affine) {
    SmallVector<AffineExpr> work = {axis.expr};
    std::function<Value(AffineExpr)> code = [&](AffineExpr expr) -> Value {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        return loopIndex(dim.getPosition());
      if (auto number = dyn_cast<AffineConstantExpr>(expr))
        return indexConstant(number.getValue());
      auto binary = cast<AffineBinaryOpExpr>(expr);
      Value a = code(binary.getLHS()), b = code(binary.getRHS());
      if (expr.getKind() == AffineExprKind::Add)
        return arith::AddIOp::create(builder, loc, a, b);
      assert(expr.getKind() == AffineExprKind::Mul && "only sums of products");
      return arith::MulIOp::create(builder, loc, a, b);
    };
    return code(axis.expr);
  }
  for (auto [place, digit] : llvm::enumerate(axis.digits)) {
    if (place > 0)
      sum = arith::MulIOp::create(builder, loc, sum, sizeValue(digit.extent));
    Value part =
        digit.loop < 0 ? indexConstant(digit.value) : loopIndex(digit.loop);
    if (digit.reversed)
      part = arith::SubIOp::create(
          builder, loc, indexConstant(*digit.extent.getConstant() - 1), part);
    add(part);
  }
  return sum ? sum : indexConstant(0);
}

AxisIndex ElementCode::computed(Value value, const SizeExpr &extent) {
  AxisIndex axis;
  axis.kind = Kind::Computed;
  axis.extent = extent;
  axis.value = value;
  return axis;
}

Index ElementCode::regroup(ArrayRef<AxisIndex> run, ArrayRef<SizeExpr> from) {
  Value place;
  for (const AxisIndex &axis : run) {
    if (isOne(axis.extent))
      continue;
    Value index = getValue(axis);
    if (place) {
      place =
          arith::MulIOp::create(builder, loc, place, sizeValue(axis.extent));
      index = arith::AddIOp::create(builder, loc, place, index);
    }
    place = index;
  }
  Index result(from.size());
  for (unsigned axis = from.size(); axis-- > 0;) {
    result[axis].extent = from[axis];
    if (isOne(from[axis]) || !place)
      continue; // no digits: 0
    Value size = sizeValue(from[axis]);
    result[axis] =
        computed(arith::RemSIOp::create(builder, loc, place, size), from[axis]);
    place = arith::FloorDivSIOp::create(builder, loc, place, size);
  }
  return result;
}

std::pair<AxisIndex, Value> ElementCode::clamp(Value value,
                                               const SizeExpr &extent) {
  Value zero = indexConstant(0);
  Value end = sizeValue(extent);
  // One comparison: a negative number is a large unsigned one.
  Value inside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       value, end);
  Value held = arith::SelectOp::create(builder, loc, inside, value, zero);
  return {computed(held, extent), inside};
}

Value ElementCode::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, loc, a, b);
}

Value ElementCode::zero(Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}
