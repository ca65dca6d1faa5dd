// SPDX-License-Identifier: Apache-2.0
//
// Views as indices of scalar code.
//
// What an element of each view is: an element of its operand at another index,
// or a number made of the index. Where an index can leave the operand it is
// held inside and the element selected away.

#include "passes/Kernel/ElementCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace lamina;
using Kind = AxisIndex::Kind;

Value ElementCode::broadcast(graph::BroadcastOp op, const Index &index) {
  Index inner;
  for (int64_t axis : op.getAxes())
    inner.push_back(index[axis]);
  return get(op.getX(), inner);
}

Value ElementCode::transpose(graph::TransposeOp op, const Index &index) {
  Index inner(index.size());
  for (auto [to, from] : llvm::enumerate(op.getOrder()))
    inner[from] = index[to];
  return get(op.getX(), inner);
}

Value ElementCode::reshape(graph::ReshapeOp op, const Index &index) {
  auto byValue = [&](ArrayRef<AxisIndex> run, ArrayRef<SizeExpr> from) {
    return regroup(run, from);
  };
  if (auto inner =
          body.space().reshape(index, graph::getShape(op.getX()), byValue))
    return get(op.getX(), *inner);
  if (!body.space().needsRefinement())
    body.fail(op, "joins and splits axes in a way that no loop over them "
                  "follows");
  return placeholder(op.getResult());
}

Value ElementCode::iota(graph::IotaOp op, const Index &index) {
  Value place = getValue(index[op.getAxis()]);
  Type element = cast<RankedTensorType>(op.getType()).getElementType();
  if (element.isIndex())
    return place;
  if (isa<IntegerType>(element))
    return arith::IndexCastOp::create(builder, loc, element, place);
  Value whole =
      arith::IndexCastOp::create(builder, loc, builder.getI32Type(), place);
  return arith::SIToFPOp::create(builder, loc, element, whole);
}

/// The index of a slice along one axis where the axis falls into equal parts of
/// which it takes one, or one place of each: then only digits are added.
static std::optional<AxisIndex> splitIntoParts(const AxisIndex &axis,
                                               int64_t start, int64_t step,
                                               const SizeExpr &extent) {
  AxisIndex result;
  result.extent = extent;
  if (step == 1) {
    std::optional<SizeExpr> parts = extent.divideExactly(axis.extent);
    std::optional<int64_t> size = axis.extent.getConstant();
    if (!parts || !size || *size == 0 || start % *size != 0)
      return std::nullopt;
    result.digits.push_back({-1, start / *size, *parts, false});
    llvm::append_range(result.digits, axis.digits);
    return result;
  }
  if (start >= step || extent != axis.extent * SizeExpr(step))
    return std::nullopt;
  result.digits = axis.digits;
  result.digits.push_back({-1, start, SizeExpr(step), false});
  return result;
}

Value ElementCode::slice(graph::SliceOp op, const Index &index) {
  graph::Shape shape = graph::getShape(op.getX());
  Index inner;
  for (auto [axis, outer] : llvm::enumerate(index)) {
    int64_t start = op.getStart()[axis], step = op.getStep()[axis];
    if (start == 0 && step == 1 && shape[axis] == outer.extent) {
      inner.push_back(outer);
      continue;
    }
    if (outer.kind == Kind::Digits)
      if (auto parts = splitIntoParts(outer, start, step, shape[axis])) {
        inner.push_back(*parts);
        continue;
      }
    if (auto expr = getExpr(outer)) {
      AxisIndex moved;
      moved.kind = Kind::Affine;
      moved.extent = shape[axis];
      moved.expr = *expr * step + start;
      inner.push_back(moved);
      continue;
    }
    Value place = getValue(outer);
    place = arith::MulIOp::create(builder, loc, place, indexConstant(step));
    place = arith::AddIOp::create(builder, loc, place, indexConstant(start));
    inner.push_back(computed(place, shape[axis]));
  }
  return get(op.getX(), inner);
}

