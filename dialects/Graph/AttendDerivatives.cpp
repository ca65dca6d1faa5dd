// SPDX-License-Identifier: Apache-2.0
//
// The adjoint of attention, and its parts.
//
// `attend` has an adjoint op of its own. Where more is asked for (a second
// derivative, the adjoint of the statistics, a backend without attention), both
// are taken apart into contractions over the whole score matrix; the adjoint as
// `graph.gradient` of the parts, so that there is one table of rules only.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;

namespace lamina::graph {

namespace {

//===----------------------------------------------------------------------===//
// A region on scalars, for all elements at once
//===----------------------------------------------------------------------===//

/// Writes a mask or score region as ops on tensors `[batch.., head, i, j]`.
class WholeRegion {
public:
  WholeRegion(OpBuilder &b, RankedTensorType whole) : b(b), whole(whole) {}

  void map(Value argument, Value tensor) { mapping.map(argument, tensor); }

  /// Maps the index arguments, one an axis, and the tensors behind them.
  void mapArguments(Block &block, unsigned first, ValueRange with) {
    for (int64_t axis = 0; axis < whole.getRank(); ++axis) {
      BlockArgument index = block.getArgument(first + unsigned(axis));
      axisOf[index] = axis;
      map(index, IotaOp::create(b, index.getLoc(), typeOf(index.getType()),
                                uint64_t(axis)));
    }
    for (auto [argument, tensor] : llvm::zip(
             block.getArguments().drop_front(first + unsigned(whole.getRank())),
             with))
      map(argument, tensor);
  }

  /// The value that the block yields. Reports an op that has no such form.
  FailureOr<Value> write(Block &block) {
    for (Operation &op : block.without_terminator()) {
      if (auto extract = dyn_cast<tensor::ExtractOp>(op))
        map(extract, read(extract));
      else if (auto constant = dyn_cast<arith::ConstantOp>(op))
        map(constant, repeat(constant));
      else if (op.hasTrait<OpTrait::Elementwise>())
        writeElementwise(op);
      else
        return op.emitError("cannot stand in a mask or score of attention"),
               failure();
    }
    return mapping.lookup(block.getTerminator()->getOperand(0));
  }

private:
  RankedTensorType typeOf(Type element) const {
    return withElementType(whole, element);
  }

  Value repeat(arith::ConstantOp constant) {
    auto scalar = RankedTensorType::get({}, constant.getType());
    Value value = arith::ConstantOp::create(
        b, constant.getLoc(),
        DenseElementsAttr::get(scalar, Attribute(constant.getValue())));
    return BroadcastOp::create(b, constant.getLoc(), typeOf(constant.getType()),
                               value, ArrayRef<int64_t>());
  }

  void writeElementwise(Operation &op) {
    Operation *wide = b.clone(op, mapping);
    for (auto [old, result] : llvm::zip(op.getResults(), wide->getResults())) {
      result.setType(typeOf(old.getType()));
      map(old, result);
    }
  }

  /// A tensor read at axes of the scores repeats along the others; at computed
  /// indices it is a gather.
  Value read(tensor::ExtractOp extract) {
    Value tensor = mapping.lookup(extract.getTensor());
    SmallVector<int64_t> axes;
    for (Value index : extract.getIndices()) {
      auto axis = axisOf.find(index);
      if (axis == axisOf.end() ||
          (!axes.empty() && axis->second <= axes.back()))
        return gather(extract, tensor);
      axes.push_back(axis->second);
    }
    return BroadcastOp::create(b, extract.getLoc(), typeOf(extract.getType()),
                               tensor, axes);
  }

  Value gather(tensor::ExtractOp extract, Value tensor) {
    Location loc = extract.getLoc();
    Shape shape = getShape(tensor);
    Type i64 = b.getI64Type();
    Value position;
    for (auto [axis, index] : llvm::enumerate(extract.getIndices())) {
      Value id = arith::IndexCastOp::create(b, loc, typeOf(i64),
                                            mapping.lookup(index));
      if (position) {
        Value size = SizeOp::create(
            b, loc, RankedTensorType::get({}, i64),
            DimsAttr::get(b.getContext(), ArrayRef<SizeExpr>(shape[axis])));
        Value sizes =
            BroadcastOp::create(b, loc, typeOf(i64), size, ArrayRef<int64_t>());
        position = arith::MulIOp::create(b, loc, position, sizes);
        id = arith::AddIOp::create(b, loc, position, id);
      }
      position = id;
    }
    Value flat = ReshapeOp::create(
        b, loc, getTensorType({getElementCount(shape)}, extract.getType()),
        tensor);
    // Masked elements may be anywhere; they are dropped later.
    return GatherOp::create(b, loc, typeOf(extract.getType()), flat, position,
                            0, 0, /*outside=*/true);
  }

