// SPDX-License-Identifier: Apache-2.0
//
// Reductions and softmax.
//
// What a condition leaves out counts as the neutral value of the reduction. The
// ends of ragged axes are conditions like those that the user writes.

#include "frontend/IRGen/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>
#include <numeric>

using namespace mlir;

namespace lamina::irgen {

using core::FoldKind;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The value that changes nothing, for real and for whole numbers.
double neutral(FoldKind kind, bool real) {
  switch (kind) {
  case FoldKind::Product:
    return 1;
  case FoldKind::Max:
  case FoldKind::ArgMax:
  case FoldKind::LogSumExp:
    return real ? -infinity : std::numeric_limits<int32_t>::min();
  case FoldKind::Min:
  case FoldKind::ArgMin:
    return real ? infinity : std::numeric_limits<int32_t>::max();
  case FoldKind::All:
    return 1;
  default:
    return 0;
  }
}

std::optional<graph::ReduceKind> directKind(FoldKind kind) {
  switch (kind) {
  case FoldKind::Sum:
    return graph::ReduceKind::Sum;
  case FoldKind::Product:
    return graph::ReduceKind::Prod;
  case FoldKind::Max:
    return graph::ReduceKind::Max;
  case FoldKind::Min:
    return graph::ReduceKind::Min;
  case FoldKind::Any:
    return graph::ReduceKind::Any;
  case FoldKind::All:
    return graph::ReduceKind::All;
  case FoldKind::LogSumExp:
    return graph::ReduceKind::LogSumExp;
  default:
    return std::nullopt;
  }
}

Value withNeutral(TensorBuilder &b, FoldKind kind, Value x, Value where) {
  if (!where)
    return x;
  if (kind == FoldKind::Any)
    return b.bothTrue(where, x);
  return b.select(where, x, b.constantLike(x, neutral(kind, isReal(x))));
}

/// sum / number of elements, 0 where there is none.
Value emitMean(TensorBuilder &b, Value x, Value where, ArrayRef<int64_t> axes) {
  Value sum = b.reduce(graph::ReduceKind::Sum,
                       withNeutral(b, FoldKind::Sum, x, where), axes);
  Type element = elementOf(x);
  if (!where) {
    SizeExpr count(1);
    Sizes sizes = graph::getShape(x);
    for (int64_t axis : axes)
      count = count * sizes[axis];
    Value size = b.sizeValue(count, element);
    return b.divide(sum, b.broadcast(size, graph::getShape(sum), {}));
  }
  Value count =
      b.reduce(graph::ReduceKind::Sum, b.convert(where, element), axes);
  return b.divide(sum,
                  b.make<arith::MaximumFOp>(count, b.constantLike(count, 1)));
}

/// The place of the extreme value. Of several axes the places are counted
/// row-major, as those of one joined axis.
Value emitPlace(TensorBuilder &b, FoldKind kind, Value x, Value where,
                ArrayRef<int64_t> axes) {
  x = withNeutral(b, kind, x, where);
  Sizes kept, joined;
  SizeExpr count(1);
  SmallVector<int64_t> order;
  for (auto [axis, size] : llvm::enumerate(graph::getShape(x))) {
    if (llvm::is_contained(axes, int64_t(axis))) {
      count = count * size;
      continue;
    }
    order.push_back(axis);
    kept.push_back(size);
  }
  int64_t axis = axes.front();
  if (axes.size() > 1) {
    axis = order.size();
    order.append(axes.begin(), axes.end());
    joined = kept;
    joined.push_back(count);
    x = b.reshape(b.transpose(x, order), joined);
  }
  auto which =
      kind == FoldKind::ArgMax ? graph::Extremum::Max : graph::Extremum::Min;
  Type type = b.types.tensor(kept, b.getI32Type());
  return b.make<graph::ArgReduceOp>(type, which, x, axis);
}

} // namespace

