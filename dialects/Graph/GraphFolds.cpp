// SPDX-License-Identifier: Apache-2.0
//
// Folds and canonical forms of graph ops.
//
// Identities disappear, views of views become one view, loops and branches
// with a known count or predicate are resolved. Rules that need algebra are in
// `graph-simplify`.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lamina::graph;

/// The splat constant of a type, if the type is static and `value` a splat.
static OpFoldResult foldSplat(Attribute value, Type type) {
  auto elements = dyn_cast_or_null<SplatElementsAttr>(value);
  auto tensor = cast<RankedTensorType>(type);
  if (!elements || !tensor.hasStaticShape())
    return {};
  return DenseElementsAttr::get(tensor, elements.getSplatValue<Attribute>());
}

OpFoldResult SizeOp::fold(FoldAdaptor) {
  std::optional<int64_t> size = getSize().getConstant();
  if (!size)
    return {};
  Type element = getType().getElementType();
  if (auto type = dyn_cast<FloatType>(element))
    return DenseElementsAttr::get(
        getType(), FloatAttr::get(type, static_cast<double>(*size)));
  return DenseElementsAttr::get(getType(), IntegerAttr::get(element, *size));
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  return foldSplat(adaptor.getX(), getType());
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::equal(getOrder(), llvm::seq<int64_t>(0, getOrder().size())))
    return getX();
  return foldSplat(adaptor.getX(), getType());
}

OpFoldResult ReverseOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty())
    return getX();
  if (auto inner = getX().getDefiningOp<ReverseOp>())
    if (inner.getAxes() == getAxes())
      return inner.getX();
  return foldSplat(adaptor.getX(), getType());
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return foldSplat(adaptor.getX(), getType());
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  bool isWhole = llvm::all_of(getStep(), [](int64_t s) { return s == 1; });
  if (isWhole && getX().getType() == getType())
    return getX();
  return foldSplat(adaptor.getX(), getType());
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  return {};
}

namespace {

/// broadcast(broadcast(x)) is one broadcast.
struct MergeBroadcasts : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<BroadcastOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no broadcast");
    SmallVector<int64_t> axes;
    for (int64_t axis : inner.getAxes())
      axes.push_back(op.getAxes()[axis]);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getX(),
                                             axes);
    return success();
  }
};

/// transpose(transpose(x)) is one transpose.
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no transpose");
    SmallVector<int64_t> order;
    for (int64_t axis : op.getOrder())
      order.push_back(inner.getOrder()[axis]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getX(),
                                             order);
    return success();
  }
};

} // namespace

void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<MergeBroadcasts>(context);
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<MergeTransposes>(context);
}

//===----------------------------------------------------------------------===//
// Reductions and contractions
//===----------------------------------------------------------------------===//

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  if (getAxes().empty())
    return getX();
  return {};
}

namespace {

/// A transposed operand of a contraction is another map of it.
struct FoldTransposeIntoContract : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ContractOp op,
                                PatternRewriter &rewriter) const override {
    Value operands[] = {op.getA(), op.getB()};
    for (unsigned i = 0; i < 2; ++i) {
      auto transpose = operands[i].getDefiningOp<TransposeOp>();
      if (!transpose)
        continue;
      AffineMap map = op.getMap(i);
      SmallVector<AffineExpr> indices(map.getNumResults());
      for (auto [index, axis] :
           llvm::zip_equal(map.getResults(), transpose.getOrder()))
        indices[axis] = index;
      SmallVector<Attribute> maps(op.getMaps().getValue());
      maps[i] = AffineMapAttr::get(
          AffineMap::get(map.getNumDims(), 0, indices, op.getContext()));
      rewriter.modifyOpInPlace(op, [&]() {
        op->setOperand(i, transpose.getX());
        op.setMapsAttr(rewriter.getArrayAttr(maps));
      });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is transposed");
  }
};

} // namespace

void ContractOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<FoldTransposeIntoContract>(context);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

/// Puts the ops of `block`, its arguments replaced by `values`, in front of
/// `op`, and `op` by what the block yields.
static void replaceByBlock(PatternRewriter &rewriter, Operation *op,
                           Block *block, ValueRange values) {
  auto yield = cast<YieldOp>(block->getTerminator());
  rewriter.inlineBlockBefore(block, op, values);
  rewriter.replaceOp(op, yield.getValues());
  rewriter.eraseOp(yield);
}

namespace {

/// A branch on a constant is the region it takes.
struct TakeKnownBranch : OpRewritePattern<CondOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CondOp op,
                                PatternRewriter &rewriter) const override {
    DenseElementsAttr value;
    if (!matchPattern(op.getPredicate(), m_Constant(&value)))
      return rewriter.notifyMatchFailure(op, "predicate is not known");
    Block *block = value.getSplatValue<bool>() ? op.getTakenBlock()
                                               : op.getOtherwiseBlock();
    SmallVector<Value> with(op.getWith());
    replaceByBlock(rewriter, op, block, with);
    return success();
  }
};

/// A loop of no rounds gives what it starts from, if it stacks nothing.
struct DropEmptyScan : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getTripSize() != SizeExpr(0) || !op.getStacks().empty() ||
        op.hasUntil())
      return rewriter.notifyMatchFailure(op, "has rounds or stacks");
    rewriter.replaceOp(op, op.getInit());
    return success();
  }
};

} // namespace

void CondOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<TakeKnownBranch>(context);
}

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropEmptyScan>(context);
}