  OpBuilder &b;
  RankedTensorType whole;
  IRMapping mapping;
  llvm::DenseMap<Value, int64_t> axisOf;
};

//===----------------------------------------------------------------------===//
// Attention in parts
//===----------------------------------------------------------------------===//

/// What both ops have.
struct Attention {
  Normaliser normaliser;
  Value q, k, v;
  SmallVector<Value> with;
  Region &mask, &score;
  Type resultType, statsType;
};

class AttentionParts {
public:
  AttentionParts(OpBuilder &b, Location loc, const Attention &a)
      : b(b), loc(loc), a(a),
        batch(unsigned(cast<RankedTensorType>(a.q.getType()).getRank()) - 3) {}

  /// The result and the statistics.
  FailureOr<std::pair<Value, Value>> write() {
    Shape scoreShape = getShape(a.q);
    scoreShape.back() = getShape(a.k)[batch + 1];
    Type element = getElementTypeOrSelf(a.statsType);
    whole = getTensorType(scoreShape, element);
    FailureOr<Value> scores = scoresOf(), seen = maskOf();
    if (failed(scores) || failed(seen))
      return failure();
    auto [weights, stats] = normalise(*scores, *seen);
    return std::make_pair(applyWeights(weights), stats);
  }

private:
  Term term(Value v) { return {&b, loc, v}; }

  /// Heads that share a key are one axis more: [.., h, i, d] as [.., g, h/g, i,
  /// d].
  Value splitHeads(Value x) {
    Shape shape = getShape(x);
    SizeExpr groups = getShape(a.k)[batch];
    std::optional<SizeExpr> each = shape[batch].divideExactly(groups);
    assert(each && "attend.c1: heads are a multiple of groups");
    shape[batch] = *each;
    shape.insert(shape.begin() + batch, groups);
    return ReshapeOp::create(
        b, loc, getTensorType(shape, getElementTypeOrSelf(x.getType())), x);
  }

  /// Loops: batch.., group, head in it, i, j, c. Maps over some of them.
  AffineMap mapOf(ArrayRef<unsigned> inner) {
    SmallVector<AffineExpr> results;
    for (unsigned i = 0; i <= batch; ++i)
      results.push_back(b.getAffineDimExpr(i));
    for (unsigned loop : inner)
      results.push_back(b.getAffineDimExpr(batch + loop));
    return AffineMap::get(batch + 5, 0, results, b.getContext());
  }

  /// contract, then groups and heads joined to the axes of `type`. What is made
  /// of fewer bits than scores have is summed as these.
  Value multiply(Value x, Value y, ArrayRef<ArrayRef<unsigned>> loops,
                 RankedTensorType type) {
    Shape split = getShape(type);
    SizeExpr groups = getShape(a.k)[batch];
    SizeExpr each = *split[batch].divideExactly(groups);
    split[batch] = each;
    split.insert(split.begin() + batch, groups);
    Type sum = whole.getElementType();
    bool isNarrow = getElementTypeOrSelf(x.getType()) != sum;
    Value product = ContractOp::create(
        b, loc, getTensorType(split, sum), x, y,
        b.getAffineMapArrayAttr(
            {mapOf(loops[0]), mapOf(loops[1]), mapOf(loops[2])}),
        isNarrow ? TypeAttr::get(sum) : TypeAttr());
    Value joined =
        ReshapeOp::create(b, loc, withElementType(type, sum), product);
    return joined.getType() == type
               ? joined
               : Value(arith::TruncFOp::create(b, loc, type, joined));
  }

