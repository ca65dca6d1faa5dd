// SPDX-License-Identifier: Apache-2.0
//
// Compute once what only repeats.

#include "dialects/Graph/Formula.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "passes/Graph/Simplify.h"

#include "llvm/ADT/SmallBitVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

namespace {

/// f(broadcast x, broadcast y, n) = broadcast f(x, y, n), for elementwise f and
/// numbers n, wherever an axis of the result is one of no operand. Each time
/// the rank falls, so this ends.
struct ComputeBeforeBroadcast : RewritePattern {
  explicit ComputeBeforeBroadcast(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1 ||
        op->getNumOperands() == 0)
      return rewriter.notifyMatchFailure(op, "is not elementwise");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "is of scalars");
    llvm::SmallBitVector used(unsigned(type.getRank()));
    for (Value operand : op->getOperands()) {
      if (getUniformNumber(operand))
        continue;
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      if (!broadcast || broadcast.getType().getShape() != type.getShape())
        return rewriter.notifyMatchFailure(op, "an operand does not repeat");
      for (int64_t axis : broadcast.getAxes())
        used.set(unsigned(axis));
    }
    bool onlyNumbers = llvm::all_of(op->getOperands(), [](Value operand) {
      return getUniformNumber(operand).has_value();
    });
    if (onlyNumbers || used.all())
      return rewriter.notifyMatchFailure(op, "no axis only repeats");

    Shape shape, whole = getShape(type);
    SmallVector<int64_t> axes;
    for (unsigned axis : used.set_bits()) {
      axes.push_back(axis);
      shape.push_back(whole[axis]);
    }
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(shrink(rewriter, operand, shape, axes));
    Operation *inner = rewriter.clone(*op);
    inner->setOperands(operands);
    inner->getResult(0).setType(getTensorType(shape, type.getElementType()));
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, type, inner->getResult(0),
                                             axes);
    return success();
  }

  /// What repeats to `operand`, along `axes` of it only.
  static Value shrink(PatternRewriter &rewriter, Value operand,
                      const Shape &shape, ArrayRef<int64_t> axes) {
    auto type = getTensorType(shape, getElementTypeOrSelf(operand.getType()));
    if (std::optional<double> number = getUniformNumber(operand))
      return constantLike(rewriter, operand.getLoc(), type, *number);
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    SmallVector<int64_t> inner;
    for (int64_t axis : broadcast.getAxes())
      inner.push_back(llvm::find(axes, axis) - axes.begin());
    if (broadcast.getX().getType() == type)
      return broadcast.getX();
    return BroadcastOp::create(rewriter, broadcast.getLoc(), type,
                               broadcast.getX(), inner);
  }
};

/// sum over repeated axes = times their size; any, all, max, min: the value.
struct ReduceRepeated : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getX().getDefiningOp<BroadcastOp>();
    if (!broadcast || op.getKind() == ReduceKind::Prod ||
        op.getKind() == ReduceKind::LogSumExp)
      return rewriter.notifyMatchFailure(op, "reduces nothing that repeats");
    bool isSum = op.getKind() == ReduceKind::Sum;
    if (isSum && !isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return rewriter.notifyMatchFailure(op, "sums integers");
    Shape shape = getShape(op.getX());
    SizeExpr count(1);
    for (int64_t axis : op.getAxes()) {
      if (llvm::is_contained(broadcast.getAxes(), axis))
        return rewriter.notifyMatchFailure(op, "an axis does not repeat");
      count = count * shape[axis];
    }
    std::optional<int64_t> known = count.getConstant();
    if (!isSum && !(known && *known > 0))
      return rewriter.notifyMatchFailure(op, "the axis may be empty");
    Value value = broadcast.getX();
    if (isSum)
      value = scale(rewriter, op.getLoc(), value, count);
    SmallVector<int64_t> axes;
    for (int64_t axis : broadcast.getAxes())
      axes.push_back(axis - llvm::count_if(op.getAxes(), [&](int64_t gone) {
                       return gone < axis;
                     }));
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), value, axes);
    return success();
  }

  static Value scale(PatternRewriter &rewriter, Location loc, Value value,
                     const SizeExpr &count) {
    auto scalar =
        RankedTensorType::get({}, getElementTypeOrSelf(value.getType()));
    Value size =
        SizeOp::create(rewriter, loc, scalar,
                       DimsAttr::get(rewriter.getContext(), ArrayRef(count)));
    Value factor = BroadcastOp::create(rewriter, loc,
                                       cast<RankedTensorType>(value.getType()),
                                       size, ArrayRef<int64_t>());
    return arith::MulFOp::create(rewriter, loc, value, factor);
  }
};

