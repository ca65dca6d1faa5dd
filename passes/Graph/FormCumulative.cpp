// SPDX-License-Identifier: Apache-2.0
//
// Sums over earlier positions.
//
// A running sum is written as a sum over all positions with the later ones
// selected away; that is quadratic. `graph.cumulative` is linear.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace lamina {
#define GEN_PASS_DEF_FORMCUMULATIVEPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using graph::ReduceKind;

/// The axis along which a value is its index.
static std::optional<int64_t> getIotaAxis(Value value) {
  if (auto iota = value.getDefiningOp<graph::IotaOp>())
    return iota.getAxis();
  auto broadcast = value.getDefiningOp<graph::BroadcastOp>();
  auto iota = broadcast ? broadcast.getX().getDefiningOp<graph::IotaOp>()
                        : graph::IotaOp();
  if (!iota)
    return std::nullopt;
  return broadcast.getAxes()[iota.getAxis()];
}

/// Whether all elements are what a reduction of this kind starts from.
static bool isNeutral(Value value, ReduceKind kind) {
  if (auto broadcast = value.getDefiningOp<graph::BroadcastOp>())
    value = broadcast.getX();
  SplatElementsAttr splat;
  if (!matchPattern(value, m_Constant(&splat)) ||
      !isa<FloatType>(splat.getElementType()))
    return false;
  APFloat number = splat.getSplatValue<APFloat>();
  switch (kind) {
  case ReduceKind::Sum:
    return number.isZero();
  case ReduceKind::Prod:
    return number.isExactlyValue(1.0);
  case ReduceKind::Max:
  case ReduceKind::LogSumExp:
    return number.isInfinity() && number.isNegative();
  case ReduceKind::Min:
    return number.isInfinity() && !number.isNegative();
  default:
    return false;
  }
}

/// The direction that a comparison of s with t selects.
static bool getDirection(arith::CmpIPredicate predicate, bool &reverse,
                         bool &exclusive) {
  using P = arith::CmpIPredicate;
  reverse = predicate == P::sge || predicate == P::sgt || predicate == P::uge ||
            predicate == P::ugt;
  exclusive = predicate == P::slt || predicate == P::sgt ||
              predicate == P::ult || predicate == P::ugt;
  return predicate != P::eq && predicate != P::ne;
}

static arith::CmpIPredicate swapSides(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::sle:
    return P::sge;
  case P::slt:
    return P::sgt;
  case P::sge:
    return P::sle;
  case P::sgt:
    return P::slt;
  case P::ule:
    return P::uge;
  case P::ult:
    return P::ugt;
  case P::uge:
    return P::ule;
  case P::ugt:
    return P::ult;
  default:
    return predicate;
  }
}

namespace {

struct FormCumulativeReduction : OpRewritePattern<graph::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto select = op.getX().getDefiningOp<arith::SelectOp>();
    if (!select || op.getAxes().size() != 1)
      return rewriter.notifyMatchFailure(op, "is no sum of a select over one "
                                             "axis");
    int64_t s = op.getAxes().front();
    auto compare = select.getCondition().getDefiningOp<arith::CmpIOp>();
    auto values = select.getTrueValue().getDefiningOp<graph::BroadcastOp>();
    if (!compare || !values || !isNeutral(select.getFalseValue(), op.getKind()))
      return rewriter.notifyMatchFailure(op, "selects something else");

    std::optional<int64_t> left = getIotaAxis(compare.getLhs());
    std::optional<int64_t> right = getIotaAxis(compare.getRhs());
    if (!left || !right || *left == *right || (*left != s && *right != s))
      return rewriter.notifyMatchFailure(op, "does not compare two positions");
    int64_t t = *left == s ? *right : *left;
    arith::CmpIPredicate predicate =
        *left == s ? compare.getPredicate() : swapSides(compare.getPredicate());
    bool reverse, exclusive;
    graph::Shape shape = graph::getShape(op.getX());
    if (!getDirection(predicate, reverse, exclusive) ||
        llvm::is_contained(values.getAxes(), t) ||
        !llvm::is_contained(values.getAxes(), s) || shape[s] != shape[t])
      return rewriter.notifyMatchFailure(op, "values depend on both positions");

    Value x = values.getX();
    int64_t axis = llvm::find(values.getAxes(), s) - values.getAxes().begin();
    Value running =
        graph::CumulativeOp::create(rewriter, op.getLoc(), x.getType(),
                                    op.getKind(), x, axis, reverse, exclusive);
    rewriter.replaceOp(op, place(op, values, running, s, t, rewriter));
    return success();
  }

private:
  /// The running values as the reduction's result: s is called t from here on,
  /// which may stand elsewhere.
  static Value place(graph::ReduceOp op, graph::BroadcastOp values,
                     Value running, int64_t s, int64_t t,
                     PatternRewriter &rewriter) {
    SmallVector<int64_t> axes(values.getAxes());
    for (int64_t &axis : axes)
      if (axis == s)
        axis = t;
    SmallVector<int64_t> order =
        llvm::to_vector(llvm::seq<int64_t>(0, axes.size()));
    llvm::sort(order, [&](int64_t a, int64_t b) { return axes[a] < axes[b]; });
    if (!llvm::is_sorted(order)) {
      graph::Shape from = graph::getShape(running), to;
      for (int64_t axis : order)
        to.push_back(from[axis]);
      running = graph::TransposeOp::create(
          rewriter, op.getLoc(),
          graph::getTensorType(to, op.getType().getElementType()), running,
          order);
      llvm::sort(axes);
    }
    for (int64_t &axis : axes)
      axis -= axis > s;
    if (running.getType() == op.getType())
      return running;
    return graph::BroadcastOp::create(rewriter, op.getLoc(), op.getType(),
                                      running, axes);
  }
};

struct FormCumulative : lamina::impl::FormCumulativePassBase<FormCumulative> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FormCumulativeReduction>(&getContext());
    // Only what matches is rewritten: folding is the canonicalizer's.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
