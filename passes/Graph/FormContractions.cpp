// SPDX-License-Identifier: Apache-2.0
//
// Sums of products as contractions.
//
// IRGen writes a sum of products as views, a product as large as all axes, and
// a reduction. Here that becomes `graph.contract`, whose loops are the axes of
// the product: the views become maps, and the product is never made.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Matchers.h"

namespace lamina {
#define GEN_PASS_DEF_FORMCONTRACTIONSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using graph::SizeExpr;

namespace {

/// A tensor and, for each of its axes, the index it is read at.
struct Factor {
  Value base;
  SmallVector<AffineExpr> indices;

  bool uses(unsigned loop) const {
    return llvm::any_of(
        indices, [&](AffineExpr index) { return index.isFunctionOfDim(loop); });
  }
  /// The axis whose index is just this loop.
  std::optional<unsigned> getPlainAxis(unsigned loop) const {
    for (auto [axis, index] : llvm::enumerate(indices))
      if (auto dim = dyn_cast<AffineDimExpr>(index))
        if (dim.getPosition() == loop)
          return axis;
    return std::nullopt;
  }
  bool isWindowed() const {
    return !llvm::all_of(indices, llvm::IsaPred<AffineDimExpr>);
  }
};

/// One reduction while it is rewritten.
class ContractionBuilder {
public:
  ContractionBuilder(graph::ReduceOp op, IRRewriter &rewriter)
      : op(op), rewriter(rewriter), shape(graph::getShape(op.getX())),
        rank(shape.size()), summed(op.getAxes()) {}

  /// Rewrites the reduction, or leaves everything as it is.
  LogicalResult form(bool seesWindows);

private:
  void collect(Value value, bool isRoot);
  Factor trace(Value value) const;
  bool isSummed(unsigned loop) const {
    return llvm::is_contained(summed, int64_t(loop));
  }
  bool isWorthIt() const;
  bool canReduceAlone() const;
  void reduceAlone();
  double getCost(const Factor &a, const Factor &b) const;
  Factor contract(const Factor &a, const Factor &b, ArrayRef<Factor> others);
  void finish(Factor product);

  graph::ReduceOp op;
  IRRewriter &rewriter;
  graph::Shape shape;
  unsigned rank;
  ArrayRef<int64_t> summed;
  bool seesWindows = false;
  SmallVector<Factor> factors;
  SmallVector<Value> scalars;
};

} // namespace

/// The rank-0 value that all elements of `value` are; null if there is none.
static Value getScalar(Value value, IRRewriter &rewriter) {
  auto broadcast = value.getDefiningOp<graph::BroadcastOp>();
  if (broadcast && broadcast.getX().getType().getRank() == 0)
    return broadcast.getX();
  SplatElementsAttr splat;
  if (!matchPattern(value, m_Constant(&splat)))
    return {};
  auto type = RankedTensorType::get({}, splat.getElementType());
  return arith::ConstantOp::create(
      rewriter, value.getLoc(),
      DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()));
}

/// Follows views down to what they read.
Factor ContractionBuilder::trace(Value value) const {
  Factor factor{value, {}};
  for (unsigned loop = 0; loop < rank; ++loop)
    factor.indices.push_back(rewriter.getAffineDimExpr(loop));
  while (true) {
    SmallVector<AffineExpr> from = factor.indices, to;
    if (auto view = factor.base.getDefiningOp<graph::BroadcastOp>()) {
      for (int64_t axis : view.getAxes())
        to.push_back(from[axis]);
      factor.base = view.getX();
    } else if (auto view = factor.base.getDefiningOp<graph::TransposeOp>()) {
      to.resize(from.size());
      for (auto [axis, index] : llvm::zip_equal(view.getOrder(), from))
        to[axis] = index;
      factor.base = view.getX();
    } else if (auto view = factor.base.getDefiningOp<graph::WindowOp>();
               view && seesWindows) {
      auto outside = dyn_cast_or_null<FloatAttr>(view.getOutsideAttr());
      if (outside && !outside.getValue().isZero())
        return factor;
      unsigned next = 0;
      for (unsigned axis = 0; axis < from.size(); ++axis) {
        if (next == view.getAxes().size() || view.getPairAxis(next) != axis) {
          to.push_back(from[axis]);
          continue;
        }
        to.push_back(from[axis] * view.getStride()[next] +
                     from[axis + 1] * view.getDilation()[next] -
                     view.getLow()[next]);
        ++axis;
        ++next;
      }
      factor.base = view.getX();
    } else {
      return factor;
    }
    factor.indices = std::move(to);
  }
}

