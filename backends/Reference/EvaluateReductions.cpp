// SPDX-License-Identifier: Apache-2.0
//
// Reductions and running ones.

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

/// A fold of one kind: where it starts and how a value joins. `logsumexp` holds
/// the logarithm all the way, shifted by the larger one in each step.
struct Fold {
  ReduceKind kind;
  Type elementType;

  Scalar neutral() const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    bool isFloat = isa<FloatType>(elementType);
    unsigned width = isFloat || elementType.isIndex()
                         ? 64
                         : elementType.getIntOrFloatBitWidth();
    int64_t largest = width == 64 ? INT64_MAX : (int64_t(1) << (width - 1)) - 1;
    Scalar s;
    switch (kind) {
    case ReduceKind::Sum:
    case ReduceKind::Any:
      isFloat ? void(s.f = 0) : void(s.i = 0);
      break;
    case ReduceKind::Prod:
    case ReduceKind::All:
      isFloat ? void(s.f = 1) : void(s.i = 1);
      break;
    case ReduceKind::Max:
      isFloat ? void(s.f = -infinity) : void(s.i = -largest - 1);
      break;
    case ReduceKind::Min:
      isFloat ? void(s.f = infinity) : void(s.i = largest);
      break;
    case ReduceKind::LogSumExp:
      s.f = -infinity;
      break;
    }
    return s;
  }

  Scalar join(Scalar a, Scalar b) const {
    Scalar s;
    if (isa<FloatType>(elementType))
      s.f = joinFloats(a.f, b.f);
    else
      s.i = joinIntegers(a.i, b.i);
    return s;
  }

private:
  double joinFloats(double a, double b) const {
    switch (kind) {
    case ReduceKind::Sum:
      return a + b;
    case ReduceKind::Prod:
      return a * b;
    // NaN wins, as in `arith.maximumf`.
    case ReduceKind::Max:
      return std::isnan(a) || a > b ? a : b;
    case ReduceKind::Min:
      return std::isnan(a) || a < b ? a : b;
    case ReduceKind::LogSumExp: {
      double top = std::max(a, b);
      return std::isinf(top) && top < 0
                 ? top
                 : top + std::log1p(std::exp(std::min(a, b) - top));
    }
    case ReduceKind::Any:
    case ReduceKind::All:
      break;
    }
    llvm_unreachable("truth values are integers");
  }

  int64_t joinIntegers(int64_t a, int64_t b) const {
    switch (kind) {
    case ReduceKind::Sum:
      return int64_t(uint64_t(a) + uint64_t(b));
    case ReduceKind::Prod:
      return int64_t(uint64_t(a) * uint64_t(b));
    case ReduceKind::Max:
      return std::max(a, b);
    case ReduceKind::Min:
      return std::min(a, b);
    case ReduceKind::Any:
      return a | b;
    case ReduceKind::All:
      return a & b;
    case ReduceKind::LogSumExp:
      break;
    }
    llvm_unreachable("logsumexp is of floats");
  }
};

} // namespace

static LogicalResult evaluateReduce(ReduceOp op, Evaluation &e) {
  const Tensor &x = e.operands[0];
  Fold fold{op.getKind(), e.elementOf()};
  Tensor result(e.elementOf(), e.shapeOf(), fold.neutral());
  Shape own = stridesOf(result.getShape()), strides;
  for (int64_t axis = 0, kept = 0; axis < x.getRank(); ++axis)
    strides.push_back(llvm::is_contained(op.getAxes(), axis) ? 0 : own[kept++]);
  Scalar *out = result.mutate();
  if (x.size() != 0) {
    Shape index(x.getRank(), 0);
    const Scalar *in = x.begin();
    do {
      int64_t position = 0;
      for (auto [i, stride] : llvm::zip(index, strides))
        position += i * stride;
      out[position] = fold.join(out[position], *in++);
    } while (advance(index, x.getShape()));
  }
  for (int64_t i = 0; i < result.size(); ++i)
    out[i] = e.round(e.elementOf(), out[i]);
  e.results.push_back(result);
  return success();
}

static LogicalResult evaluateArgReduce(ArgReduceOp op, Evaluation &e) {
  const Tensor &x = e.operands[0];
  AxisView axis(x.getShape(), int64_t(op.getAxis()));
  Tensor result(e.elementOf(), e.shapeOf());
  Scalar *out = result.mutate();
  bool isFloat = x.isFloat(), largest = op.getKind() == Extremum::Max;
  auto isBetter = [&](Scalar a, Scalar b) {
    if (!isFloat)
      return largest ? a.i > b.i : a.i < b.i;
    // NaNs are passed over; anything is better than one.
    if (std::isnan(a.f) || std::isnan(b.f))
      return !std::isnan(a.f);
    return largest ? a.f > b.f : a.f < b.f;
  };
  for (int64_t o = 0; o < axis.outer; ++o)
    for (int64_t n = 0; n < axis.inner; ++n) {
      int64_t best = 0;
      for (int64_t i = 1; i < axis.size; ++i)
        if (isBetter(x[axis.at(o, i, n)], x[axis.at(o, best, n)]))
          best = i;
      out[o * axis.inner + n].i = best;
    }
  e.results.push_back(result);
  return success();
}

static LogicalResult evaluateCumulative(CumulativeOp op, Evaluation &e) {
  const Tensor &x = e.operands[0];
  AxisView axis(x.getShape(), int64_t(op.getAxis()));
  Fold fold{op.getKind(), e.elementOf()};
  Tensor result(e.elementOf(), x.getShape());
  Scalar *out = result.mutate();
  for (int64_t o = 0; o < axis.outer; ++o)
    for (int64_t n = 0; n < axis.inner; ++n) {
      Scalar sum = fold.neutral();
      for (int64_t k = 0; k < axis.size; ++k) {
        int64_t at = axis.at(o, op.getReverse() ? axis.size - 1 - k : k, n);
        Scalar next = fold.join(sum, x[at]);
        out[at] = e.round(e.elementOf(), op.getExclusive() ? sum : next);
        sum = next;
      }
    }
  e.results.push_back(result);
  return success();
}

void addReductionHandlers(Handlers &h) {
  handle<ReduceOp>(h, evaluateReduce);
  handle<ArgReduceOp>(h, evaluateArgReduce);
  handle<CumulativeOp>(h, evaluateCumulative);
}

} // namespace lamina::reference
