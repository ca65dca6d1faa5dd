// SPDX-License-Identifier: Apache-2.0
//
// Neutral elements and selects.
//
// Upstream folds see constants only; a constant of a size known at run time is
// a `broadcast` of one.

#include "dialects/Graph/GraphOps.h"
#include "passes/Graph/Simplify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace lamina::graph {

std::optional<double> getUniformNumber(Value value) {
  while (auto broadcast = value.getDefiningOp<BroadcastOp>())
    value = broadcast.getX();
  DenseElementsAttr constant;
  if (!matchPattern(value, m_Constant(&constant)) || !constant.isSplat())
    return std::nullopt;
  Attribute element = constant.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(element))
    return number.getValueAsDouble();
  auto integer = cast<IntegerAttr>(element).getValue();
  return integer.getBitWidth() == 1 ? double(integer.getZExtValue())
                                    : double(integer.getSExtValue());
}

namespace {

bool isUniform(Value value, double number) {
  return getUniformNumber(value) == number;
}

/// x op neutral = x on the right; on the left too where `commutes`.
template <typename Op, int neutral, bool commutes>
struct DropNeutral : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (isUniform(op.getRhs(), neutral))
      rewriter.replaceOp(op, op.getLhs());
    else if (commutes && isUniform(op.getLhs(), neutral))
      rewriter.replaceOp(op, op.getRhs());
    else
      return rewriter.notifyMatchFailure(op, "no operand is neutral");
    return success();
  }
};

/// 0 - x = -x
struct NegateFromZero : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isUniform(op.getLhs(), 0))
      return rewriter.notifyMatchFailure(op, "does not start from 0");
    rewriter.replaceOpWithNewOp<arith::NegFOp>(op, op.getRhs());
    return success();
  }
};

/// -(-x) = x
struct DropDoubleNegation : OpRewritePattern<arith::NegFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::NegFOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<arith::NegFOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no negation");
    rewriter.replaceOp(op, inner.getOperand());
    return success();
  }
};

/// x + (-y) = x - y, (-x) + y = y - x
struct SubtractInsteadOfAdd : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    if (auto negation = op.getRhs().getDefiningOp<arith::NegFOp>())
      rewriter.replaceOpWithNewOp<arith::SubFOp>(op, op.getLhs(),
                                                 negation.getOperand());
    else if (auto negation = op.getLhs().getDefiningOp<arith::NegFOp>())
      rewriter.replaceOpWithNewOp<arith::SubFOp>(op, op.getRhs(),
                                                 negation.getOperand());
    else
      return rewriter.notifyMatchFailure(op, "no operand is a negation");
    return success();
  }
};

/// x - (-y) = x + y
struct AddInsteadOfSubtract : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    auto negation = op.getRhs().getDefiningOp<arith::NegFOp>();
    if (!negation)
      return rewriter.notifyMatchFailure(op, "subtracts no negation");
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, op.getLhs(),
                                               negation.getOperand());
    return success();
  }
};

/// select(not c, a, b) = select(c, b, a)
struct TurnNegatedSelect : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op,
                                PatternRewriter &rewriter) const override {
    auto negation = op.getCondition().getDefiningOp<arith::XOrIOp>();
    if (!negation || !isUniform(negation.getRhs(), 1))
      return rewriter.notifyMatchFailure(op, "condition is not negated");
    rewriter.replaceOpWithNewOp<arith::SelectOp>(
        op, negation.getLhs(), op.getFalseValue(), op.getTrueValue());
    return success();
  }
};

/// select(c, select(c, a, b), d) = select(c, a, d), and on the other side
struct DropInnerSelect : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op,
                                PatternRewriter &rewriter) const override {
    auto under = [&](Value value) {
      auto inner = value.getDefiningOp<arith::SelectOp>();
      return inner && inner.getCondition() == op.getCondition()
                 ? inner
                 : arith::SelectOp();
    };
    arith::SelectOp yes = under(op.getTrueValue()),
                    no = under(op.getFalseValue());
    if (!yes && !no)
      return rewriter.notifyMatchFailure(
          op, "no inner select has the same condition");
    rewriter.modifyOpInPlace(op, [&]() {
      if (yes)
        op.getTrueValueMutable().assign(yes.getTrueValue());
      if (no)
        op.getFalseValueMutable().assign(no.getFalseValue());
    });
    return success();
  }
};

/// select(c, n, n) = n, and a condition that is the same everywhere
struct DropKnownSelect : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SelectOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> condition = getUniformNumber(op.getCondition());
    std::optional<double> yes = getUniformNumber(op.getTrueValue()),
                          no = getUniformNumber(op.getFalseValue());
    if (condition)
      rewriter.replaceOp(op, *condition != 0 ? op.getTrueValue()
                                             : op.getFalseValue());
    else if (yes && yes == no)
      rewriter.replaceOp(op, op.getTrueValue());
    else
      return rewriter.notifyMatchFailure(op, "both values may be taken");
    return success();
  }
};

} // namespace

void populateArithRules(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<
      DropNeutral<arith::AddFOp, 0, true>, DropNeutral<arith::SubFOp, 0, false>,
      DropNeutral<arith::MulFOp, 1, true>, DropNeutral<arith::DivFOp, 1, false>,
      DropNeutral<arith::AddIOp, 0, true>, DropNeutral<arith::MulIOp, 1, true>,
      DropNeutral<arith::OrIOp, 0, true>, NegateFromZero, DropDoubleNegation,
      SubtractInsteadOfAdd, AddInsteadOfSubtract, TurnNegatedSelect,
      DropInnerSelect, DropKnownSelect>(context);
}

} // namespace lamina::graph
