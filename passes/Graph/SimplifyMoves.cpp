// SPDX-License-Identifier: Apache-2.0
//
// Scatters, pads and slices of each other.

#include "dialects/Graph/Formula.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "passes/Graph/Simplify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

namespace {

bool isZero(Value value) { return getUniformNumber(value) == 0.0; }

/// scatter sum of one id for each batch element = select(iota == ids, x + u,
/// x): the adjoint of picking one logit is elementwise.
struct SelectInsteadOfScatter : OpRewritePattern<ScatterOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScatterOp op,
                                PatternRewriter &rewriter) const override {
    auto ids = op.getIds().getType();
    if (op.getKind() != ScatterKind::Sum ||
        ids.getRank() != int64_t(op.getBatch()))
      return rewriter.notifyMatchFailure(
          op, "has more than one id for an element of the batch");
    // One row of a whole tensor is cheaper to add in place.
    if (ids.getRank() == 0 && !isZero(op.getX()))
      return rewriter.notifyMatchFailure(op, "adds a single row");
    Location loc = op.getLoc();
    auto type = op.getType();
    int64_t axis = int64_t(op.getAxis());
    auto whole = withElementType(type, ids.getElementType());
    auto batch = llvm::to_vector(llvm::seq<int64_t>(0, ids.getRank()));
    SmallVector<int64_t> others;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != axis)
        others.push_back(i);
    Value iota = IotaOp::create(rewriter, loc, whole, uint64_t(axis));
    Value wanted =
        BroadcastOp::create(rewriter, loc, whole, op.getIds(), batch);
    Value hit = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq,
                                      iota, wanted);
    Value update =
        BroadcastOp::create(rewriter, loc, type, op.getUpdates(), others);
    if (isZero(op.getX())) {
      rewriter.replaceOpWithNewOp<arith::SelectOp>(op, hit, update, op.getX());
      return success();
    }
    Value sum =
        isa<FloatType>(type.getElementType())
            ? Value(arith::AddFOp::create(rewriter, loc, op.getX(), update))
            : Value(arith::AddIOp::create(rewriter, loc, op.getX(), update));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, hit, sum, op.getX());
    return success();
  }
};

/// scatter sum(0, u) + y = scatter sum(y, u), which is done in place.
struct ScatterIntoSum : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned side : {0u, 1u}) {
      auto scatter = op->getOperand(side).getDefiningOp<ScatterOp>();
      Value other = op->getOperand(1 - side);
      if (!scatter || !scatter->hasOneUse() ||
          scatter.getKind() != ScatterKind::Sum || !isZero(scatter.getX()))
        continue;
      rewriter.replaceOpWithNewOp<ScatterOp>(
          op, op.getType(), ScatterKind::Sum, other, scatter.getIds(),
          scatter.getUpdates(), scatter.getAxis(), scatter.getBatch(),
          scatter.getOutside());
      return success();
    }
    return rewriter.notifyMatchFailure(op,
                                       "no operand is a scatter into zeros");
  }
};

/// slice(pad(x)) of the same place = x
struct DropSliceOfPad : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<PadOp>();
    if (!pad || pad.getX().getType() != op.getType() ||
        pad.getLow() != op.getStart())
      return rewriter.notifyMatchFailure(op, "takes no padded tensor apart");
    for (auto [interior, step] : llvm::zip(pad.getInterior(), op.getStep()))
      if (interior + 1 != step)
        return rewriter.notifyMatchFailure(op, "takes padding along");
    rewriter.replaceOp(op, pad.getX());
    return success();
  }
};

/// dynamic_slice(dynamic_update(x, u, at), at) = u
struct DropSliceOfUpdate : OpRewritePattern<DynamicSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DynamicSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto update = op.getX().getDefiningOp<DynamicUpdateOp>();
    if (!update || update.getUpdate().getType() != op.getType() ||
        update.getAxes() != op.getAxes() ||
        update.getStarts() != op.getStarts())
      return rewriter.notifyMatchFailure(op, "reads another place");
    rewriter.replaceOp(op, update.getUpdate());
    return success();
  }
};

} // namespace

void populateMoveRules(RewritePatternSet &patterns) {
  patterns.add<ScatterIntoSum>(patterns.getContext(), /*benefit=*/2);
  patterns.add<SelectInsteadOfScatter, DropSliceOfPad, DropSliceOfUpdate>(
      patterns.getContext());
}

} // namespace lamina::graph