Value ElementCode::reverse(graph::ReverseOp op, const Index &index) {
  Index inner = index;
  for (int64_t axis : op.getAxes()) {
    // Counting down in all digits of an index is counting down in it.
    bool known = llvm::all_of(index[axis].digits, [](const Digit &digit) {
      return digit.extent.isConstant();
    });
    if (index[axis].kind == Kind::Digits && known) {
      for (Digit &digit : inner[axis].digits) {
        int64_t last = *digit.extent.getConstant() - 1;
        if (digit.loop < 0)
          digit.value = last - digit.value;
        else
          digit.reversed = !digit.reversed;
      }
      continue;
    }
    auto expr = getExpr(index[axis]);
    auto extent = index[axis].extent.getConstant();
    if (expr && extent) {
      inner[axis].kind = Kind::Affine;
      inner[axis].digits.clear();
      inner[axis].expr = (*extent - 1) - *expr;
      continue;
    }
    Value last = arith::SubIOp::create(
        builder, loc, sizeValue(index[axis].extent), indexConstant(1));
    inner[axis] = computed(
        arith::SubIOp::create(builder, loc, last, getValue(index[axis])),
        index[axis].extent);
  }
  return get(op.getX(), inner);
}

/// The index along an axis of a window's operand, read at `place` of the window
/// at `position`; `inside` says where it is one.
AxisIndex ElementCode::windowIndex(graph::WindowOp op, unsigned windowed,
                                   const AxisIndex &position,
                                   const AxisIndex &place, Value &inside) {
  SizeExpr extent = graph::getShape(op.getX())[op.getAxes()[windowed]];
  int64_t stride = op.getStride()[windowed];
  int64_t dilation = op.getDilation()[windowed];
  int64_t low = op.getLow()[windowed];
  if (stride == op.getSize()[windowed] && dilation == 1 && low == 0 &&
      position.kind == Kind::Digits && place.kind == Kind::Digits &&
      extent == position.extent * place.extent) {
    AxisIndex joined = position; // windows side by side: digits of the axis
    joined.extent = extent;
    llvm::append_range(joined.digits, place.digits);
    return joined;
  }
  auto p = getExpr(position), j = getExpr(place);
  if (!op.getOutside() && p && j) {
    AxisIndex moved;
    moved.kind = Kind::Affine;
    moved.extent = extent;
    moved.expr = *p * stride + *j * dilation - low;
    return moved;
  }
  Value at = arith::MulIOp::create(builder, loc, getValue(position),
                                   indexConstant(stride));
  Value off = arith::MulIOp::create(builder, loc, getValue(place),
                                    indexConstant(dilation));
  at = arith::AddIOp::create(builder, loc, at, off);
  at = arith::SubIOp::create(builder, loc, at, indexConstant(low));
  auto [held, fits] = clamp(at, extent);
  inside = both(inside, fits);
  return held;
}

Value ElementCode::window(graph::WindowOp op, const Index &index) {
  Index inner;
  Value inside;
  unsigned next = 0, windowed = 0;
  unsigned rank = cast<RankedTensorType>(op.getX().getType()).getRank();
  for (unsigned axis = 0; axis < rank; ++axis) {
    if (windowed == op.getAxes().size() ||
        op.getAxes()[windowed] != int64_t(axis)) {
      inner.push_back(index[next++]);
      continue;
    }
    const AxisIndex &position = index[next++];
    const AxisIndex &place = index[next++];
    inner.push_back(windowIndex(op, windowed++, position, place, inside));
  }
  Value element = get(op.getX(), inner);
  if (!inside || !op.getOutside())
    return element;
  Value outside = arith::ConstantOp::create(builder, loc, *op.getOutside());
  return arith::SelectOp::create(builder, loc, inside, element, outside);
}

