// SPDX-License-Identifier: Apache-2.0
//
// Factorisations and solves.
//
// The textbook loops, one matrix after the other, in doubles.

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

/// One matrix of a stack, by any strides; so a transpose is a swap of numbers.
struct Matrix {
  Scalar *data;
  int64_t rows, columns, rowStride, columnStride;

  double &operator()(int64_t i, int64_t j) const {
    return data[i * rowStride + j * columnStride].f;
  }
  Matrix transposed() const {
    return {data, columns, rows, columnStride, rowStride};
  }
};

/// The matrices in the last two axes of a tensor.
class Stack {
public:
  explicit Stack(Tensor &tensor) : data(tensor.mutate()) {
    ArrayRef<int64_t> shape = tensor.getShape();
    rows = shape[shape.size() - 2];
    columns = shape[shape.size() - 1];
    count = countElements(shape.drop_back(2));
  }
  int64_t size() const { return count; }
  Matrix operator[](int64_t i) const {
    return {data + i * rows * columns, rows, columns, columns, 1};
  }

private:
  Scalar *data;
  int64_t rows, columns, count;
};

void roundAll(Evaluation &e) {
  for (Tensor &result : e.results) {
    Scalar *out = result.mutate();
    for (int64_t i = 0; i < result.size(); ++i)
      out[i] = e.round(result.getElementType(), out[i]);
  }
}

/// Solves a x = b in place of b, a triangular.
void solve(Matrix a, Matrix b, bool lower, bool unit) {
  for (int64_t c = 0; c < b.columns; ++c)
    for (int64_t step = 0; step < a.rows; ++step) {
      int64_t i = lower ? step : a.rows - 1 - step;
      double rest = b(i, c);
      for (int64_t j = lower ? 0 : i + 1; j < (lower ? i : a.rows); ++j)
        rest -= a(i, j) * b(j, c);
      b(i, c) = unit ? rest : rest / a(i, i);
    }
}

LogicalResult evaluateSolve(TriangularSolveOp op, Evaluation &e) {
  Tensor a = e.operands[0], x = e.operands[1];
  Stack as(a), xs(x);
  for (int64_t i = 0; i < xs.size(); ++i) {
    bool lower = op.getLower() != op.getTransposed();
    Matrix left = op.getTransposed() ? as[i].transposed() : as[i];
    // x a = b is a' x' = b'.
    if (op.getSide() == Side::Right)
      solve(left.transposed(), xs[i].transposed(), !lower, op.getUnit());
    else
      solve(left, xs[i], lower, op.getUnit());
  }
  e.results.push_back(x);
  roundAll(e);
  return success();
}

LogicalResult evaluateCholesky(CholeskyOp, Evaluation &e) {
  Tensor x = e.operands[0], result(e.elementOf(), e.shapeOf());
  Stack xs(x), ls(result);
  for (int64_t b = 0; b < xs.size(); ++b) {
    Matrix m = xs[b], l = ls[b];
    for (int64_t j = 0; j < m.rows; ++j)
      for (int64_t i = j; i < m.rows; ++i) {
        // Both triangles count: the derivative is that of a symmetric matrix.
        double rest = 0.5 * (m(i, j) + m(j, i));
        for (int64_t k = 0; k < j; ++k)
          rest -= l(i, k) * l(j, k);
        l(i, j) = i == j ? std::sqrt(rest) : rest / l(j, j);
      }
  }
  e.results.push_back(result);
  roundAll(e);
  return success();
}

LogicalResult evaluateLu(LuOp, Evaluation &e) {
  Tensor factors = e.operands[0], permutation(e.elementOf(1), e.shapeOf(1));
  Stack fs(factors);
  Scalar *order = permutation.mutate();
  for (int64_t b = 0; b < fs.size(); ++b) {
    Matrix m = fs[b];
    Scalar *rowOrder = order + b * m.rows;
    for (int64_t i = 0; i < m.rows; ++i)
      rowOrder[i].i = i;
    for (int64_t k = 0; k < std::min(m.rows, m.columns); ++k) {
      int64_t pivot = k;
      for (int64_t i = k + 1; i < m.rows; ++i)
        if (std::fabs(m(i, k)) > std::fabs(m(pivot, k)))
          pivot = i;
      std::swap(rowOrder[k], rowOrder[pivot]);
      for (int64_t j = 0; j < m.columns; ++j)
        std::swap(m(k, j), m(pivot, j));
      for (int64_t i = k + 1; i < m.rows; ++i) {
        m(i, k) /= m(k, k);
        for (int64_t j = k + 1; j < m.columns; ++j)
          m(i, j) -= m(i, k) * m(k, j);
      }
    }
  }
  e.results.push_back(factors);
  e.results.push_back(permutation);
  roundAll(e);
  return success();
}

/// Gram-Schmidt, twice over each column against loss of orthogonality.
LogicalResult evaluateQr(QrOp op, Evaluation &e) {
  Tensor x = e.operands[0], q(e.elementOf(0), e.shapeOf(0)),
         r(e.elementOf(1), e.shapeOf(1));
  Stack xs(x), qs(q), rs(r);
  if (xs.size() && xs[0].rows < xs[0].columns)
    return op.emitError("the reference interpreter factors only matrices that "
                        "are not wider than high");
  for (int64_t b = 0; b < xs.size(); ++b) {
    Matrix m = xs[b], qm = qs[b], rm = rs[b];
    for (int64_t j = 0; j < m.columns; ++j) {
      for (int64_t i = 0; i < m.rows; ++i)
        qm(i, j) = m(i, j);
      for (int64_t k = 0; k < 2 * j; ++k) {
        int64_t column = k % j;
        double projection = 0;
        for (int64_t i = 0; i < m.rows; ++i)
          projection += qm(i, column) * qm(i, j);
        rm(column, j) += projection;
        for (int64_t i = 0; i < m.rows; ++i)
          qm(i, j) -= projection * qm(i, column);
      }
      double norm = 0;
      for (int64_t i = 0; i < m.rows; ++i)
        norm += qm(i, j) * qm(i, j);
      rm(j, j) = std::sqrt(norm);
      for (int64_t i = 0; i < m.rows; ++i)
        qm(i, j) /= rm(j, j);
    }
  }
  e.results.push_back(q);
  e.results.push_back(r);
  roundAll(e);
  return success();
}

} // namespace

void addLinearAlgebraHandlers(Handlers &h) {
  handle<TriangularSolveOp>(h, evaluateSolve);
  handle<CholeskyOp>(h, evaluateCholesky);
  handle<LuOp>(h, evaluateLu);
  handle<QrOp>(h, evaluateQr);
}

} // namespace lamina::reference