Value Emitter::fold(FoldKind kind, Value x, Value where, ArrayRef<int64_t> axes,
                    Type element) {
  if (axes.empty() && kind != FoldKind::Norm && kind != FoldKind::Count)
    return b.convert(withNeutral(b, kind, x, where), element);
  switch (kind) {
  case FoldKind::Mean:
    return emitMean(b, b.convert(x, types().real()), where, axes);
  case FoldKind::ArgMax:
  case FoldKind::ArgMin:
    return b.convert(emitPlace(b, kind, x, where, axes), element);
  case FoldKind::Count: {
    Value counted = b.convert(b.bothTrue(x, where), element);
    return b.reduce(graph::ReduceKind::Sum, counted, axes);
  }
  case FoldKind::Norm: {
    Value real = withNeutral(b, kind, b.convert(x, types().real()), where);
    return b.make<math::SqrtOp>(
        b.reduce(graph::ReduceKind::Sum, b.multiply(real, real), axes));
  }
  case FoldKind::LogSumExp:
    x = b.convert(x, types().real());
    [[fallthrough]];
  default:
    return b.reduce(*directKind(kind),
                    withNeutral(b, kind, b.convert(x, element), where), axes);
  }
}

/// Always of this form, which `graph-form-attention` looks for.
Value Emitter::softmax(Value x, Value where, ArrayRef<int64_t> axes) {
  x = b.convert(x, types().real());
  Value shown = withNeutral(b, FoldKind::LogSumExp, x, where);
  Value logsum = b.reduce(graph::ReduceKind::LogSumExp, shown, axes);
  SmallVector<int64_t> kept;
  for (int64_t axis = 0; axis < int64_t(rankOf(x)); ++axis)
    if (!llvm::is_contained(axes, axis))
      kept.push_back(axis);
  Value repeated = b.broadcast(logsum, graph::getShape(x), kept);
  Value weights = b.make<math::ExpOp>(b.subtract(x, repeated));
  return where ? b.select(where, weights, b.constantLike(weights, 0)) : weights;
}

//===----------------------------------------------------------------------===//
// Over indices
//===----------------------------------------------------------------------===//

/// Where the own axes of a condition stand among those of what it chooses from:
/// the first that is left of each dim.
static SmallVector<unsigned> alignmentOf(const core::Type &condition,
                                         const core::Type &body) {
  SmallVector<unsigned> alignment;
  unsigned next = 0;
  for (const core::Axis &axis : condition.axes) {
    while (next < body.rank() && body.axes[next].dim != axis.dim &&
           body.axes[next].size() != axis.size())
      ++next;
    alignment.push_back(next++);
  }
  return alignment;
}

/// The condition of a fold in the shape of what it folds.
Value Emitter::alignCondition(const Emitted &where, const core::Expr *written,
                              const core::Expr *body, const Ambient &all,
                              Value x) {
  if (!where.isTensor())
    return {};
  SmallVector<unsigned> alignment;
  if (written && body)
    alignment = alignmentOf(written->type, body->type);
  return align(where, all, alignment, sizesBehind(x, all.size()));
}

/// A product that is summed. Its factors have 0 in their padding, so that the
/// product has, and a contraction of them stays one.
Emitted Emitter::emitFactors(const core::Elementwise *e,
                             SmallVectorImpl<Ambient> &factors) {
  SmallVector<Emitted> operands;
  for (const core::Expr *operand : e->operands) {
    auto *inner = llvm::dyn_cast<core::Elementwise>(operand);
    if (inner && inner->primitive == core::Primitive::Mul) {
      operands.push_back(emitFactors(inner, factors));
      continue;
    }
    operands.push_back(hidePadding(emit(operand), operand->type));
    factors.push_back(operands.back().ambient);
  }
  Ambient ambient = ambientOf(operands);
  Sizes own = types().sizes(e->type);
  SmallVector<Value, 2> values;
  for (auto [operand, alignment] : llvm::zip_equal(operands, e->alignments))
    values.push_back(align(operand, ambient, alignment, own));
  Type element = types().element(e->type.elem);
  return Emitted::tensor(arithmetic(e->primitive, values, element, e->operands),
                         ambient);
}

