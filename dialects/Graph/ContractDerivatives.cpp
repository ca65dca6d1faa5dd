// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of contract.
//
// The adjoint of a contraction with respect to one operand is a contraction of
// the result's adjoint with the other one, over the same loops. Where the
// operand is read through a window, u = (A i + B j + C) / D exactly, the loop
// of i becomes one over u, and what was read at i is read at (D u - B j - C) /
// A, exactly: so the op is closed under differentiation.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"

using namespace mlir;

namespace lamina::graph {

namespace {

/// (sum of coefficient * dimension + offset) floordiv divisor.
struct WindowIndex {
  SmallVector<std::pair<unsigned, int64_t>> terms;
  int64_t offset = 0;
  int64_t divisor = 1;
};

void addTerms(AffineExpr expr, int64_t factor, WindowIndex &index) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    index.terms.push_back({dim.getPosition(), factor});
    return;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    index.offset += factor * constant.getValue();
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (binary.getKind() == AffineExprKind::Add) {
    addTerms(binary.getLHS(), factor, index);
    addTerms(binary.getRHS(), factor, index);
    return;
  }
  auto scale = cast<AffineConstantExpr>(binary.getRHS());
  addTerms(binary.getLHS(), factor * scale.getValue(), index);
}

WindowIndex readIndex(AffineExpr expr) {
  WindowIndex index;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (binary && binary.getKind() == AffineExprKind::FloorDiv) {
    index.divisor = cast<AffineConstantExpr>(binary.getRHS()).getValue();
    expr = binary.getLHS();
  }
  addTerms(expr, 1, index);
  return index;
}

/// Builds the maps of one adjoint: `wanted` is the operand's map, which becomes
/// that of the result; `adjoint` and `other` are those of the factors.
struct AdjointMaps {
  AffineMap wanted, adjoint, other;
  SmallVector<int64_t> loopSizes; // of the forward op; the largest if not known

  /// Replaces each window in `wanted` by a plain loop. False where that needs
  /// a window in two places at once.
  bool solveWindows() {
    for (unsigned axis = 0; axis < wanted.getNumResults(); ++axis) {
      AffineExpr expr = wanted.getResult(axis);
      if (isa<AffineDimExpr>(expr))
        continue;
      if (!solve(axis, readIndex(expr)))
        return false;
    }
    return true;
  }

  /// Whether a loop stands in two places of the operand (a diagonal).
  bool isDiagonal() const {
    llvm::SmallBitVector seen(wanted.getNumDims());
    for (AffineExpr expr : wanted.getResults()) {
      unsigned position = cast<AffineDimExpr>(expr).getPosition();
      if (seen.test(position))
        return true;
      seen.set(position);
    }
    return false;
  }

private:
  bool solve(unsigned axis, const WindowIndex &index) {
    // Of the loops that can be solved for the longest goes: the short one, over
    // the places in a window, stays a loop.
    std::optional<std::pair<unsigned, int64_t>> best;
    for (auto [dim, scale] : index.terms)
      if (isSolvable(axis, dim) &&
          (!best || loopSizes[dim] > loopSizes[best->first]))
        best = {dim, scale};
    if (!best)
      return false;
    auto [dim, scale] = *best;
    AffineExpr solved = solveFor(wanted.getContext(), dim, scale, index);
    adjoint = substitute(adjoint, dim, solved);
    other = substitute(other, dim, solved);
    SmallVector<AffineExpr> results(wanted.getResults());
    results[axis] = getAffineDimExpr(dim, wanted.getContext());
    wanted =
        AffineMap::get(wanted.getNumDims(), 0, results, wanted.getContext());
    return true;
  }

  /// The loop is renamed where it is read, so one factor must read it plainly,
  /// and no other axis of the operand.
  bool isSolvable(unsigned axis, unsigned dim) const {
    return isPlainIn(adjoint, dim) && isPlainIn(other, dim) &&
           !isUsedElsewhere(axis, dim) &&
           adjoint.isFunctionOfDim(dim) != other.isFunctionOfDim(dim);
  }

  static bool isPlainIn(AffineMap map, unsigned dim) {
    for (AffineExpr expr : map.getResults())
      if (expr.isFunctionOfDim(dim) && !isa<AffineDimExpr>(expr))
        return false;
    return true;
  }

  bool isUsedElsewhere(unsigned axis, unsigned dim) const {
    for (auto [i, expr] : llvm::enumerate(wanted.getResults()))
      if (i != axis && expr.isFunctionOfDim(dim))
        return true;
    return false;
  }

  /// The loop `dim` from u, which takes its number.
  static AffineExpr solveFor(MLIRContext *context, unsigned dim, int64_t scale,
                             const WindowIndex &index) {
    int64_t sign = scale < 0 ? -1 : 1;
    AffineExpr sum = getAffineDimExpr(dim, context) * (index.divisor * sign);
    for (auto [other, factor] : index.terms)
      if (other != dim)
        sum = sum + getAffineDimExpr(other, context) * (-factor * sign);
    return (sum - index.offset * sign).floorDiv(scale * sign);
  }

  static AffineMap substitute(AffineMap map, unsigned dim, AffineExpr expr) {
    return map.replace(getAffineDimExpr(dim, map.getContext()), expr,
                       map.getNumDims(), 0);
  }
};

} // namespace

static LogicalResult pullOperand(ContractOp op, OpBuilder &b, Value g,
                                 unsigned operand, Adjoints &sink) {
  SmallVector<int64_t> loopSizes;
  for (const std::optional<SizeExpr> &size : op.getLoopSizes())
    loopSizes.push_back(size ? size->getConstant().value_or(INT64_MAX)
                             : INT64_MAX);
  AdjointMaps maps{op.getMap(operand), op.getMap(2), op.getMap(1 - operand),
                   loopSizes};
  if (!maps.solveWindows() || maps.isDiagonal())
    return op.emitError("has no derivative with respect to operand ")
           << operand << ": its index map '"
           << AffineMapAttr::get(op.getMap(operand))
           << "' cannot be solved for one loop";
  Value other = operand == 0 ? op.getB() : op.getA();
  // Factors are of one type: the adjoint of a wider sum is rounded to theirs.
  auto given = cast<RankedTensorType>(g.getType());
  Type factor = cast<RankedTensorType>(other.getType()).getElementType();
  if (given.getElementType() != factor)
    g = arith::TruncFOp::create(b, op.getLoc(), withElementType(given, factor),
                                g);
  // The factors keep their sides, so that the forward order of terms stays.
  bool adjointFirst = operand == 0;
  SmallVector<AffineMap> list =
      adjointFirst
          ? SmallVector<AffineMap>{maps.adjoint, maps.other, maps.wanted}
          : SmallVector<AffineMap>{maps.other, maps.adjoint, maps.wanted};
  Value first = adjointFirst ? g : other, second = adjointFirst ? other : g;
  Type type = op->getOperand(operand).getType();
  sink.add(operand, ContractOp::create(b, op.getLoc(), type, first, second,
                                       b.getAffineMapArrayAttr(list),
                                       op.getAccumulateAttr()));
  return success();
}

static LogicalResult pullContract(ContractOp op, OpBuilder &b,
                                  ArrayRef<Value> adjoints, Adjoints &sink) {
  for (unsigned operand : {0u, 1u})
    if (sink.wants(operand) &&
        failed(pullOperand(op, b, adjoints[0], operand, sink)))
      return failure();
  return success();
}

void attachContractDerivatives(MLIRContext *c) {
  rule<ContractOp>(c, pullContract);
}

} // namespace lamina::graph
