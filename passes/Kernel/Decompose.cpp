// SPDX-License-Identifier: Apache-2.0
//
// Ops without a kernel form.
//
// Graph -> Graph. Stands before clusters are formed: a maximum, a sum and a
// logarithm can be fused with what is around them, a logsumexp could not.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace lamina {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using graph::ReduceKind;
using graph::SizeExpr;

/// A constant of rank 0, repeated to a type.
static Value splat(OpBuilder &b, Location loc, RankedTensorType type,
                   TypedAttr value) {
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value constant = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(scalar, ArrayRef<Attribute>(value)));
  if (type.getRank() == 0)
    return constant;
  return graph::BroadcastOp::create(b, loc, type, constant,
                                    ArrayRef<int64_t>());
}

/// A reduced value, repeated along the axes that were reduced.
static Value repeat(OpBuilder &b, Location loc, Value reduced,
                    RankedTensorType type, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> kept;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (!llvm::is_contained(axes, axis))
      kept.push_back(axis);
  return graph::BroadcastOp::create(b, loc, type, reduced, kept);
}

namespace {
/// logsumexp(x) = log sum exp(x - m) + m, m the maximum where that is finite,
/// else 0: a row of -inf gives -inf, one with +inf gives +inf.
struct DecomposeLogSumExp : OpRewritePattern<graph::ReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ReduceOp op,
                                PatternRewriter &b) const override {
    if (op.getKind() != ReduceKind::LogSumExp)
      return b.notifyMatchFailure(op, "is no logsumexp");
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getX().getType());
    auto rows = cast<RankedTensorType>(op.getType());
    auto real = cast<FloatType>(rows.getElementType());
    Value most = graph::ReduceOp::create(b, loc, rows, ReduceKind::Max,
                                         op.getX(), op.getAxes());
    Value size = math::AbsFOp::create(b, loc, most);
    Value infinity =
        splat(b, loc, rows,
              b.getFloatAttr(real, APFloat::getInf(real.getFloatSemantics())));
    Value finite = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT,
                                         size, infinity);
    Value zero = splat(b, loc, rows, b.getZeroAttr(real));
    Value shift = arith::SelectOp::create(b, loc, finite, most, zero);
    Value moved = arith::SubFOp::create(
        b, loc, op.getX(), repeat(b, loc, shift, type, op.getAxes()));
    Value powers = math::ExpOp::create(b, loc, moved);
    Value sum = graph::ReduceOp::create(b, loc, rows, ReduceKind::Sum, powers,
                                        op.getAxes());
    Value log = math::LogOp::create(b, loc, sum);
    b.replaceOpWithNewOp<arith::AddFOp>(op, log, shift);
    return success();
  }
};

/// The lowest index whose value is the extremum, 0 if none is (a row of NaN).
struct DecomposeArgReduce : OpRewritePattern<graph::ArgReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ArgReduceOp op,
                                PatternRewriter &b) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getX().getType());
    auto rows = cast<RankedTensorType>(op.getType());
    int64_t axis = op.getAxis();
    bool isMax = op.getKind() == graph::Extremum::Max;
    Value x = op.getX();
    if (auto real = dyn_cast<FloatType>(type.getElementType())) {
      // NaNs are passed over: they never are the extremum.
      Value isNumber =
          arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, x, x);
      Value worst =
          splat(b, loc, type,
                b.getFloatAttr(real, APFloat::getInf(real.getFloatSemantics(),
                                                     /*Negative=*/isMax)));
      x = arith::SelectOp::create(b, loc, isNumber, x, worst);
    }
    Value best = graph::ReduceOp::create(
        b, loc, rows.clone(type.getElementType()),
        isMax ? ReduceKind::Max : ReduceKind::Min, x, ArrayRef<int64_t>{axis});
    Value all = repeat(b, loc, best, type, {axis});
    Value hits = isa<FloatType>(type.getElementType())
                     ? Value(arith::CmpFOp::create(
                           b, loc, arith::CmpFPredicate::OEQ, op.getX(), all))
                     : Value(arith::CmpIOp::create(
                           b, loc, arith::CmpIPredicate::eq, op.getX(), all));
    auto places = cast<RankedTensorType>(type.clone(b.getI32Type()));
    Value place = graph::IotaOp::create(b, loc, places, axis);
    TypedAttr beyond = b.getI32IntegerAttr(INT32_MAX);
    Value chosen = arith::SelectOp::create(b, loc, hits, place,
                                           splat(b, loc, places, beyond));
    Value lowest = graph::ReduceOp::create(b, loc, rows, ReduceKind::Min,
                                           chosen, ArrayRef<int64_t>{axis});
    Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lowest,
                                       splat(b, loc, rows, beyond));
    b.replaceOpWithNewOp<arith::SelectOp>(
        op, none, splat(b, loc, rows, b.getI32IntegerAttr(0)), lowest);
    return success();
  }
};