/// A repeated operand of a contraction is read by fewer indices, if its further
/// loops are those of another operand or of the result.
struct FoldBroadcastIntoContract : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned operand : {0u, 1u}) {
      auto broadcast = op->getOperand(operand).getDefiningOp<BroadcastOp>();
      if (!broadcast)
        continue;
      AffineMap map = op.getMap(operand);
      SmallVector<AffineExpr> results;
      for (int64_t axis : broadcast.getAxes())
        results.push_back(map.getResult(unsigned(axis)));
      AffineMap fewer =
          AffineMap::get(map.getNumDims(), 0, results, op.getContext());
      if (!keepsLoops(op, operand, map, fewer))
        continue;
      SmallVector<AffineMap> maps{op.getMap(0), op.getMap(1), op.getMap(2)};
      maps[operand] = fewer;
      rewriter.modifyOpInPlace(op, [&]() {
        op->setOperand(operand, broadcast.getX());
        op.setMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return success();
    }
    return rewriter.notifyMatchFailure(
        op, "no operand repeats along loops of others");
  }

  /// Every loop that goes from this operand must be a plain index elsewhere,
  /// and windows must stay: they read zeros outside.
  static bool keepsLoops(ContractOp op, unsigned operand, AffineMap map,
                         AffineMap fewer) {
    auto isPlainIn = [](AffineMap other, AffineExpr dim) {
      return llvm::is_contained(other.getResults(), dim);
    };
    for (AffineExpr expr : map.getResults()) {
      if (isPlainIn(fewer, expr))
        continue;
      if (!isa<AffineDimExpr>(expr))
        return false;
      if (!isPlainIn(op.getMap(1 - operand), expr) &&
          !isPlainIn(op.getMap(2), expr))
        return false;
    }
    return true;
  }
};

/// max(max(x)) is one max; so any, all, min.
struct MergeExtrema : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ReduceOp>();
    bool merges =
        inner && inner->hasOneUse() && inner.getKind() == op.getKind() &&
        (op.getKind() == ReduceKind::Any || op.getKind() == ReduceKind::All ||
         op.getKind() == ReduceKind::Max || op.getKind() == ReduceKind::Min);
    // Sums and products keep their order: it is part of their value.
    if (!merges)
      return rewriter.notifyMatchFailure(
          op, "operand is no reduction of the same kind");
    SmallVector<int64_t> kept, axes(inner.getAxes());
    for (int64_t axis = 0, rank = inner.getX().getType().getRank(); axis < rank;
         ++axis)
      if (!llvm::is_contained(inner.getAxes(), axis))
        kept.push_back(axis);
    for (int64_t axis : op.getAxes())
      axes.push_back(kept[axis]);
    llvm::sort(axes);
    rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getType(), op.getKind(),
                                          inner.getX(), axes);
    return success();
  }
};

} // namespace

void populateBroadcastRules(RewritePatternSet &patterns) {
  patterns.add<ComputeBeforeBroadcast, ReduceRepeated,
               FoldBroadcastIntoContract, MergeExtrema>(patterns.getContext());
}

} // namespace lamina::graph