  FailureOr<Value> scoresOf() {
    Value s =
        multiply(splitHeads(a.q), a.k, {{1, 2, 4}, {3, 4}, {1, 2, 3}}, whole);
    if (a.score.empty())
      return s;
    Block &block = a.score.front();
    WholeRegion region(b, whole);
    region.map(block.getArgument(0), s);
    region.mapArguments(block, 1, a.with);
    return region.write(block);
  }

  FailureOr<Value> maskOf() {
    if (a.mask.empty())
      return constantLike(b, loc, truthLike(whole), 1);
    WholeRegion region(b, whole);
    region.mapArguments(a.mask.front(), 0, a.with);
    return region.write(a.mask.front());
  }

  Value spread(Value row) {
    auto axes = llvm::to_vector(llvm::seq<int64_t>(0, whole.getRank() - 1));
    return BroadcastOp::create(b, loc, whole, row, axes);
  }
  Value sumRows(Value x) {
    return ReduceOp::create(b, loc, cast<RankedTensorType>(a.statsType),
                            ReduceKind::Sum, x,
                            ArrayRef<int64_t>{whole.getRank() - 1});
  }

  std::pair<Value, Value> normalise(Value scores, Value seen) {
    Value zero = zeroOf(b, loc, whole);
    if (a.normaliser == Normaliser::Softmax) {
      Value least =
          constantLike(b, loc, whole, -std::numeric_limits<double>::infinity());
      Value masked = selectOp(b, loc, seen, scores, least);
      Value l = ReduceOp::create(b, loc, cast<RankedTensorType>(a.statsType),
                                 ReduceKind::LogSumExp, masked,
                                 ArrayRef<int64_t>{whole.getRank() - 1});
      Value weights = exp(term(scores) - term(spread(l))).value;
      return {selectOp(b, loc, seen, weights, zero), l};
    }
    Value masked = selectOp(b, loc, seen, scores, zero);
    if (a.normaliser == Normaliser::None)
      return {masked, zeroOf(b, loc, a.statsType)};
    Value total = sumRows(
        a.normaliser == Normaliser::Sum
            ? masked
            : selectOp(b, loc, seen, constantLike(b, loc, whole, 1), zero));
    Term divisor =
        choose(isZero(term(total)), term(total).constant(1), term(total));
    return {(term(masked) / term(spread(divisor.value))).value, total};
  }

  Value applyWeights(Value weights) {
    Type element = getElementTypeOrSelf(a.v.getType());
    if (element != whole.getElementType())
      weights = arith::TruncFOp::create(b, loc, withElementType(whole, element),
                                        weights);
    return multiply(splitHeads(weights), a.v, {{1, 2, 3}, {3, 4}, {1, 2, 4}},
                    cast<RankedTensorType>(a.resultType));
  }

