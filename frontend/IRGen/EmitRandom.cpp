// SPDX-License-Identifier: Apache-2.0
//
// Draws.
//
// GRAPH draws bits, uniform and normal numbers; the other distributions are
// made of these here (docs/random.md).

#include "frontend/IRGen/ModuleEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace lamina::irgen {

namespace {

/// Philox positions count an axis of ragged size as this long, so that padding
/// changes no draw.
constexpr int64_t raggedCount = int64_t(1) << 20;

/// The inverse of the normal distribution function between -2 and 2, at a
/// uniform number: Giles' polynomial for erfinv, of which the cut leaves only
/// the central branch (w < 5).
Value emitTruncated(TensorBuilder &b, Value uniform) {
  static constexpr double coefficients[] = {
      2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
      -4.39150654e-06, 0.00021858087,  -0.00125372503,
      -0.00417768164,  0.246640727,    1.50140941};
  auto number = [&](double value) { return b.constantLike(uniform, value); };
  double edge = std::erf(std::sqrt(2.0));
  Value x = b.add(b.multiply(uniform, number(2 * edge)), number(-edge));
  Value one = number(1);
  Value rest = b.subtract(one, b.multiply(x, x));
  Value w = b.subtract(b.negate(b.make<math::LogOp>(rest)), number(2.5));
  Value p = number(coefficients[0]);
  for (double coefficient : llvm::drop_begin(coefficients))
    p = b.add(b.multiply(p, w), number(coefficient));
  return b.multiply(b.multiply(p, x), number(std::sqrt(2.0)));
}

/// Gumbel noise: the largest of logits + noise is a draw of their softmax.
Value emitGumbel(TensorBuilder &b, Value uniform) {
  Value inner = b.negate(b.make<math::LogOp>(uniform));
  return b.negate(b.make<math::LogOp>(inner));
}

} // namespace

/// Elements in [0, 1), or normal ones, with the axes of the key's indices
/// first.
Value Emitter::emitElements(graph::Distribution distribution,
                            const core::Draw *e, ArrayRef<SizeExpr> sizes,
                            const DrawScope &draw) {
  SmallVector<int64_t> counts(sizes.size() - draw.keyed.size(), 0);
  bool anyRagged = false;
  unsigned firstOwn = draw.all.size() - draw.keyed.size();
  for (auto [axis, declared] : llvm::enumerate(e->type.axes))
    if (raggedAtom(declared.dim)) {
      counts[firstOwn + axis] = raggedCount;
      anyRagged = true;
    }
  Type element = distribution == graph::Distribution::Bits
                     ? Type(types().whole())
                     : types().real();
  return b.make<graph::RandomOp>(
      types().tensor(sizes, element), distribution, draw.key, Value(),
      anyRagged ? b.getDenseI64ArrayAttr(counts) : DenseI64ArrayAttr());
}

Emitted Emitter::emitDraw(const core::Draw *e) {
  if (const core::Expr *given = around.given(e->path))
    return emitGiven(e, given);
  DrawScope draw;
  draw.key = around.drawKey(*this, e->path, draw.keyed);
  draw.all = draw.keyed;
  for (const core::IndexVar *index : scope)
    if (!llvm::is_contained(draw.all, index))
      draw.all.push_back(index);
  Value value = emitDistribution(e, draw);
  return inOrder(b.convert(value, types().element(e->type.elem)), draw.all, {});
}

/// A parameter of the distribution in the shape of the result.
Value Emitter::drawParam(const core::Draw *e, unsigned number,
                         const DrawScope &draw, ArrayRef<SizeExpr> own) {
  Emitted param = emit(e->params[number]);
  param.value = b.convert(param.value, types().real());
  core::Type type = e->params[number]->type;
  SmallVector<unsigned> alignment;
  if (number < e->alignments.size())
    alignment.assign(e->alignments[number].begin(),
                     e->alignments[number].end());
  // The classes of `categorical` stand behind the axes of the result.
  if (alignment.size() < type.rank())
    alignment.push_back(own.size() - 1);
  return align(param, draw.all, alignment, own);
}

