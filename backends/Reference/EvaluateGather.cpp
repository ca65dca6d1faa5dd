// SPDX-License-Identifier: Apache-2.0
//
// Moves by run-time ids, sorting.

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

/// How x `[batch.., middle.., axis, inner..]`, ids `[batch.., further..]` and
/// rows `[batch.., middle.., further.., inner..]` lie to each other.
struct GatherView {
  int64_t batch, middle, size, further, inner;
  GatherView(ArrayRef<int64_t> x, ArrayRef<int64_t> ids, int64_t axis,
             int64_t batchAxes)
      : batch(countElements(x.take_front(batchAxes))),
        middle(countElements(x.slice(batchAxes, axis - batchAxes))),
        size(x[axis]), further(countElements(ids.drop_front(batchAxes))),
        inner(countElements(x.drop_front(axis + 1))) {}

  /// Calls `visit(start in x or -1, start in rows)` for each run of `inner`.
  template <typename F>
  LogicalResult forEachRow(Operation *op, const Tensor &ids, bool outside,
                           F visit) const {
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t m = 0; m < middle; ++m)
        for (int64_t f = 0; f < further; ++f) {
          int64_t id = ids[b * further + f].i;
          bool inside = id >= 0 && id < size;
          if (!inside && !outside)
            return op->emitError("the id ")
                   << id << " is outside an axis of size " << size;
          int64_t outer = b * middle + m;
          visit(inside ? (outer * size + id) * inner : -1,
                (outer * further + f) * inner);
        }
    return success();
  }
};

} // namespace

static LogicalResult evaluateGather(GatherOp op, Evaluation &e) {
  const Tensor &x = e.operands[0], &ids = e.operands[1];
  Tensor result(e.elementOf(), e.shapeOf());
  Scalar *out = result.mutate();
  GatherView view(x.getShape(), ids.getShape(), int64_t(op.getAxis()),
                  int64_t(op.getBatch()));
  LogicalResult done =
      view.forEachRow(op, ids, op.getOutside(), [&](int64_t from, int64_t to) {
        if (from >= 0)
          std::copy_n(x.begin() + from, view.inner, out + to);
      });
  e.results.push_back(result);
  return done;
}

static LogicalResult evaluateScatter(ScatterOp op, Evaluation &e) {
  const Tensor &ids = e.operands[1], &updates = e.operands[2];
  Tensor result = e.operands[0];
  Scalar *out = result.mutate();
  GatherView view(result.getShape(), ids.getShape(), int64_t(op.getAxis()),
                  int64_t(op.getBatch()));
  bool sets = op.getKind() == ScatterKind::Set, isFloat = result.isFloat();
  LogicalResult done =
      view.forEachRow(op, ids, op.getOutside(), [&](int64_t to, int64_t from) {
        if (to < 0)
          return;
        for (int64_t n = 0; n < view.inner; ++n) {
          Scalar &target = out[to + n];
          if (sets)
            target = updates[from + n];
          else if (isFloat)
            target.f += updates[from + n].f;
          else
            target.i += updates[from + n].i;
          target = e.round(e.elementOf(), target);
        }
      });
  e.results.push_back(result);
  return done;
}

/// The stable order of a line of keys; NaN last.
static std::vector<int64_t> orderOf(const Tensor &keys, const AxisView &axis,
                                    int64_t o, int64_t n, bool descending) {
  std::vector<int64_t> order(size_t(axis.size), 0);
  std::iota(order.begin(), order.end(), 0);
  bool isFloat = keys.isFloat();
  // Below, equal or above; a NaN is above all else.
  auto compare = [&](int64_t i, int64_t j) {
    Scalar a = keys[axis.at(o, i, n)], b = keys[axis.at(o, j, n)];
    if (isFloat && (std::isnan(a.f) || std::isnan(b.f)))
      return int(std::isnan(a.f)) - int(std::isnan(b.f));
    int sign = isFloat ? (a.f > b.f) - (a.f < b.f) : (a.i > b.i) - (a.i < b.i);
    return descending ? -sign : sign;
  };
  std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
    int sign = compare(i, j);
    return sign ? sign < 0 : i < j;
  });
  return order;
}

static LogicalResult evaluateSort(SortOp op, Evaluation &e) {
  AxisView axis(e.operands[0].getShape(), int64_t(op.getAxis()));
  for (const Tensor &operand : e.operands)
    e.results.push_back(Tensor(operand.getElementType(), operand.getShape()));
  for (int64_t o = 0; o < axis.outer; ++o)
    for (int64_t n = 0; n < axis.inner; ++n) {
      std::vector<int64_t> order =
          orderOf(e.operands[0], axis, o, n, op.getDescending());
      for (auto [operand, result] : llvm::zip(e.operands, e.results)) {
        Scalar *out = result.mutate();
        for (int64_t i = 0; i < axis.size; ++i)
          out[axis.at(o, i, n)] = operand[axis.at(o, order[size_t(i)], n)];
      }
    }
  return success();
}

static LogicalResult evaluateTopK(TopKOp op, Evaluation &e) {
  const Tensor &x = e.operands[0];
  AxisView axis(x.getShape(), int64_t(op.getAxis()));
  Tensor values(e.elementOf(0), e.shapeOf(0)),
      ids(e.elementOf(1), e.shapeOf(1));
  AxisView top(values.getShape(), int64_t(op.getAxis()));
  Scalar *value = values.mutate(), *id = ids.mutate();
  for (int64_t o = 0; o < axis.outer; ++o)
    for (int64_t n = 0; n < axis.inner; ++n) {
      std::vector<int64_t> order = orderOf(x, axis, o, n, true);
      for (int64_t i = 0; i < top.size; ++i) {
        value[top.at(o, i, n)] = x[axis.at(o, order[size_t(i)], n)];
        id[top.at(o, i, n)].i = order[size_t(i)];
      }
    }
  e.results.push_back(values);
  e.results.push_back(ids);
  return success();
}

void addGatherHandlers(Handlers &h) {
  handle<GatherOp>(h, evaluateGather);
  handle<ScatterOp>(h, evaluateScatter);
  handle<SortOp>(h, evaluateSort);
  handle<TopKOp>(h, evaluateTopK);
}

} // namespace lamina::reference