  OpBuilder &b;
  Location loc;
  const Attention &a;
  unsigned batch;
  RankedTensorType whole;
};

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

LogicalResult pullAttend(AttendOp op, OpBuilder &b, ArrayRef<Value> adjoints,
                         Adjoints &sink) {
  SmallVector<Type> types{op.getQ().getType(), op.getK().getType(),
                          op.getV().getType()};
  SmallVector<unsigned> withNumbers;
  for (auto [i, tensor] : llvm::enumerate(op.getWith()))
    if (isa<FloatType>(getElementTypeOrSelf(tensor.getType()))) {
      types.push_back(tensor.getType());
      withNumbers.push_back(unsigned(i));
    }
  auto grad = AttendGradOp::create(
      b, op.getLoc(), types, op.getNormaliser(), op.getQ(), op.getK(),
      op.getV(), op.getResult(), op.getStats(), adjoints[0], op.getWith(),
      op.getList(), op.getBlocksAttr());
  IRMapping mapping;
  op.getMask().cloneInto(&grad.getMask(), mapping);
  op.getScore().cloneInto(&grad.getScore(), mapping);
  for (unsigned i = 0; i < 3; ++i)
    sink.add(i, grad->getResult(i));
  for (auto [result, number] : llvm::zip(grad.getDwith(), withNumbers))
    sink.add(3 + number, result);
  return success();
}

struct AttendModel
    : DifferentiableOpInterface::ExternalModel<AttendModel, AttendOp> {
  LogicalResult pullback(Operation *op, OpBuilder &b, ArrayRef<Value> adjoints,
                         Adjoints &sink) const {
    return pullAttend(cast<AttendOp>(op), b, adjoints, sink);
  }
  bool needsDecomposition(Operation *, ArrayRef<Value> adjoints) const {
    return bool(adjoints[1]);
  }
};

/// Always taken apart; the rule is that of the parts.
struct AttendGradModel
    : DifferentiableOpInterface::ExternalModel<AttendGradModel, AttendGradOp> {
  LogicalResult pullback(Operation *op, OpBuilder &, ArrayRef<Value>,
                         Adjoints &) const {
    return op->emitError("is differentiated in parts only");
  }
  bool needsDecomposition(Operation *, ArrayRef<Value>) const { return true; }
};

struct AttendParts
    : DecomposableOpInterface::ExternalModel<AttendParts, AttendOp> {
  FailureOr<SmallVector<Value>> decompose(Operation *op, OpBuilder &b) const {
    auto attend = cast<AttendOp>(op);
    Attention a{attend.getNormaliser(),
                attend.getQ(),
                attend.getK(),
                attend.getV(),
                SmallVector<Value>(attend.getWith()),
                attend.getMask(),
                attend.getScore(),
                attend.getResult().getType(),
                attend.getStats().getType()};
    auto parts = AttentionParts(b, op->getLoc(), a).write();
    if (failed(parts))
      return failure();
    return SmallVector<Value>{parts->first, parts->second};
  }
};

Value withElement(OpBuilder &b, Location loc, Value x, Type element) {
  auto from = cast<RankedTensorType>(x.getType());
  auto to = withElementType(from, element);
  if (from == to)
    return x;
  if (from.getElementTypeBitWidth() < to.getElementTypeBitWidth())
    return arith::ExtFOp::create(b, loc, to, x);
  return arith::TruncFOp::create(b, loc, to, x);
}

bool isOfFloats(Value x) {
  return isa<FloatType>(getElementTypeOrSelf(x.getType()));
}

struct AttendGradParts
    : DecomposableOpInterface::ExternalModel<AttendGradParts, AttendGradOp> {
  // In the type of the scores: what is between the products is not rounded.
  FailureOr<SmallVector<Value>> decompose(Operation *op, OpBuilder &b) const {
    auto grad = cast<AttendGradOp>(op);
    Location loc = op->getLoc();
    Type element = grad.getStats().getType().getElementType();
    Value adjoint = withElement(b, loc, grad.getAdjoint(), element);
    // Operands may be one value, or depend on each other; the adjoints are
    // those of each for itself. Behind the barrier they are apart.
    SmallVector<Value> operands{grad.getQ(), grad.getK(), grad.getV()};
    for (Value &factor : operands)
      factor = withElement(b, loc, factor, element);
    llvm::copy_if(grad.getWith(), std::back_inserter(operands), isOfFloats);
    auto apart =
        BarrierOp::create(b, loc, ValueRange(operands).getTypes(), operands);
    SmallVector<Value> with(grad.getWith());
    unsigned next = 3;
    for (Value &tensor : with)
      if (isOfFloats(tensor))
        tensor = apart.getResult(next++);
    Attention a{grad.getNormaliser(),
                apart.getResult(0),
                apart.getResult(1),
                apart.getResult(2),
                with,
                grad.getMask(),
                grad.getScore(),
                adjoint.getType(),
                grad.getStats().getType()};
    auto parts = AttentionParts(b, loc, a).write();
    if (failed(parts))
      return failure();
    auto gradient = GradientOp::create(
        b, loc, apart.getResultTypes(), ValueRange{parts->first},
        ValueRange{adjoint}, apart.getResults(), IntegerAttr());
    SmallVector<Value> results(gradient.getResults());
    for (auto [value, result] : llvm::zip(results, op->getResults()))
      value =
          withElement(b, loc, value, getElementTypeOrSelf(result.getType()));
    return results;
  }
};

} // namespace

void attachAttendDerivatives(MLIRContext *c) {
  AttendOp::attachInterface<AttendModel>(*c);
  AttendOp::attachInterface<AttendParts>(*c);
  AttendGradOp::attachInterface<AttendGradModel>(*c);
  AttendGradOp::attachInterface<AttendGradParts>(*c);
}

} // namespace lamina::graph