/// An operand read at (e) floordiv d, 0 where it has a remainder: with d - 1
/// zeros between its elements it is read at e.
struct SpreadOperand : OpRewritePattern<graph::ContractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ContractOp op,
                                PatternRewriter &b) const override {
    for (unsigned i : {0, 1})
      for (auto [axis, expr] : llvm::enumerate(op.getMap(i).getResults()))
        if (expr.getKind() == AffineExprKind::FloorDiv)
          return spread(op, i, axis, b);
    return b.notifyMatchFailure(op, "reads no operand between its elements");
  }

private:
  LogicalResult spread(graph::ContractOp op, unsigned number, unsigned axis,
                       PatternRewriter &b) const {
    auto division = cast<AffineBinaryOpExpr>(op.getMap(number).getResult(axis));
    int64_t step = cast<AffineConstantExpr>(division.getRHS()).getValue();
    Value x = op->getOperand(number);
    auto type = cast<RankedTensorType>(x.getType());
    graph::Shape shape = graph::getShape(type);
    shape[axis] = (shape[axis] - SizeExpr(1)) * SizeExpr(step) + SizeExpr(1);
    auto wide = graph::getTensorType(shape, type.getElementType());
    Value zero =
        splat(b, op.getLoc(), RankedTensorType::get({}, type.getElementType()),
              b.getZeroAttr(type.getElementType()));
    SmallVector<int64_t> low(type.getRank(), 0), interior(type.getRank(), 0);
    interior[axis] = step - 1;
    Value padded =
        graph::PadOp::create(b, op.getLoc(), wide, x, zero, low, interior);
    SmallVector<AffineMap> maps;
    for (unsigned i : {0, 1, 2})
      maps.push_back(op.getMap(i));
    SmallVector<AffineExpr> exprs(maps[number].getResults());
    exprs[axis] = division.getLHS();
    maps[number] =
        AffineMap::get(maps[number].getNumDims(), 0, exprs, b.getContext());
    b.modifyOpInPlace(op, [&] {
      op->setOperand(number, padded);
      op.setMapsAttr(b.getAffineMapArrayAttr(maps));
    });
    return success();
  }
};

/// A contraction that sums over nothing is a product: elementwise, so that it
/// is part of the kernel that reads it.
struct DecomposeOuterProduct : OpRewritePattern<graph::ContractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ContractOp op,
                                PatternRewriter &b) const override {
    auto sizes = op.getLoopSizes();
    for (unsigned loop = 0; loop < sizes.size(); ++loop)
      if (!op.getMap(2).isFunctionOfDim(loop) && *sizes[loop] != SizeExpr(1))
        return b.notifyMatchFailure(op, "sums over a loop");
    for (unsigned i : {0, 1})
      if (!op.getMap(i).isProjectedPermutation())
        return b.notifyMatchFailure(op, "reads a window");
    auto type = cast<RankedTensorType>(op.getType());
    auto wide = cast<RankedTensorType>(type.clone(op.getAccumulatorType()));
    Value a = view(op, 0, wide, b), c = view(op, 1, wide, b);
    Value product = arith::MulFOp::create(b, op.getLoc(), a, c);
    if (wide != type)
      product = arith::TruncFOp::create(b, op.getLoc(), type, product);
    b.replaceOp(op, product);
    return success();
  }

private:
  /// An operand with the axes of the result, as elements of `wide`.
  static Value view(graph::ContractOp op, unsigned number,
                    RankedTensorType wide, PatternRewriter &b) {
    Value x = op->getOperand(number);
    Type element = cast<RankedTensorType>(x.getType()).getElementType();
    graph::Shape shape = graph::getShape(x), kept;
    // For each axis that the result has, its place there.
    SmallVector<int64_t> places;
    for (auto [axis, expr] : llvm::enumerate(op.getMap(number).getResults()))
      if (auto place = op.getMap(2).getResultPosition(expr)) {
        kept.push_back(shape[axis]);
        places.push_back(*place);
      }
    if (kept.size() != shape.size())
      x = graph::ReshapeOp::create(b, op.getLoc(),
                                   graph::getTensorType(kept, element), x);
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, places.size()));
    llvm::sort(order,
               [&](int64_t i, int64_t j) { return places[i] < places[j]; });
    if (!llvm::is_sorted(order)) {
      graph::Shape sorted;
      for (int64_t axis : order)
        sorted.push_back(kept[axis]);
      x = graph::TransposeOp::create(
          b, op.getLoc(), graph::getTensorType(sorted, element), x, order);
      llvm::sort(places);
    }
    auto type = cast<RankedTensorType>(wide.clone(element));
    if (x.getType() != type)
      x = graph::BroadcastOp::create(b, op.getLoc(), type, x, places);
    if (type != wide)
      x = arith::ExtFOp::create(b, op.getLoc(), wide, x);
    return x;
  }
};

