// SPDX-License-Identifier: Apache-2.0
//
// Products, parts, and what works on whole axes.

#include "frontend/IRGen/ModuleEmitter.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

namespace {

SmallVector<int64_t> identity(unsigned count) {
  SmallVector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// Exchanges the last two axes.
Value swapLast(TensorBuilder &b, Value x) {
  SmallVector<int64_t> order = identity(rankOf(x));
  std::swap(order[order.size() - 2], order[order.size() - 1]);
  return b.transpose(x, order);
}

} // namespace

/// One contraction; the axes of indices are loops that both sides may have.
Emitted Emitter::emitMatMul(const core::MatMul *e) {
  Emitted left = hidePadding(emit(e->left), e->left->type),
          right = hidePadding(emit(e->right), e->right->type);
  Ambient ambient = unite(left.ambient, right.ambient);
  unsigned rows = rankOf(left.value) - left.ambient.size() - 1;
  unsigned columns = rankOf(right.value) - right.ambient.size() - 1;
  unsigned numResult = ambient.size() + rows + columns;
  MLIRContext *context = b.getContext();
  auto loop = [&](unsigned position) {
    return getAffineDimExpr(position, context);
  };
  SmallVector<AffineExpr> leftLoops, rightLoops, resultLoops;
  for (const core::IndexVar *index : left.ambient)
    leftLoops.push_back(loop(axisOf(ambient, index)));
  for (const core::IndexVar *index : right.ambient)
    rightLoops.push_back(loop(axisOf(ambient, index)));
  for (unsigned i = 0; i < rows; ++i)
    leftLoops.push_back(loop(ambient.size() + i));
  leftLoops.push_back(loop(numResult));
  rightLoops.push_back(loop(numResult));
  for (unsigned i = 0; i < columns; ++i)
    rightLoops.push_back(loop(ambient.size() + rows + i));
  for (unsigned i = 0; i < numResult; ++i)
    resultLoops.push_back(loop(i));
  auto map = [&](ArrayRef<AffineExpr> loops) {
    return AffineMapAttr::get(AffineMap::get(numResult + 1, 0, loops, context));
  };
  Sizes sizes = ambientSizes(ambient), own = types().sizes(e->type);
  sizes.append(own.begin(), own.end());
  ArrayAttr maps =
      b.getArrayAttr({map(leftLoops), map(rightLoops), map(resultLoops)});
  Value product = b.make<graph::ContractOp>(
      types().tensor(sizes, types().real()),
      b.convert(left.value, types().real()),
      b.convert(right.value, types().real()), maps, TypeAttr());
  return hidePadding(Emitted::tensor(product, ambient), e->type);
}

Emitted Emitter::emitJoin(const core::Join *e) {
  SmallVector<Emitted> operands = emitAll(e->operands);
  Ambient ambient = ambientOf(operands);
  SmallVector<Value, 3> parts;
  for (auto [operand, expr, alignment] :
       llvm::zip_equal(operands, e->operands, e->alignments)) {
    // Along the joined axis each part has its own size.
    Sizes own = types().sizes(e->type);
    for (auto [axis, target] : llvm::enumerate(alignment))
      if (target == e->axis)
        own[target] = types().size(expr->type.axes[axis].dim);
    operand.value = b.convert(operand.value, types().element(e->type.elem));
    parts.push_back(align(operand, ambient, alignment, own));
  }
  return Emitted::tensor(b.concat(parts, ambient.size() + e->axis), ambient);
}

Emitted Emitter::emitSplit(const core::Split *e) {
  Emitted x = emit(e->operand);
  unsigned axis = x.ambient.size() + e->axis;
  SizeExpr size = types().size(e->type.parts.front().axes[e->axis].dim);
  std::optional<int64_t> known = size.getConstant();
  std::vector<Emitted> parts;
  for (unsigned i = 0; i < e->count; ++i) {
    Value part =
        known ? b.slice(x.value, axis, i * *known, size)
              : b.dynamicSlice(x.value, axis,
                               b.sizeValue(size * SizeExpr(i), b.getI64Type()),
                               size);
    parts.push_back(Emitted::tensor(part, x.ambient));
  }
  return Emitted::tuple(std::move(parts));
}

Emitted Emitter::emitStack(const core::Stack *e) {
  SmallVector<Emitted> operands = emitAll(e->operands);
  Ambient ambient = ambientOf(operands);
  SmallVector<Value, 3> parts;
  for (Emitted &operand : operands) {
    operand.value = b.convert(operand.value, types().element(e->type.elem));
    parts.push_back(b.addAxis(align(operand, ambient), ambient.size()));
  }
  return Emitted::tensor(b.concat(parts, ambient.size()), ambient);
}

//===----------------------------------------------------------------------===//
// Structured
//===----------------------------------------------------------------------===//

namespace {

std::pair<Value, Value> emitSort(TensorBuilder &b, Value x, unsigned axis,
                                 bool descending) {
  Value places = b.iota(graph::getShape(x), axis);
  auto sort = b.make<graph::SortOp>(TypeRange{x.getType(), places.getType()},
                                    ValueRange{x, places}, axis, descending);
  return {sort.getResult(0), sort.getResult(1)};
}

/// Where each place went: the order that undoes `order`, along the last axis.
Value emitInversePermutation(TensorBuilder &b, Value order) {
  unsigned axis = rankOf(order) - 1;
  Value places = b.iota(graph::getShape(order), axis);
  return b.make<graph::ScatterOp>(graph::ScatterKind::Set,
                                  b.constantLike(order, 0), order, places, axis,
                                  axis, false);
}

Value emitOneHot(TensorBuilder &b, Value ids, const SizeExpr &count,
                 Type element) {
  Sizes sizes = graph::getShape(ids);
  sizes.push_back(count);
  Value repeated = b.broadcast(ids, sizes, identity(sizes.size() - 1));
  Value places = b.iota(sizes, sizes.size() - 1);
  Value hit = b.compare(arith::CmpIPredicate::eq, arith::CmpFPredicate::OEQ,
                        repeated, b.convert(places, elementOf(repeated)));
  return b.convert(hit, element);
}

/// Piecewise linear through points [k, 2], constant beyond the ends: a sum of
/// ramps, one for each piece.
Value emitInterpolate(TensorBuilder &b, Value points, Value x) {
  int64_t count = *graph::getShape(points)[0].getConstant();
  Sizes sizes = graph::getShape(x);
  auto at = [&](int64_t row, int64_t column) {
    Value one = b.slice(b.slice(points, 0, row, 1), 1, column, 1);
    return b.broadcast(b.reshape(one, {}), sizes, {});
  };
  Value y = at(0, 1);
  for (int64_t i = 0; i + 1 < count; ++i) {
    Value from = at(i, 0), to = at(i + 1, 0);
    Value inside =
        b.make<arith::MinimumFOp>(b.make<arith::MaximumFOp>(x, from), to);
    Value share = b.divide(b.subtract(inside, from), b.subtract(to, from));
    y = b.add(y, b.multiply(share, b.subtract(at(i + 1, 1), at(i, 1))));
  }
  return y;
}

} // namespace

static graph::TopKOp emitTop(Emitter &emitter, const core::Structured *e,
                             Value x, unsigned axis) {
  Sizes sizes = graph::getShape(x);
  int64_t count = *e->count.size().constant();
  sizes[axis] = SizeExpr(count);
  const Types &types = emitter.types();
  return emitter.b.make<graph::TopKOp>(
      types.tensor(sizes, elementOf(x)),
      types.tensor(sizes, emitter.b.getI32Type()), x, count, axis);
}

/// Values in order, and their places.
static Emitted emitOrdered(Emitter &emitter, const core::Structured *e,
                           const Emitted &x, unsigned axis) {
  auto pair = [&](Value values, Value places) {
    return Emitted::tuple({Emitted::tensor(values, x.ambient),
                           Emitted::tensor(places, x.ambient)});
  };
  if (e->structured == core::StructuredKind::Top) {
    auto top = emitTop(emitter, e, x.value, axis);
    return pair(top.getValues(), top.getIds());
  }
  auto [values, places] = emitSort(emitter.b, x.value, axis, e->descending);
  return pair(values, places);
}

/// [n, ...] several times over: a new axis in front, joined with the first.
static Value emitRepeated(Emitter &emitter, const core::Structured *e,
                          const Emitted &x) {
  unsigned first = x.ambient.size();
  Sizes sizes = graph::getShape(x.value);
  sizes.insert(sizes.begin() + first, emitter.types().size(e->count));
  SmallVector<int64_t> axes = identity(sizes.size());
  axes.erase(axes.begin() + first);
  Value repeated = emitter.b.broadcast(x.value, sizes, axes);
  Sizes joined = emitter.ambientSizes(x.ambient);
  Sizes own = emitter.types().sizes(e->type);
  joined.append(own.begin(), own.end());
  return emitter.b.reshape(repeated, joined);
}

/// Neither a ragged size nor that of its samples is one that the program
/// lists.
static void defineRagged(Emitter &emitter, const core::Structured *e,
                         const Emitted &x, const Emitted &lengths) {
  const core::Atom *ragged = e->type.axes[e->axis].dim.size().atom();
  emitter.lengthValues[ragged] = lengths;
  unsigned first = x.ambient.size();
  Sizes sizes = graph::getShape(x.value);
  emitter.module.types.alias(*ragged, sizes[first + e->axis]);
  emitter.module.types.alias(*ragged->raggedOver, sizes[first]);
}

Emitted Emitter::emitStructured(const core::Structured *e) {
  using core::StructuredKind;
  SmallVector<Emitted> operands = emitAll(e->operands);
  const Emitted &x = operands.front();
  const Ambient &ambient = x.ambient;
  unsigned axis = ambient.size() + std::max(e->axis, 0);
  auto tensor = [&](Value value) { return Emitted::tensor(value, ambient); };
  switch (e->structured) {
  case StructuredKind::Sort:
  case StructuredKind::Top:
    return emitOrdered(*this, e, x, axis);
  case StructuredKind::Reverse:
    return tensor(reverseAxis(x, e->operands.front()->type, e->axis));
  case StructuredKind::Transpose:
    return tensor(swapLast(b, x.value));
  case StructuredKind::Diagonal:
    return tensor(b.diagonal(x.value));
  case StructuredKind::Repeat:
    return tensor(emitRepeated(*this, e, x));
  case StructuredKind::Ragged:
    defineRagged(*this, e, x, operands[1]);
    return x;
  case StructuredKind::OneHot:
    return tensor(emitOneHot(b, x.value, types().size(e->type.axes.back().dim),
                             types().element(e->type.elem)));
  case StructuredKind::Interpolate:
    return Emitted::tensor(
        emitInterpolate(b, b.convert(x.value, types().real()),
                        b.convert(operands[1].value, types().real())),
        operands[1].ambient);
  case StructuredKind::InversePermutation:
    return tensor(emitInversePermutation(b, x.value));
  default:
    return emitFactorisation(e, operands);
  }
}

} // namespace lamina::irgen
