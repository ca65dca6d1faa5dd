// SPDX-License-Identifier: Apache-2.0
//
// Bounds of whole numbers made from reals.
//
// `int(log(k) * 8)` is used as an index: its bounds come from float64 intervals
// through arithmetic and monotone functions.

#include "frontend/Sema/Evaluator.h"
#include "frontend/Sema/Prove.h"

#include <cmath>

namespace lamina::sema {

using core::Primitive;

namespace {

struct Interval {
  double low = -INFINITY, high = INFINITY;
};

} // namespace

static Interval intervalOf(Evaluator &e, const core::Expr *expr);

/// The ends of an increasing function.
static Interval increasing(Interval x, double (*f)(double), double from) {
  return {x.low < from ? f(from) : f(x.low),
          x.high < from ? f(from) : f(x.high)};
}

static Interval product(Interval a, Interval b) {
  auto times = [](double x, double y) { return x == 0 || y == 0 ? 0 : x * y; };
  double ends[] = {times(a.low, b.low), times(a.low, b.high),
                   times(a.high, b.low), times(a.high, b.high)};
  return {*std::min_element(ends, ends + 4), *std::max_element(ends, ends + 4)};
}

static Interval ofWhole(Evaluator &e, const core::Expr *expr) {
  Interval result;
  Dim exact = e.exactOf(expr);
  for (bool high : {false, true}) {
    Dim bound = high ? expr->type.elem.high : expr->type.elem.low;
    Dim end = exact ? extreme(e.dims, exact, high) : Dim();
    for (Dim candidate : {bound, end})
      if (auto known = candidate ? candidate.size().constant() : std::nullopt)
        (high ? result.high : result.low) = double(*known);
  }
  return result;
}

static Interval magnitude(Interval a) {
  return {a.low > 0    ? a.low
          : a.high < 0 ? -a.high
                       : 0,
          std::max(std::fabs(a.low), std::fabs(a.high))};
}

static Interval ofElementwise(Evaluator &e, const core::Elementwise &node) {
  Interval a = intervalOf(e, node.operands[0]);
  Interval b = intervalOf(e, node.operands.back());
  switch (node.primitive) {
  case Primitive::Add:
    return {a.low + b.low, a.high + b.high};
  case Primitive::Sub:
    return {a.low - b.high, a.high - b.low};
  case Primitive::Neg:
    return {-a.high, -a.low};
  case Primitive::Mul:
    return product(a, b);
  case Primitive::Div:
    if (b.low > 0 || b.high < 0)
      return product(a, {1 / b.high, 1 / b.low});
    return {};
  case Primitive::Min:
    return {std::min(a.low, b.low), std::min(a.high, b.high)};
  case Primitive::Max:
    return {std::max(a.low, b.low), std::max(a.high, b.high)};
  case Primitive::Abs:
    return magnitude(a);
  case Primitive::Exp:
    return increasing(a, std::exp, -INFINITY);
  case Primitive::Log:
    return increasing(a, std::log, 0);
  case Primitive::Sqrt:
    return increasing(a, std::sqrt, 0);
  case Primitive::Tanh:
    return increasing(a, std::tanh, -INFINITY);
  case Primitive::Floor:
  case Primitive::Ceil:
  case Primitive::Round:
    return {std::floor(a.low), std::ceil(a.high)};
  default:
    return {};
  }
}

static Interval intervalOf(Evaluator &e, const core::Expr *expr) {
  if (auto *x = llvm::dyn_cast<core::Constant>(expr))
    return {*std::min_element(x->values.begin(), x->values.end()),
            *std::max_element(x->values.begin(), x->values.end())};
  if (auto *x = llvm::dyn_cast<core::Retype>(expr))
    return intervalOf(e, x->operand);
  if (auto *x = llvm::dyn_cast<core::LocalRef>(expr))
    if (const core::Expr *value = e.valueOf(x->local))
      return intervalOf(e, value);
  if (expr->type.elem.isWhole())
    return ofWhole(e, expr);
  if (auto *x = llvm::dyn_cast<core::Convert>(expr))
    return intervalOf(e, x->operand);
  if (auto *x = llvm::dyn_cast<core::Elementwise>(expr))
    return ofElementwise(e, *x);
  if (auto *x = llvm::dyn_cast<core::Choice>(expr)) {
    Interval a = intervalOf(e, x->yes), b = intervalOf(e, x->no);
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
  }
  return {};
}

const core::Expr *Evaluator::valueOf(const core::Local *local) {
  return localValues.lookup(local);
}

/// `int(x)` cuts towards 0, so its bounds are the cut ends.
void Evaluator::boundConversion(core::Expr *result, core::Expr *x) {
  Interval interval = intervalOf(*this, x);
  // A slack of one rounding on either side.
  auto cut = [](double end, double slack) {
    return std::trunc(end + slack * std::fabs(end) * 1e-12);
  };
  if (std::fabs(interval.low) < 1e15)
    result->type.elem.low = dims.constant(int64_t(cut(interval.low, -1)));
  if (std::fabs(interval.high) < 1e15)
    result->type.elem.high = dims.constant(int64_t(cut(interval.high, 1)));
}

} // namespace lamina::sema