/// The sum over the places j of a window of x[(u + low - dilation j) / stride,
/// j] where that is a position. One axis after the other; `chosen` are the
/// places of the axes before.
Value ElementCode::unwindow(graph::UnwindowOp op, const Index &index,
                            unsigned number, Index chosen, Value inside) {
  graph::Shape shape = graph::getShape(op.getX());
  if (number == op.getAxes().size()) {
    Value element = get(op.getX(), chosen);
    return arith::SelectOp::create(builder, loc, inside, element,
                                   zero(element.getType()));
  }
  unsigned axis = op.getPairAxis(number);
  Value stride = indexConstant(op.getStride()[number]);
  Value sum;
  for (int64_t j = 0; j < op.getSize()[number]; ++j) {
    int64_t shift = op.getLow()[number] - op.getDilation()[number] * j;
    Value place = arith::AddIOp::create(builder, loc,
                                        getValue(index[op.getAxes()[number]]),
                                        indexConstant(shift));
    Value rest = arith::RemSIOp::create(builder, loc, place, stride);
    Value exact = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        rest, indexConstant(0));
    auto [held, fits] = clamp(
        arith::FloorDivSIOp::create(builder, loc, place, stride), shape[axis]);
    Index next = chosen;
    next[axis] = held;
    next[axis + 1].extent = shape[axis + 1];
    next[axis + 1].digits = {{-1, j, shape[axis + 1], false}};
    Value term =
        unwindow(op, index, number + 1, next, both(both(inside, exact), fits));
    sum = sum ? Value(arith::AddFOp::create(builder, loc, sum, term)) : term;
  }
  return sum;
}

Value ElementCode::unwindow(graph::UnwindowOp op, const Index &index) {
  Index chosen(graph::getShape(op.getX()).size());
  unsigned next = 0;
  for (unsigned axis = 0; axis < index.size(); ++axis) {
    bool isPair = llvm::is_contained(op.getAxes(), int64_t(axis));
    if (!isPair)
      chosen[next] = index[axis];
    next += isPair ? 2 : 1;
  }
  return unwindow(op, index, 0, chosen, {});
}

Value ElementCode::dynamicSlice(graph::DynamicSliceOp op, const Index &index) {
  graph::Shape shape = graph::getShape(op.getX());
  Index inner = index;
  for (auto [axis, start] : llvm::zip(op.getAxes(), op.getStarts())) {
    Value from = get(start, {});
    if (!from.getType().isIndex())
      from = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                        from);
    inner[axis] = computed(
        arith::AddIOp::create(builder, loc, from, getValue(index[axis])),
        shape[axis]);
  }
  return get(op.getX(), inner);
}

/// Where data decides the place, every element asks whether it is in the part.
Value ElementCode::dynamicUpdate(graph::DynamicUpdateOp op,
                                 const Index &index) {
  graph::Shape part = graph::getShape(op.getUpdate());
  Index inner = index;
  Value inside;
  for (auto [axis, start] : llvm::zip(op.getAxes(), op.getStarts())) {
    Value from = get(start, {});
    if (!from.getType().isIndex())
      from = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                        from);
    auto [held, fits] =
        clamp(arith::SubIOp::create(builder, loc, getValue(index[axis]), from),
              part[axis]);
    inner[axis] = held;
    inside = both(inside, fits);
  }
  Value after = get(op.getUpdate(), inner), before = get(op.getX(), index);
  return inside ? Value(arith::SelectOp::create(builder, loc, inside, after,
                                                before))
                : after;
}

Value ElementCode::gather(graph::GatherOp op, const Index &index) {
  graph::Shape shape = graph::getShape(op.getX());
  unsigned batch = op.getBatch(), axis = op.getAxis();
  unsigned rest =
      cast<RankedTensorType>(op.getIds().getType()).getRank() - batch;
  // result: batch, axes of x before `axis`, further axes of ids, axes behind
  Index ids(index.begin(), index.begin() + batch);
  ids.insert(ids.end(), index.begin() + axis, index.begin() + axis + rest);
  Value id = get(op.getIds(), ids);
  if (!id.getType().isIndex())
    id = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), id);
  Value inside;
  AxisIndex row = computed(id, shape[axis]);
  if (op.getOutside())
    std::tie(row, inside) = clamp(id, shape[axis]);
  Index inner(index.begin(), index.begin() + axis);
  inner.push_back(row);
  inner.insert(inner.end(), index.begin() + axis + rest, index.end());
  Value element = get(op.getX(), inner);
  if (!inside)
    return element;
  return arith::SelectOp::create(builder, loc, inside, element,
                                 zero(element.getType()));
}