/// A scatter whose axis stands behind others than its batch axes: those are
/// moved behind it, and back in the result.
struct MoveScatterAxis : OpRewritePattern<graph::ScatterOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::ScatterOp op,
                                PatternRewriter &b) const override {
    int64_t batch = op.getBatch(), axis = op.getAxis();
    if (axis == batch)
      return b.notifyMatchFailure(op, "scatters along its first axis");
    int64_t added =
        cast<RankedTensorType>(op.getIds().getType()).getRank() - batch;
    Value x = move(b, op.getLoc(), op.getX(), batch, axis, 1);
    Value updates = move(b, op.getLoc(), op.getUpdates(), batch, axis, added);
    Value moved = graph::ScatterOp::create(
        b, op.getLoc(), x.getType(), op.getKind(), x, op.getIds(), updates,
        batch, batch, op.getOutside());
    b.replaceOp(op,
                move(b, op.getLoc(), moved, batch, batch + 1, axis - batch));
    return success();
  }

private:
  /// Moves the `count` axes from `from` on to the front, behind the batch axes.
  static Value move(OpBuilder &b, Location loc, Value x, int64_t batch,
                    int64_t from, int64_t count) {
    graph::Shape shape = graph::getShape(x), moved;
    auto order = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
    std::rotate(order.begin() + batch, order.begin() + from,
                order.begin() + from + count);
    for (int64_t axis : order)
      moved.push_back(shape[axis]);
    Type element = cast<RankedTensorType>(x.getType()).getElementType();
    auto type = graph::getTensorType(moved, element);
    // Zeros stay what `scatter` starts from without reading them.
    auto repeated = x.getDefiningOp<graph::BroadcastOp>();
    if (repeated && repeated.getAxes().empty())
      return graph::BroadcastOp::create(b, loc, type, repeated.getX(),
                                        ArrayRef<int64_t>());
    return graph::TransposeOp::create(b, loc, type, x, order);
  }
};

/// Windows that lie side by side without overlap are parts of the axis.
struct JoinWindows : OpRewritePattern<graph::UnwindowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::UnwindowOp op,
                                PatternRewriter &b) const override {
    graph::Shape from = graph::getShape(op.getX());
    graph::Shape to = graph::getShape(op.getResult());
    for (auto [i, axis] : llvm::enumerate(op.getAxes())) {
      SizeExpr covered = from[axis + i] * SizeExpr(op.getSize()[i]);
      if (op.getStride()[i] != op.getSize()[i] || op.getDilation()[i] != 1 ||
          op.getLow()[i] != 0 || covered != to[axis])
        return b.notifyMatchFailure(op, "windows overlap or leave gaps");
    }
    b.replaceOpWithNewOp<graph::ReshapeOp>(op, op.getType(), op.getX());
    return success();
  }
};

/// What the adjoint of attention needs of the result is one number a row.
struct ReduceResultOfAttention : OpRewritePattern<graph::AttendGradOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(graph::AttendGradOp op,
                                PatternRewriter &b) const override {
    RankedTensorType o = op.getO().getType(), stats = op.getStats().getType();
    if (o == stats)
      return b.notifyMatchFailure(op, "has the numbers of the rows already");
    auto type = graph::withElementType(o, stats.getElementType());
    auto widened = [&](Value x) {
      return x.getType() == type
                 ? x
                 : Value(arith::ExtFOp::create(b, op.getLoc(), type, x));
    };
    Value product = arith::MulFOp::create(b, op.getLoc(), widened(op.getO()),
                                          widened(op.getAdjoint()));
    Value sums =
        graph::ReduceOp::create(b, op.getLoc(), stats, ReduceKind::Sum, product,
                                ArrayRef<int64_t>{o.getRank() - 1});
    b.modifyOpInPlace(op, [&] { op.getOMutable().assign(sums); });
    return success();
  }
};

struct DecomposePass : lamina::impl::DecomposePassBase<DecomposePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeLogSumExp, DecomposeArgReduce, SpreadOperand,
                 DecomposeOuterProduct, MoveScatterAxis, JoinWindows,
                 ReduceResultOfAttention>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
