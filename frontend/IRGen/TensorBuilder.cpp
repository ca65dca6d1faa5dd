// SPDX-License-Identifier: Apache-2.0
//
// Graph ops without their types.

#include "frontend/IRGen/TensorBuilder.h"

#include "dialects/Graph/Formula.h"

#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

Value TensorBuilder::constant(ArrayRef<SizeExpr> sizes, Type element,
                              double value) {
  return graph::constantLike(*this, place, types.tensor(sizes, element), value);
}

Value TensorBuilder::constantLike(Value like, double value) {
  return graph::constantLike(*this, place, like.getType(), value);
}

Value TensorBuilder::wide(int64_t value) {
  auto type = types.scalar(getI64Type());
  return make<arith::ConstantOp>(
      DenseElementsAttr::get(type, APInt(64, value, true)));
}

Value TensorBuilder::table(ArrayRef<SizeExpr> sizes, Type element,
                           ArrayRef<double> values) {
  if (values.size() == 1)
    return constant(sizes, element, values.front());
  RankedTensorType type = types.tensor(sizes, element);
  assert(type.hasStaticShape() && "a table has a size known when compiling");
  SmallVector<Attribute> elements;
  elements.reserve(values.size());
  for (double value : values)
    elements.push_back(isa<FloatType>(element)
                           ? Attribute(getFloatAttr(element, value))
                           : getIntegerAttr(element, int64_t(value)));
  return make<arith::ConstantOp>(DenseElementsAttr::get(type, elements));
}

Value TensorBuilder::iota(ArrayRef<SizeExpr> sizes, unsigned axis) {
  // Made along one axis and repeated, so that equal ones are shared whatever
  // stands around them.
  Value line = make<graph::IotaOp>(types.tensor(sizes[axis], types.whole()), 0);
  return broadcast(line, sizes, {int64_t(axis)});
}

Value TensorBuilder::sizeValue(const SizeExpr &size, Type element) {
  if (std::optional<int64_t> known = size.getConstant())
    return number(element, double(*known));
  auto dims = graph::DimsAttr::get(getContext(), ArrayRef<SizeExpr>(size));
  return make<graph::SizeOp>(types.scalar(element), dims);
}

