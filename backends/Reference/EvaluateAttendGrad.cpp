// SPDX-License-Identifier: Apache-2.0
//
// The adjoint of attention, one query after the other.
//
// With weights w of scores s, and p the product of the adjoint of o with a row
// of values: the adjoint of s is w (p - Σ w p) for softmax, and the like for
// the others; the score region pulls it back to the product of q and k.

#include "backends/Reference/AttentionView.h"
#include "dialects/Graph/ScoreGradient.h"

#include <cmath>

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

class AttentionGradient {
public:
  AttentionGradient(AttendGradOp op, Evaluation &e)
      : op(op), e(e), view(e.operands[0], e.operands[1], e.operands[2]),
        o(e.operands[3]), stats(e.operands[4]), adjoint(e.operands[5]),
        with(e.operands.slice(6, op.getWith().size())),
        normaliser(op.getNormaliser()),
        factor(cast<RankedTensorType>(op.getQ().getType()).getElementType()) {
    for (const Tensor &like : {view.q, view.k, view.v})
      results.emplace_back(like.getElementType(), like.getShape(), Scalar{0.0});
    for (const Tensor &like : with)
      if (like.isFloat())
        results.emplace_back(like.getElementType(), like.getShape(),
                             Scalar{0.0});
  }

  LogicalResult run() {
    FailureOr<ScoreGradient> gradient = makeScoreGradient(op);
    if (failed(gradient))
      return failure();
    reads = gradient->reads;
    hasMask = !op.getMask().empty();
    if (hasMask && failed(mask.compile(op.getMask().front(), with,
                                       e.interpreter.rounding)))
      return failure();
    if (failed(score.compile(gradient->block(), with, e.interpreter.rounding)))
      return failure();
    view.forEachQuery([&](const Query &at) { runRow(at); });
    for (auto [number, result] : llvm::enumerate(results)) {
      Scalar *numbers = result.mutate();
      for (int64_t i = 0; i < result.size(); ++i)
        numbers[i] = e.round(e.elementOf(unsigned(number)), numbers[i]);
      e.results.push_back(result);
    }
    return success();
  }

private:
  /// The score at j and what comes with it, for this adjoint of the score.
  ArrayRef<Scalar> evaluate(const Query &at, int64_t j, double scoreAdjoint) {
    SmallVector<Scalar> arguments = {Scalar{scoreAdjoint},
                                     Scalar{view.product(at, j)}};
    arguments.append(AttentionView::indices(at, j));
    return score.run(arguments);
  }

  double pullToWeight(const Query &at, int64_t j) const {
    const Scalar *o = adjoint.begin() + view.rowOf(at) * view.width,
                 *value = view.v.begin() + view.keyRowOf(at, j) * view.width;
    double sum = 0;
    for (int64_t n = 0; n < view.width; ++n)
      sum += o[n].f * value[n].f;
    return sum;
  }

  double weightOf(double s, double statistic) const {
    switch (normaliser) {
    case Normaliser::Softmax:
      return std::exp(s - statistic);
    case Normaliser::Count:
    case Normaliser::Sum:
      return s / (statistic == 0 ? 1 : statistic);
    case Normaliser::None:
      return s;
    }
    llvm_unreachable("every normaliser has a case");
  }

  double pullToScore(double weight, double pulled, double mean,
                     double statistic) const {
    switch (normaliser) {
    case Normaliser::Softmax:
      return weight * (pulled - mean);
    case Normaliser::Sum:
      return statistic == 0 ? pulled : (pulled - mean) / statistic;
    case Normaliser::Count:
      return pulled / (statistic == 0 ? 1 : statistic);
    case Normaliser::None:
      return pulled;
    }
    llvm_unreachable("every normaliser has a case");
  }

  void runRow(const Query &at) {
    int64_t row = view.rowOf(at);
    double statistic = stats[row].f, mean = 0;
    std::vector<int64_t> seen;
    std::vector<double> weights, pulled;
    for (int64_t j = 0; j < view.keys; ++j) {
      if (hasMask && !mask.run(AttentionView::indices(at, j))[0].i)
        continue;
      seen.push_back(j);
      weights.push_back(weightOf(evaluate(at, j, 0)[0].f, statistic));
      pulled.push_back(pullToWeight(at, j));
      mean += weights.back() * pulled.back();
    }
    // In kernels it is given.
    if (o.getRank() == stats.getRank())
      mean = o[row].f;
    Scalar *dv = results[2].mutate();
    for (auto [n, j] : llvm::enumerate(seen)) {
      ArrayRef<Scalar> pulledBack =
          evaluate(at, j, pullToScore(weights[n], pulled[n], mean, statistic));
      addProducts(at, j, e.round(factor, pulledBack[1]).f);
      addReads(pulledBack);
      double weight = e.round(factor, Scalar{weights[n]}).f;
      for (int64_t c = 0; c < view.width; ++c)
        dv[view.keyRowOf(at, j) * view.width + c].f +=
            weight * adjoint[row * view.width + c].f;
    }
  }

  void addProducts(const Query &at, int64_t j, double pulled) {
    int64_t depth = view.depth, row = view.rowOf(at) * depth,
            keyRow = view.keyRowOf(at, j) * depth;
    Scalar *dq = results[0].mutate(), *dk = results[1].mutate();
    for (int64_t d = 0; d < depth; ++d) {
      dq[row + d].f += pulled * view.k[keyRow + d].f;
      dk[keyRow + d].f += pulled * view.q[row + d].f;
    }
  }

  /// The adjoints of what the score has read go to where it was read.
  void addReads(ArrayRef<Scalar> yielded) {
    for (const ScoreGradient::Read &read : reads) {
      unsigned number = 3;
      for (Value tensor : op.getWith().take_front(read.tensor))
        number += isa<FloatType>(
            cast<RankedTensorType>(tensor.getType()).getElementType());
      Tensor &result = results[number];
      int64_t place = 0;
      for (auto [axis, size] : llvm::enumerate(result.getShape()))
        place = place * size + yielded[read.adjoint + 1 + axis].i;
      if (place >= 0 && place < result.size())
        result.mutate()[place].f += yielded[read.adjoint].f;
    }
  }

  AttendGradOp op;
  Evaluation &e;
  AttentionView view;
  const Tensor &o, &stats, &adjoint;
  ArrayRef<Tensor> with;
  Normaliser normaliser;
  Type factor; ///< of what is multiplied
  std::vector<Tensor> results;
  SmallVector<ScoreGradient::Read> reads;
  ScalarProgram mask, score;
  bool hasMask = false;
};

} // namespace

void addAttendGradHandlers(Handlers &h) {
  handle<AttendGradOp>(h, [](AttendGradOp op, Evaluation &e) {
    return AttentionGradient(op, e).run();
  });
}

} // namespace lamina::reference