/// Takes a product apart, left to right. An inner product that others read too
/// is one factor.
void ContractionBuilder::collect(Value value, bool isRoot) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (product && (isRoot || product->hasOneUse())) {
    collect(product.getLhs(), false);
    collect(product.getRhs(), false);
    return;
  }
  if (Value scalar = getScalar(value, rewriter))
    scalars.push_back(scalar);
  else
    factors.push_back(trace(value));
}

/// Whether the product is larger than its factors: each has an axis that the
/// other lacks. A window is never worth making.
bool ContractionBuilder::isWorthIt() const {
  if (llvm::any_of(factors, [](const Factor &f) { return f.isWindowed(); }))
    return true;
  return llvm::none_of(factors, [&](const Factor &factor) {
    return llvm::all_of(llvm::seq(0u, rank), [&](unsigned loop) {
      return factor.uses(loop) || llvm::none_of(factors, [&](const Factor &f) {
               return f.uses(loop);
             });
    });
  });
}

/// Whether what is summed over one factor only is a plain axis of it, so that
/// it can be summed before, and everything else summed is a plain axis of some
/// factor, which gives its size. (A sum over what no factor has would be a
/// multiplication by its size.)
bool ContractionBuilder::canReduceAlone() const {
  for (unsigned loop = 0; loop < rank; ++loop) {
    if (!isSummed(loop))
      continue;
    bool isPlain = llvm::any_of(factors, [&](const Factor &factor) {
      return factor.getPlainAxis(loop).has_value();
    });
    if (!isPlain)
      return false;
  }
  return true;
}

/// Sums a factor over the axes that no other factor has.
void ContractionBuilder::reduceAlone() {
  for (Factor &factor : factors) {
    SmallVector<int64_t> axes;
    SmallVector<AffineExpr> kept;
    graph::Shape sizes;
    for (auto [axis, index] : llvm::enumerate(factor.indices)) {
      auto dim = dyn_cast<AffineDimExpr>(index);
      bool alone = dim && isSummed(dim.getPosition()) &&
                   llvm::count_if(factors,
                                  [&](const Factor &f) {
                                    return f.uses(dim.getPosition());
                                  }) == 1 &&
                   llvm::count_if(factor.indices, [&](AffineExpr other) {
                     return other.isFunctionOfDim(dim.getPosition());
                   }) == 1;
      if (alone) {
        axes.push_back(axis);
        continue;
      }
      kept.push_back(index);
      sizes.push_back(graph::getShape(factor.base)[axis]);
    }
    if (axes.empty())
      continue;
    Type element =
        cast<RankedTensorType>(factor.base.getType()).getElementType();
    factor.base = graph::ReduceOp::create(
        rewriter, op.getLoc(), graph::getTensorType(sizes, element),
        graph::ReduceKind::Sum, factor.base, axes);
    factor.indices = std::move(kept);
  }
}

/// Multiplications, where a named size counts as 128.
double ContractionBuilder::getCost(const Factor &a, const Factor &b) const {
  double cost = 1;
  for (unsigned loop = 0; loop < rank; ++loop)
    if (a.uses(loop) || b.uses(loop))
      cost *= static_cast<double>(
          shape[loop]
              .evaluate([](StringRef) -> std::optional<int64_t> { return 128; })
              .value_or(128));
  return cost;
}

/// `indices` over the loops of a product, which are renamed to `loops`.
static AffineMapAttr renamedMap(ArrayRef<AffineExpr> indices,
                                ArrayRef<AffineExpr> loops, unsigned count,
                                MLIRContext *context) {
  SmallVector<AffineExpr> renamed;
  for (AffineExpr index : indices)
    renamed.push_back(index.replaceDims(loops));
  return AffineMapAttr::get(AffineMap::get(count, 0, renamed, context));
}