Value TensorBuilder::isOnDiagonal(ArrayRef<SizeExpr> sizes) {
  unsigned last = sizes.size() - 1;
  return compare(arith::CmpIPredicate::eq, arith::CmpFPredicate::OEQ,
                 iota(sizes, last - 1), iota(sizes, last));
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

Value TensorBuilder::broadcast(Value x, ArrayRef<SizeExpr> sizes,
                               ArrayRef<int64_t> axes) {
  assert(llvm::is_sorted(axes) && axes.size() == rankOf(x) &&
         "broadcast keeps the order");
  RankedTensorType type = types.tensor(sizes, elementOf(x));
  if (axes.size() == sizes.size())
    return x;
  DenseElementsAttr value;
  if (type.hasStaticShape() && matchPattern(x, m_Constant(&value)) &&
      value.isSplat())
    return make<arith::ConstantOp>(value.resizeSplat(type));
  return make<graph::BroadcastOp>(type, x, axes);
}

Value TensorBuilder::transpose(Value x, ArrayRef<int64_t> order) {
  if (llvm::is_sorted(order))
    return x;
  Sizes sizes, old = graph::getShape(x);
  for (int64_t axis : order)
    sizes.push_back(old[axis]);
  return make<graph::TransposeOp>(types.tensor(sizes, elementOf(x)), x, order);
}

Value TensorBuilder::reshape(Value x, ArrayRef<SizeExpr> sizes) {
  RankedTensorType type = types.tensor(sizes, elementOf(x));
  return type == x.getType() ? x : Value(make<graph::ReshapeOp>(type, x));
}

Value TensorBuilder::reverse(Value x, unsigned axis) {
  return make<graph::ReverseOp>(x, ArrayRef<int64_t>(int64_t(axis)));
}

Value TensorBuilder::slice(Value x, unsigned axis, int64_t start,
                           const SizeExpr &size, int64_t step) {
  Sizes sizes = graph::getShape(x);
  if (start == 0 && step == 1 && sizes[axis] == size)
    return x;
  sizes[axis] = size;
  SmallVector<int64_t> starts(sizes.size(), 0), steps(sizes.size(), 1);
  starts[axis] = start;
  steps[axis] = step;
  return make<graph::SliceOp>(types.tensor(sizes, elementOf(x)), x, starts,
                              steps);
}

Value TensorBuilder::dynamicSlice(Value x, unsigned axis, Value start,
                                  const SizeExpr &size) {
  Sizes sizes = graph::getShape(x);
  sizes[axis] = size;
  return make<graph::DynamicSliceOp>(types.tensor(sizes, elementOf(x)), x,
                                     ValueRange(start),
                                     ArrayRef<int64_t>(int64_t(axis)));
}

Value TensorBuilder::pad(Value x, unsigned axis, int64_t low, int64_t high,
                         double value) {
  if (low == 0 && high == 0)
    return x;
  Sizes sizes = graph::getShape(x);
  sizes[axis] = sizes[axis] + low + high;
  SmallVector<int64_t> lows(sizes.size(), 0), interior(sizes.size(), 0);
  lows[axis] = low;
  Type element = elementOf(x);
  return make<graph::PadOp>(types.tensor(sizes, element), x,
                            number(element, value), lows, interior);
}

Value TensorBuilder::concat(ArrayRef<Value> parts, unsigned axis) {
  if (parts.size() == 1)
    return parts.front();
  Sizes sizes = graph::getShape(parts.front());
  for (Value part : parts.drop_front())
    sizes[axis] = sizes[axis] + graph::getShape(part)[axis];
  return make<graph::ConcatOp>(types.tensor(sizes, elementOf(parts.front())),
                               parts, axis);
}

Value TensorBuilder::dropAxis(Value x, unsigned axis) {
  Sizes sizes = graph::getShape(x);
  sizes.erase(sizes.begin() + axis);
  return reshape(x, sizes);
}

Value TensorBuilder::addAxis(Value x, unsigned axis) {
  Sizes sizes = graph::getShape(x);
  sizes.insert(sizes.begin() + axis, SizeExpr(1));
  return reshape(x, sizes);
}

//===----------------------------------------------------------------------===//
// Algebra
//===----------------------------------------------------------------------===//

Value TensorBuilder::gather(Value x, Value ids, unsigned axis, unsigned batch,
                            bool outsideZero) {
  Sizes old = graph::getShape(x), sizes(old.begin(), old.begin() + axis);
  llvm::append_range(sizes, sizesBehind(ids, batch));
  sizes.append(old.begin() + axis + 1, old.end());
  return make<graph::GatherOp>(types.tensor(sizes, elementOf(x)), x, ids, axis,
                               batch, outsideZero);
}

Value TensorBuilder::reduce(graph::ReduceKind kind, Value x,
                            ArrayRef<int64_t> axes) {
  if (axes.empty())
    return x;
  Sizes sizes;
  for (auto [axis, size] : llvm::enumerate(graph::getShape(x)))
    if (!llvm::is_contained(axes, int64_t(axis)))
      sizes.push_back(size);
  return make<graph::ReduceOp>(types.tensor(sizes, elementOf(x)), kind, x,
                               axes);
}

Value TensorBuilder::select(Value condition, Value yes, Value no) {
  return make<arith::SelectOp>(condition, yes, no);
}

Value TensorBuilder::compare(arith::CmpIPredicate whole,
                             arith::CmpFPredicate real, Value a, Value b) {
  if (isReal(a))
    return make<arith::CmpFOp>(real, a, b);
  return make<arith::CmpIOp>(whole, a, b);
}

Value TensorBuilder::add(Value a, Value b) {
  return isReal(a) ? Value(make<arith::AddFOp>(a, b))
                   : Value(make<arith::AddIOp>(a, b));
}

Value TensorBuilder::subtract(Value a, Value b) {
  return isReal(a) ? Value(make<arith::SubFOp>(a, b))
                   : Value(make<arith::SubIOp>(a, b));
}

Value TensorBuilder::multiply(Value a, Value b) {
  return isReal(a) ? Value(make<arith::MulFOp>(a, b))
                   : Value(make<arith::MulIOp>(a, b));
}

Value TensorBuilder::divide(Value a, Value b) {
  return make<arith::DivFOp>(a, b);
}

Value TensorBuilder::negate(Value a) {
  return isReal(a) ? Value(make<arith::NegFOp>(a))
                   : subtract(constantLike(a, 0), a);
}

Value TensorBuilder::bothTrue(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return make<arith::AndIOp>(a, b);
}

Value TensorBuilder::diagonal(Value x) {
  Value chosen =
      select(isOnDiagonal(graph::getShape(x)), x, constantLike(x, 0));
  return reduce(graph::ReduceKind::Sum, chosen, int64_t(rankOf(x) - 1));
}

Value TensorBuilder::convertInteger(Value x, IntegerType from, Type to,
                                    RankedTensorType type) {
  bool isTruth = from.getWidth() == 1;
  if (isa<FloatType>(to)) {
    if (isTruth)
      return make<arith::UIToFPOp>(type, x);
    return make<arith::SIToFPOp>(type, x);
  }
  unsigned width = cast<IntegerType>(to).getWidth();
  if (width < from.getWidth())
    return make<arith::TruncIOp>(type, x);
  if (isTruth)
    return make<arith::ExtUIOp>(type, x);
  return make<arith::ExtSIOp>(type, x);
}

Value TensorBuilder::convert(Value x, Type element) {
  Type old = elementOf(x);
  if (old == element)
    return x;
  RankedTensorType type = types.tensor(graph::getShape(x), element);
  if (auto integer = dyn_cast<IntegerType>(old))
    return convertInteger(x, integer, element, type);
  if (isa<IntegerType>(element))
    return make<arith::FPToSIOp>(type, x);
  if (old.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return make<arith::ExtFOp>(type, x);
  return make<arith::TruncFOp>(type, x);
}

} // namespace lamina::irgen
