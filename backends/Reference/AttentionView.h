// SPDX-License-Identifier: Apache-2.0
//
// The operands of attention, row by row.
//
// What the interpretation of `attend` and of its adjoint share: where rows
// stand, and which keys a query sees.

#ifndef LAMINA_BACKENDS_REFERENCE_ATTENTIONVIEW_H
#define LAMINA_BACKENDS_REFERENCE_ATTENTIONVIEW_H

#include "backends/Reference/Interpreter.h"
#include "backends/Reference/ScalarProgram.h"
#include "dialects/Graph/GraphOps.h"

namespace lamina::reference {

inline Scalar indexScalar(int64_t value) {
  Scalar s;
  s.i = value;
  return s;
}

/// One query: its batch, head and position.
struct Query {
  Shape batch;        ///< an index for each batch axis
  int64_t number = 0; ///< the same, counted through
  int64_t head = 0, i = 0;
};

class AttentionView {
public:
  AttentionView(const Tensor &q, const Tensor &k, const Tensor &v)
      : q(q), k(k), v(v) {
    llvm::ArrayRef<int64_t> queries = q.getShape(), shape = k.getShape();
    size_t rank = queries.size();
    batchAxes = Shape(queries.drop_back(3));
    heads = queries[rank - 3];
    rows = queries[rank - 2];
    depth = queries[rank - 1];
    groups = shape[rank - 3];
    keys = shape[rank - 2];
    width = v.getShape()[rank - 1];
  }

  const Tensor &q, &k, &v;
  Shape batchAxes;
  int64_t heads, groups, rows, keys, depth, width;

  /// The row of queries, or of keys and values for one of their positions,
  /// counted over the whole tensor.
  int64_t rowOf(const Query &at) const {
    return (at.number * heads + at.head) * rows + at.i;
  }
  int64_t keyRowOf(const Query &at, int64_t j) const {
    return (at.number * groups + at.head / (heads / groups)) * keys + j;
  }
  double product(const Query &at, int64_t j) const {
    const Scalar *x = q.begin() + rowOf(at) * depth,
                 *y = k.begin() + keyRowOf(at, j) * depth;
    double sum = 0;
    for (int64_t d = 0; d < depth; ++d)
      sum += x[d].f * y[d].f;
    return sum;
  }

  /// What the regions see behind their own arguments: batch axes, head, i, j.
  static llvm::SmallVector<Scalar> indices(const Query &at, int64_t j) {
    llvm::SmallVector<Scalar> all;
    for (int64_t b : at.batch)
      all.push_back(indexScalar(b));
    for (int64_t n : {at.head, at.i, j})
      all.push_back(indexScalar(n));
    return all;
  }

  void forEachQuery(llvm::function_ref<void(const Query &)> body) const {
    if (countElements(batchAxes) == 0)
      return;
    Query at;
    at.batch = Shape(batchAxes.size(), 0);
    do {
      for (at.head = 0; at.head < heads; ++at.head)
        for (at.i = 0; at.i < rows; ++at.i)
          body(at);
      ++at.number;
    } while (advance(at.batch, batchAxes));
  }
};

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_ATTENTIONVIEW_H
