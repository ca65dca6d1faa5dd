// SPDX-License-Identifier: Apache-2.0
//
// Attention, one query after the other.

#include "backends/Reference/Interpreter.h"
#include "backends/Reference/ScalarProgram.h"
#include "dialects/Graph/GraphOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

class Attention {
public:
  Attention(AttendOp op, Evaluation &e)
      : op(op), e(e), q(e.operands[0]), k(e.operands[1]), v(e.operands[2]),
        o(e.elementOf(0), e.shapeOf(0)), stats(e.elementOf(1), e.shapeOf(1)) {}

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
    int64_t rank = q.getRank();
    ArrayRef<int64_t> batchAxes = q.getShape().drop_back(3);
    heads = q.getShape()[rank - 3];
    groups = k.getShape()[rank - 3];
    Shape batch(batchAxes.size(), 0);
    int64_t number = 0;
    if (o.size() != 0)
      do {
        for (int64_t head = 0; head < heads; ++head)
          for (int64_t i = 0; i < q.getShape()[rank - 2]; ++i)
            runRow(batch, number, head, i);
        ++number;
      } while (advance(batch, batchAxes));
    e.results.push_back(o);
    e.results.push_back(stats);
    return success();
  }

private:
  static Scalar index(int64_t value) {
    Scalar s;
    s.i = value;
    return s;
  }

  /// What the regions see: batch axes, the head, i, j.
  SmallVector<Scalar> place(ArrayRef<int64_t> batch, int64_t head, int64_t i,
                            int64_t j) {
    SmallVector<Scalar> arguments;
    for (int64_t b : batch)
      arguments.push_back(index(b));
    for (int64_t n : {head, i, j})
      arguments.push_back(index(n));
    return arguments;
  }

  void runRow(ArrayRef<int64_t> batch, int64_t number, int64_t head,
              int64_t i) {
    int64_t rank = q.getRank(), depth = q.getShape()[rank - 1],
            keys = k.getShape()[rank - 2];
    int64_t width = v.getShape()[rank - 1], rows = q.getShape()[rank - 2];
    const Scalar *query =
        q.begin() + ((number * heads + head) * rows + i) * depth;
    int64_t group = number * groups + head / (heads / groups);
    const Scalar *keyRows = k.begin() + group * keys * depth,
                 *valueRows = v.begin() + group * keys * width;
    std::vector<int64_t> seen;
    std::vector<double> scores;
    for (int64_t j = 0; j < keys; ++j) {
      SmallVector<Scalar> arguments = place(batch, head, i, j);
      if (hasMask && !mask.run(arguments)[0].i)
        continue;
      Scalar s{0.0};
      for (int64_t d = 0; d < depth; ++d)
        s.f += query[d].f * keyRows[j * depth + d].f;
      if (hasScore) {
        arguments.insert(arguments.begin(), s);
        s = score.run(arguments)[0];
      }
      seen.push_back(j);
      scores.push_back(s.f);
    }
    double statistic = normalise(scores);
    int64_t row = (number * heads + head) * rows + i;
    Scalar *out = o.mutate() + row * width;
    for (auto [j, weight] : llvm::zip(seen, scores))
      for (int64_t n = 0; n < width; ++n)
        out[n].f += weight * valueRows[j * width + n].f;
    for (int64_t n = 0; n < width; ++n)
      out[n] = e.round(e.elementOf(0), out[n]);
    stats.mutate()[row] = e.round(e.elementOf(1), Scalar{statistic});
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
  const Tensor &q, &k, &v;
  Tensor o, stats;
  ScalarProgram mask, score;
  bool hasMask = false, hasScore = false;
  int64_t heads = 0, groups = 0;
};

} // namespace

void addAttendHandlers(Handlers &h) {
  handle<AttendOp>(
      h, [](AttendOp op, Evaluation &e) { return Attention(op, e).run(); });
}

} // namespace lamina::reference