/// Multiplies two factors and sums over what nobody else needs.
Factor ContractionBuilder::contract(const Factor &a, const Factor &b,
                                    ArrayRef<Factor> others) {
  SmallVector<AffineExpr> kept, loops(rank);
  graph::Shape sizes;
  unsigned next = 0;
  auto isNeeded = [&](unsigned loop) {
    return !isSummed(loop) ||
           llvm::any_of(others, [&](const Factor &f) { return f.uses(loop); });
  };
  auto isUsed = [&](unsigned loop) { return a.uses(loop) || b.uses(loop); };
  for (unsigned loop = 0; loop < rank; ++loop)
    if (isUsed(loop) && isNeeded(loop)) {
      kept.push_back(rewriter.getAffineDimExpr(loop));
      sizes.push_back(shape[loop]);
      loops[loop] = rewriter.getAffineDimExpr(next++);
    }
  unsigned keptCount = next;
  for (unsigned loop = 0; loop < rank; ++loop)
    if (isUsed(loop) && !isNeeded(loop))
      loops[loop] = rewriter.getAffineDimExpr(next++);
  for (AffineExpr &loop : loops)
    if (!loop)
      loop = rewriter.getAffineConstantExpr(0);

  MLIRContext *context = rewriter.getContext();
  SmallVector<AffineExpr> result;
  for (unsigned i = 0; i < keptCount; ++i)
    result.push_back(rewriter.getAffineDimExpr(i));
  Attribute maps[] = {
      renamedMap(a.indices, loops, next, context),
      renamedMap(b.indices, loops, next, context),
      AffineMapAttr::get(AffineMap::get(next, 0, result, context))};
  Type element = op.getType().getElementType();
  Value product = graph::ContractOp::create(
      rewriter, op.getLoc(), graph::getTensorType(sizes, element), a.base,
      b.base, rewriter.getArrayAttr(maps), TypeAttr());
  return {product, kept};
}

/// Puts back axes that no factor has, multiplies by the scalars.
void ContractionBuilder::finish(Factor product) {
  Value value = product.base;
  SmallVector<int64_t> axes;
  unsigned next = 0, position = 0;
  for (unsigned loop = 0; loop < rank; ++loop) {
    if (isSummed(loop))
      continue;
    if (position < product.indices.size() &&
        product.indices[position] == rewriter.getAffineDimExpr(loop)) {
      axes.push_back(next);
      ++position;
    }
    ++next;
  }
  if (axes.size() != next)
    value = graph::BroadcastOp::create(rewriter, op.getLoc(), op.getType(),
                                       value, axes);
  for (Value scalar : scalars) {
    Value wide = graph::BroadcastOp::create(rewriter, op.getLoc(), op.getType(),
                                            scalar, ArrayRef<int64_t>{});
    value = arith::MulFOp::create(rewriter, op.getLoc(), value, wide);
  }
  rewriter.replaceOp(op, value);
}

LogicalResult ContractionBuilder::form(bool windows) {
  seesWindows = windows;
  auto product = op.getX().getDefiningOp<arith::MulFOp>();
  if (op.getKind() != graph::ReduceKind::Sum || !product ||
      !product->hasOneUse())
    return failure();
  rewriter.setInsertionPoint(op);
  collect(product, /*isRoot=*/true);
  if (factors.size() < 2 || !isWorthIt() || !canReduceAlone())
    return failure();
  reduceAlone();
  while (factors.size() > 1) {
    unsigned first = 0, second = 1;
    for (unsigned i = 0; i < factors.size(); ++i)
      for (unsigned j = i + 1; j < factors.size(); ++j)
        if (getCost(factors[i], factors[j]) <
            getCost(factors[first], factors[second])) {
          first = i;
          second = j;
        }
    Factor a = factors[first], b = factors[second];
    factors.erase(factors.begin() + second);
    factors.erase(factors.begin() + first);
    factors.insert(factors.begin() + first, contract(a, b, factors));
  }
  finish(factors.front());
  return success();
}

namespace {

struct FormContractions
    : lamina::impl::FormContractionsPassBase<FormContractions> {
  void runOnOperation() override {
    SmallVector<graph::ReduceOp> sums;
    getOperation()->walk([&](graph::ReduceOp op) { sums.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (graph::ReduceOp op : sums)
      if (graph::hasNamedSizes(op.getX().getType()) &&
          failed(ContractionBuilder(op, rewriter).form(true)))
        // Staying away is no failure.
        (void)ContractionBuilder(op, rewriter).form(false);
  }
};

} // namespace
