// SPDX-License-Identifier: Apache-2.0
//
// Contractions.
//
// Both operands are copied into the order of the loops, windows included, so
// that what is left is a stack of matrix products.

#include "backends/Reference/Contract.h"
#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"

#include "mlir/IR/AffineExprVisitor.h"

using namespace mlir;

namespace lamina::reference {

namespace {

/// Loops by which of a, b and the result have them.
struct LoopGroups {
  SmallVector<unsigned> batch, rows, columns, sums, onlyA, onlyB, onlyResult;

  LoopGroups(AffineMap a, AffineMap b, AffineMap result) {
    for (unsigned loop = 0; loop < result.getNumDims(); ++loop) {
      bool inA = a.isFunctionOfDim(loop), inB = b.isFunctionOfDim(loop),
           inResult = result.isFunctionOfDim(loop);
      SmallVector<unsigned> *group = inA && inB ? (inResult ? &batch : &sums)
                                     : inA      ? (inResult ? &rows : &onlyA)
                                     : inB      ? (inResult ? &columns : &onlyB)
                                                : &onlyResult;
      group->push_back(loop);
    }
  }
};

Shape sizesOf(ArrayRef<unsigned> loops, ArrayRef<int64_t> sizes) {
  Shape shape;
  for (unsigned loop : loops)
    shape.push_back(sizes[loop]);
  return shape;
}

/// The value of an index at these loops; nothing where a division is inexact.
std::optional<int64_t> evaluateIndex(AffineExpr expr, ArrayRef<int64_t> loops) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return loops[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<int64_t> l = evaluateIndex(binary.getLHS(), loops),
                         r = evaluateIndex(binary.getRHS(), loops);
  if (!l || !r)
    return std::nullopt;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return *l + *r;
  case AffineExprKind::Mul:
    return *l * *r;
  case AffineExprKind::FloorDiv:
    return *l % *r == 0 ? std::optional<int64_t>(*l / *r) : std::nullopt;
  default:
    llvm_unreachable("the verifier lets only windows pass");
  }
}

/// x in the order of `loops`, summed over `summed`.
std::vector<double> arrange(const Tensor &x, AffineMap map,
                            ArrayRef<unsigned> loops, ArrayRef<unsigned> summed,
                            ArrayRef<int64_t> sizes) {
  Shape outer = sizesOf(loops, sizes), inner = sizesOf(summed, sizes);
  std::vector<double> result(size_t(countElements(outer)), 0.0);
  if (countElements(outer) == 0 || countElements(inner) == 0)
    return result;
  Shape at(map.getNumDims(), 0), index(outer.size(), 0);
  Shape strides = stridesOf(x.getShape());
  auto read = [&]() -> double {
    int64_t position = 0;
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      std::optional<int64_t> i = evaluateIndex(expr, at);
      if (!i || *i < 0 || *i >= x.getShape()[axis])
        return 0;
      position += *i * strides[axis];
    }
    return x[position].f;
  };
  size_t to = 0;
  do {
    for (auto [loop, i] : llvm::zip(loops, index))
      at[loop] = i;
    Shape sum(inner.size(), 0);
    do {
      for (auto [loop, i] : llvm::zip(summed, sum))
        at[loop] = i;
      result[to] += read();
    } while (advance(sum, inner));
    ++to;
  } while (advance(index, outer));
  return result;
}

/// c += a b for row-major matrices, in strips of k that stay in the cache.
void multiply(const double *a, const double *b, double *c, int64_t m, int64_t n,
              int64_t k) {
  constexpr int64_t strip = 64;
  for (int64_t k0 = 0; k0 < k; k0 += strip) {
    int64_t k1 = std::min(k, k0 + strip);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t l = k0; l < k1; ++l) {
        double factor = a[i * k + l];
        const double *row = b + l * n;
        double *out = c + i * n;
#ifdef __clang__
#pragma clang loop vectorize(enable)
#endif
        for (int64_t j = 0; j < n; ++j)
          out[j] += factor * row[j];
      }
  }
}

template <typename... Lists>
SmallVector<unsigned> join(const Lists &...lists) {
  SmallVector<unsigned> all;
  (all.append(lists.begin(), lists.end()), ...);
  return all;
}

} // namespace

/// The sums of products, with the loops in the order of batch, rows, columns.
static std::vector<double> productOf(const Tensor &a, const Tensor &b,
                                     ArrayRef<AffineMap> maps,
                                     const LoopGroups &groups,
                                     ArrayRef<int64_t> sizes) {
  std::vector<double> left =
      arrange(a, maps[0], join(groups.batch, groups.rows, groups.sums),
              groups.onlyA, sizes);
  std::vector<double> right =
      arrange(b, maps[1], join(groups.batch, groups.sums, groups.columns),
              groups.onlyB, sizes);
  int64_t batch = countElements(sizesOf(groups.batch, sizes)),
          m = countElements(sizesOf(groups.rows, sizes));
  int64_t n = countElements(sizesOf(groups.columns, sizes)),
          k = countElements(sizesOf(groups.sums, sizes));
  std::vector<double> product(size_t(batch * m * n), 0.0);
  for (int64_t i = 0; i < batch; ++i)
    multiply(left.data() + i * m * k, right.data() + i * k * n,
             product.data() + i * m * n, m, n, k);
  return product;
}

Tensor contract(const Tensor &a, const Tensor &b, ArrayRef<AffineMap> maps,
                ArrayRef<int64_t> sizes, Type sumType, Type elementType,
                Rounding rounding) {
  LoopGroups groups(maps[0], maps[1], maps[2]);
  std::vector<double> product = productOf(a, b, maps, groups, sizes);
  Shape shape;
  for (AffineExpr expr : maps[2].getResults())
    shape.push_back(sizes[cast<AffineDimExpr>(expr).getPosition()]);
  Tensor result(elementType, shape);
  if (result.size() == 0)
    return result;
  // Where each loop of the product stands in it; loops of the result alone
  // repeat.
  SmallVector<unsigned> order = join(groups.batch, groups.rows, groups.columns);
  Shape steps = stridesOf(sizesOf(order, sizes)), strides(sizes.size(), 0);
  for (auto [loop, step] : llvm::zip(order, steps))
    strides[loop] = step;
  Shape index(shape.size(), 0);
  Scalar *out = result.mutate();
  do {
    int64_t position = 0;
    for (auto [axis, expr] : llvm::enumerate(maps[2].getResults()))
      position +=
          index[axis] * strides[cast<AffineDimExpr>(expr).getPosition()];
    Scalar value;
    value.f = product[size_t(position)];
    *out++ = roundTo(elementType, roundTo(sumType, value, rounding), rounding);
  } while (advance(index, shape));
  return result;
}

static LogicalResult evaluateContract(graph::ContractOp op, Evaluation &e) {
  Shape sizes;
  for (const std::optional<graph::SizeExpr> &size : op.getLoopSizes()) {
    FailureOr<int64_t> value = e.interpreter.valueOf(op.getLoc(), *size);
    if (failed(value))
      return failure();
    sizes.push_back(*value);
  }
  AffineMap maps[] = {op.getMap(0), op.getMap(1), op.getMap(2)};
  e.results.push_back(contract(e.operands[0], e.operands[1], maps, sizes,
                               op.getAccumulatorType(), e.elementOf(),
                               e.interpreter.rounding));
  return success();
}

void addContractHandlers(Handlers &h) {
  handle<graph::ContractOp>(h, evaluateContract);
}

} // namespace lamina::reference
