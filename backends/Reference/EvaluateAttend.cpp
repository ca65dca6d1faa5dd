// SPDX-License-Identifier: Apache-2.0
//
// Attention, one query after the other.

#include "backends/Reference/AttentionView.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

class Attention {
public:
  Attention(AttendOp op, Evaluation &e)
      : op(op), e(e), view(e.operands[0], e.operands[1], e.operands[2]),
        stats(e.elementOf(1), ArrayRef(view.q.getShape()).drop_back()) {
    Shape shape(view.q.getShape());
    shape.back() = view.width;
    o = Tensor(e.elementOf(0), shape);
  }

  LogicalResult run() {
    ArrayRef<Tensor> with = e.operands.slice(3, op.getWith().size());
    hasMask = !op.getMask().empty();
    hasScore = !op.getScore().empty();
    if (hasMask && failed(mask.compile(op.getMask().front(), with,
                                       e.interpreter.rounding)))
      return failure();
    if (hasScore && failed(score.compile(op.getScore().front(), with,
                                         e.interpreter.rounding)))
      return failure();
    view.forEachQuery([&](const Query &at) { runRow(at); });
    e.results.push_back(o);
    e.results.push_back(stats);
    return success();
  }

private:
  void runRow(const Query &at) {
    std::vector<int64_t> seen;
    std::vector<double> scores;
    for (int64_t j = 0; j < view.keys; ++j) {
      SmallVector<Scalar> arguments = AttentionView::indices(at, j);
      if (hasMask && !mask.run(arguments)[0].i)
        continue;
      Scalar s{view.product(at, j)};
      if (hasScore) {
        arguments.insert(arguments.begin(), s);
        s = score.run(arguments)[0];
      }
      seen.push_back(j);
      scores.push_back(s.f);
    }
    double statistic = normalise(scores);
    Type factor = cast<RankedTensorType>(op.getV().getType()).getElementType();
    if (op.getNormaliser() == Normaliser::Softmax)
      statistic = roundShares(factor, scores, statistic);
    int64_t row = view.rowOf(at), width = view.width;
    Scalar *out = o.mutate() + row * width;
    for (auto [j, weight] : llvm::zip(seen, scores))
      for (int64_t n = 0; n < width; ++n)
        out[n].f += weight * view.v.begin()[view.keyRowOf(at, j) * width + n].f;
    for (int64_t n = 0; n < width; ++n)
      out[n] = e.round(e.elementOf(0), out[n]);
    stats.mutate()[row] = e.round(e.elementOf(1), Scalar{statistic});
  }

  /// The exponentials of scores rounded as shares of a power of two, and what
  /// the statistic is of them.
  double roundShares(Type factor, std::vector<double> &weights,
                     double statistic) const {
    if (!std::isfinite(statistic))
      return statistic;
    double power = std::ceil(statistic / M_LN2), sum = 0;
    for (double &weight : weights) {
      double share = weight * std::exp(statistic - power * M_LN2);
      weight = e.round(factor, Scalar{share}).f;
      sum += weight;
    }
    for (double &weight : weights)
      weight /= sum;
    return power * M_LN2 + std::log(sum);
  }

  /// Scores to weights; what remains is the statistic of the row.
  double normalise(std::vector<double> &scores) {
    double sum = 0;
    switch (op.getNormaliser()) {
    case Normaliser::Softmax: {
      double top = -std::numeric_limits<double>::infinity();
      for (double s : scores)
        top = std::max(top, s);
      if (std::isinf(top) && top < 0) { // nothing seen: zeros, never NaN
        std::fill(scores.begin(), scores.end(), 0.0);
        return top;
      }
      for (double s : scores)
        sum += std::exp(s - top);
      double statistic = top + std::log(sum);
      for (double &s : scores)
        s = std::exp(s - statistic);
      return statistic;
    }
    case Normaliser::Count:
    case Normaliser::Sum:
      for (double s : scores)
        sum += op.getNormaliser() == Normaliser::Count ? 1 : s;
      for (double &s : scores)
        s = sum == 0 ? 0 : s / sum;
      return sum;
    case Normaliser::None:
      return 0;
    }
    llvm_unreachable("every normaliser has a case");
  }

  AttendOp op;
  Evaluation &e;
  AttentionView view;
  Tensor o, stats;
  ScalarProgram mask, score;
  bool hasMask = false, hasScore = false;
};

} // namespace

void addAttendHandlers(Handlers &h) {
  handle<AttendOp>(
      h, [](AttendOp op, Evaluation &e) { return Attention(op, e).run(); });
}

} // namespace lamina::reference