/// The best of the logits with Gumbel noise.
Value Emitter::emitCategorical(const core::Draw *e, const DrawScope &draw) {
  Sizes own = types().sizes(e->type), sizes = ambientSizes(draw.all);
  sizes.append(own.begin(), own.end());
  own.push_back(types().size(e->params.front()->type.axes.back().dim));
  sizes.push_back(own.back());
  Value noise =
      emitGumbel(b, emitElements(graph::Distribution::Uniform, e, sizes, draw));
  Value best = b.add(drawParam(e, 0, draw, own), noise);
  sizes.pop_back();
  return b.make<graph::ArgReduceOp>(types().tensor(sizes, b.getI32Type()),
                                    graph::Extremum::Max, best,
                                    int64_t(sizes.size()));
}

Value Emitter::emitDistribution(const core::Draw *e, const DrawScope &draw) {
  using core::DrawKind;
  using graph::Distribution;
  Sizes own = types().sizes(e->type), sizes = ambientSizes(draw.all);
  sizes.append(own.begin(), own.end());
  auto param = [&](unsigned number) { return drawParam(e, number, draw, own); };
  auto uniform = [&] {
    return emitElements(Distribution::Uniform, e, sizes, draw);
  };
  auto scaled = [&](Value value) {
    return e->params.empty() ? value : b.multiply(value, param(0));
  };
  switch (e->draw) {
  case DrawKind::Normal:
    return scaled(emitElements(Distribution::Normal, e, sizes, draw));
  case DrawKind::TruncatedNormal:
    return scaled(emitTruncated(b, uniform()));
  case DrawKind::Bernoulli:
    return b.make<arith::CmpFOp>(arith::CmpFPredicate::OLT, uniform(),
                                 param(0));
  case DrawKind::Uniform:
    return e->type.elem.isWhole() ? emitWholeUniform(e, uniform(), param)
           : e->params.empty()
               ? uniform()
               : b.add(param(0),
                       b.multiply(uniform(), b.subtract(param(1), param(0))));
  case DrawKind::Categorical:
    return emitCategorical(e, draw);
  case DrawKind::Permutation: {
    Value keys = uniform(), places = b.iota(sizes, sizes.size() - 1);
    auto sort = b.make<graph::SortOp>(
        TypeRange{keys.getType(), places.getType()}, ValueRange{keys, places},
        sizes.size() - 1, false);
    return sort.getResult(1);
  }
  }
  llvm_unreachable("every distribution is handled");
}

/// low + floor(u * (high - low + 1)), both ends included; over an `id`, all of
/// it.
Value Emitter::emitWholeUniform(const core::Draw *e, Value uniform,
                                function_ref<Value(unsigned)> param) {
  Value low, high;
  if (e->params.size() == 2) {
    low = param(0);
    high = param(1);
  } else {
    auto bound = [&](core::Dim dim) {
      Value value = b.convert(emitDim(dim), types().real());
      return b.broadcast(value, graph::getShape(uniform), {});
    };
    low = bound(e->type.elem.low);
    high = bound(e->type.elem.high);
  }
  Value count = b.add(b.subtract(high, low), b.constantLike(low, 1));
  // u is below 1, but the product may be rounded up to the count.
  Value place = b.make<math::FloorOp>(b.multiply(uniform, count));
  return b.make<arith::MinimumFOp>(b.add(low, place), high);
}

/// `given path = e` in a test: the value in place of the draw.
Emitted Emitter::emitGiven(const core::Draw *e, const core::Expr *given) {
  Emitted value = emit(given);
  value.value = b.convert(value.value, types().element(e->type.elem));
  if (rankOf(value.value) == value.ambient.size() && e->type.rank())
    value.value = align(value, value.ambient, {}, types().sizes(e->type));
  return value;
}

} // namespace lamina::irgen