static const core::Elementwise *summedProduct(const core::Fold *e) {
  auto *body = llvm::dyn_cast_or_null<core::Elementwise>(e->body);
  return body && e->fold == FoldKind::Sum && body->type.elem.isReal() &&
                 body->primitive == core::Primitive::Mul &&
                 body->type.axes.empty()
             ? body
             : nullptr;
}

/// `where`, and inside of the ragged sizes of the indices. Factors under the
/// index and its samples are 0 behind the ends already.
Emitted Emitter::insideOfFold(const core::Fold &e, Emitted where,
                              ArrayRef<Ambient> factors) {
  auto isHidden = [&](const core::IndexVar *index) {
    return llvm::any_of(factors, [&](const Ambient &ambient) {
      auto axes = raggedAxes(ambient, {});
      return llvm::any_of(axes, [&](const RaggedAxis &axis) {
        return ambient[axis.axis] == index;
      });
    });
  };
  for (const core::IndexVar *index : e.indices)
    if (index->raggedOver && !isHidden(index))
      where = bothTrue(where, insideOf(index));
  return where;
}

Emitted Emitter::emitFold(const core::Fold *e) {
  for (const core::IndexVar *index : e->indices)
    open(index);
  Ambient folded(e->indices.begin(), e->indices.end());
  Emitted where, body;
  if (e->where)
    where = emit(e->where);
  // `count[i where c]()` counts all that c leaves.
  SmallVector<Ambient> factors;
  const core::Elementwise *product = summedProduct(e);
  if (product)
    body = emitFactors(product, factors);
  else
    body =
        e->body ? emit(e->body) : Emitted::tensor(b.number(types().truth(), 1));
  where = insideOfFold(*e, where, factors);
  close(e->indices.size());
  Ambient all = unite(unite(body.ambient, where.ambient), folded);
  Value x = align(body, all);
  Value condition = alignCondition(where, e->where, e->body, all, x);
  SmallVector<int64_t> axes;
  Ambient rest;
  for (auto [axis, index] : llvm::enumerate(all)) {
    if (llvm::is_contained(folded, index))
      axes.push_back(axis);
    else
      rest.push_back(index);
  }
  Value result =
      fold(e->fold, x, condition, axes, types().element(e->type.elem));
  if (product)
    result = hidePadding(result, raggedAxes(rest, e->type));
  return Emitted::tensor(result, rest);
}

Emitted Emitter::emitSoftmaxAt(const core::SoftmaxAt *e) {
  bind(e->index);
  Emitted body = emit(e->body), where;
  if (e->where)
    where = emit(e->where);
  if (e->index->raggedOver)
    where = bothTrue(where, insideOf(e->index));
  Ambient all = unite(unite(body.ambient, where.ambient), Ambient{e->index});
  Value x = align(body, all);
  Value condition = alignCondition(where, e->where, e->body, all, x);
  return Emitted::tensor(softmax(x, condition, axisOf(all, e->index)), all);
}

//===----------------------------------------------------------------------===//
// Whole axes
//===----------------------------------------------------------------------===//

Emitted Emitter::emitReduce(const core::Reduce *e) {
  Emitted x = emit(e->operand), where;
  for (unsigned axis : e->axes)
    if (const core::Atom *ragged = raggedAtom(e->operand->type.axes[axis].dim))
      where = bothTrue(where, insideOf(x, e->operand->type, axis, ragged));
  Ambient ambient = unite(x.ambient, where.ambient);
  Value value = align(x, ambient), condition;
  if (where.isTensor())
    condition = align(where, ambient);
  SmallVector<int64_t> axes;
  for (unsigned axis : e->axes)
    axes.push_back(ambient.size() + axis);
  if (e->fold == FoldKind::Softmax)
    return Emitted::tensor(softmax(value, condition, axes), ambient);
  Type element = types().element(e->type.elem);
  return Emitted::tensor(fold(e->fold, value, condition, axes, element),
                         ambient);
}

} // namespace lamina::irgen
