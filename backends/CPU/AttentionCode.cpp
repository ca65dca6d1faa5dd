// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of attention say about elements and blocks.

#include "backends/CPU/AttentionCode.h"

#include "backends/CPU/ScalarOps.h"
#include "backends/CPU/VectorMath.h"

#include <limits>

using namespace llvm;

namespace lamina::cpu {

template <class Op>
static AttentionOp describe(Op op) {
  AttentionOp found;
  found.op = op;
  found.q = op.getQ();
  found.k = op.getK();
  found.v = op.getV();
  found.with.assign(op.getWith().begin(), op.getWith().end());
  found.mask = op.getMask().empty() ? nullptr : &op.getMask().front();
  found.score = op.getScore().empty() ? nullptr : &op.getScore().front();
  found.blocks = dyn_cast_or_null<mask::BlocksAttr>(op.getBlocksAttr());
  return found;
}

std::optional<AttentionOp> AttentionOp::find(const KernelBody &body) {
  for (mlir::Operation *op : body.ops()) {
    if (auto attend = dyn_cast<graph::AttendOp>(op))
      return describe(attend);
    if (auto grad = dyn_cast<graph::AttendGradOp>(op))
      return describe(grad);
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

AttentionCode::AttentionCode(Frame &frame, const AttentionOp &op)
    : frame(frame), b(frame.b), op(op), outer(frame, 1) {
  unsigned rank = op.rank();
  queries = frame.extent(frame.body.extent(op.q, rank - 2));
  keys = frame.extent(frame.body.extent(op.k, rank - 2));
  Extent heads = frame.body.extent(op.q, rank - 3);
  Extent groups = frame.body.extent(op.k, rank - 3);
  share = heads.isFixed() && groups.isFixed() ? heads.plus / groups.plus : 1;
  outer.setAnchor();
}

SmallVector<Extent> AttentionCode::headAxes(mlir::Value tensor) {
  SmallVector<Extent> extents;
  for (unsigned axis = 0; axis + 2 < op.rank(); ++axis)
    extents.push_back(frame.body.extent(tensor, axis));
  return extents;
}

Value *AttentionCode::headCount() { return frame.product(headAxes(op.q)); }
Value *AttentionCode::groupCount() { return frame.product(headAxes(op.k)); }

void AttentionCode::setHead(Value *number) {
  head = splitIndex(frame, headAxes(op.q), number);
  group = head;
  group.back() = {b.divide(head.back().base, b.index(share)), 0};
}

void AttentionCode::setGroup(Value *number, Value *member) {
  group = splitIndex(frame, headAxes(op.k), number);
  head = group;
  Value *first = b.multiply(group.back().base, b.index(share));
  head.back() = {b.add(first, member), 0};
}

Coordinates AttentionCode::rowOf(const Coordinates &batch, Value *row,
                                 Value *column, unsigned lanes) const {
  Coordinates at = batch;
  at.push_back({row, 0});
  if (column)
    at.push_back({column, lanes > 1 ? 1 : 0});
  return at;
}

Value *AttentionCode::read(mlir::Value tensor, const Coordinates &at,
                           Lanes lanes) {
  Evaluator evaluator(frame, lanes.count, lanes.mask, &outer);
  Value *value = evaluator.read(tensor, at);
  if (evaluator.failedOp())
    failure = evaluator.failedOp();
  return b.splat(value, lanes.count);
}

Value *AttentionCode::readWide(mlir::Value tensor, const Coordinates &at,
                               Lanes lanes) {
  Value *value = read(tensor, at, lanes);
  return value->getType()->getScalarType()->isBFloatTy() ? widenBFloat(b, value)
                                                         : value;
}

Value *AttentionCode::readQuery(mlir::Value tensor, Value *i, Value *c,
                                Lanes lanes) {
  return readWide(tensor, rowOf(head, i, c, lanes.count), lanes);
}
Value *AttentionCode::readKey(mlir::Value tensor, Value *j, Value *c,
                              Lanes lanes) {
  return readWide(tensor, rowOf(group, j, c, lanes.count), lanes);
}
Value *AttentionCode::readRow(mlir::Value tensor, Value *i) {
  return readWide(tensor, rowOf(head, i, nullptr), Lanes());
}

void AttentionCode::write(const Storage &where, const Coordinates &at,
                          Value *value, Lanes lanes) {
  if (where.elementType.isBF16())
    value = roundToBFloat(b, value);
  Evaluator(frame, lanes.count, lanes.mask).write(where, at, value);
}

void AttentionCode::writeQuery(const Storage &where, Value *i, Value *c,
                               Value *value, Lanes lanes) {
  write(where, rowOf(head, i, c, lanes.count), value, lanes);
}
void AttentionCode::writeKey(const Storage &where, Value *j, Value *c,
                             Value *value, Lanes lanes) {
  write(where, rowOf(group, j, c, lanes.count), value, lanes);
}
void AttentionCode::writeRow(const Storage &where, Value *i, Value *value) {
  write(where, rowOf(head, i, nullptr), value, Lanes());
}

Value *AttentionCode::asFactor(Value *x) {
  return op.isNarrow() ? widenBFloat(b, roundToBFloat(b, x)) : x;
}

Storage AttentionCode::result(unsigned n) {
  const Destination *where = frame.body.destination(op.op->getResult(n));
  assert(where && "a kernel of attention returns its results");
  return frame.part(*where);
}

/// The tensor of which `tensor` is another order of axes, and the axis of it
/// that each axis is.
static mlir::Value skipTranspose(mlir::Value tensor,
                                 SmallVectorImpl<unsigned> &axes) {
  auto op = tensor.getDefiningOp<mlir::linalg::GenericOp>();
  if (!op || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 0)
    return {};
  mlir::AffineMap from = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  mlir::AffineMap to = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  mlir::Block &body = *op.getBody();
  if (!from.isPermutation() || !to.isPermutation() ||
      body.getTerminator()->getOperand(0) != body.getArgument(0))
    return {};
  for (unsigned axis = 0; axis < to.getNumResults(); ++axis)
    axes.push_back(*from.getResultPosition(to.getResult(axis)));
  return op.getDpsInputs()[0];
}

std::optional<Storage> AttentionCode::memoryOf(mlir::Value tensor) const {
  if (const Storage *where = frame.storage(tensor))
    return *where;
  SmallVector<unsigned> axes;
  mlir::Value source = skipTranspose(tensor, axes);
  const Storage *where = source ? frame.storage(source) : nullptr;
  if (!where)
    return std::nullopt;
  Storage seen = *where;
  for (auto [axis, from] : enumerate(axes))
    seen.strides[axis] = where->strides[from];
  return seen;
}

Value *AttentionCode::address(const Storage &where, bool ofKeys, Value *row,
                              Value *c) {
  Value *place = outer.offset(where, rowOf(ofKeys ? group : head, row, c)).base;
  return b.CreateGEP(frame.memoryTypeOf(where.elementType), where.base, place);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

Value *AttentionCode::bound(mlir::AffineExpr expression, Value *row) {
  // The number of keys becomes a second dimension: that is what maps know.
  mlir::AffineExpr second = mlir::getAffineDimExpr(1, expression.getContext());
  expression = expression.replaceSymbols({second});
  return outer.map(expression, {{row, 0}, {keys, 0}}).base;
}

std::pair<Value *, Value *> AttentionCode::visibleKeys(Value *first,
                                                       Value *last) {
  if (!op.blocks)
    return {b.index(0), keys};
  mlir::AffineMap range = op.blocks.getRange();
  Value *low = b.maximum(bound(range.getResult(0), first), b.index(0));
  return {low, b.minimum(bound(range.getResult(1), last), keys)};
}

Value *AttentionCode::seesAll(Value *first, Value *last, Value *low,
                              Value *high) {
  Value *exist = b.CreateICmpSLE(high, keys);
  if (!op.mask)
    return exist;
  if (!op.blocks)
    return b.getFalse();
  mlir::AffineMap full = op.blocks.getFull();
  Value *begins = b.CreateICmpSLE(bound(full.getResult(0), last), low);
  Value *ends = b.CreateICmpSLE(high, bound(full.getResult(1), first));
  return b.CreateAnd(exist, b.CreateAnd(begins, ends));
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// The nearest element that exists: its mask and score may read tensors.
Element AttentionCode::clamp(Element at) {
  return {b.minimum(at.query, b.CreateSub(queries, b.index(1))),
          b.minimum(at.key, b.CreateSub(keys, b.index(1)))};
}

AttentionCode::Scalars
AttentionCode::bindArguments(mlir::Block &block, unsigned first, Element at) {
  Scalars known;
  for (const Coordinate &index : head)
    known[block.getArgument(first++)] = index.base;
  Element place = clamp(at);
  known[block.getArgument(first++)] = place.query;
  known[block.getArgument(first)] = place.key;
  return known;
}

/// What is masked may read anywhere, so computed indices are kept inside.
Value *AttentionCode::extract(mlir::tensor::ExtractOp op,
                              const Scalars &known) {
  auto argument = cast<mlir::BlockArgument>(op.getTensor());
  size_t behind =
      argument.getOwner()->getNumArguments() - argument.getArgNumber();
  mlir::Value tensor = this->op.with[this->op.with.size() - behind];
  Coordinates at;
  for (auto [axis, index] : enumerate(op.getIndices())) {
    Value *place = known.lookup(index);
    if (!isa<mlir::BlockArgument>(index)) {
      Value *size = frame.extent(frame.body.extent(tensor, unsigned(axis)));
      place = b.maximum(b.minimum(place, b.CreateSub(size, b.index(1))),
                        b.index(0));
    }
    at.push_back({place, 0});
  }
  return read(tensor, at, Lanes());
}

/// Emits all ops whose operands are known and that are not yet emitted.
void AttentionCode::emit(mlir::Block &block, Scalars &known) {
  for (mlir::Operation &inner : block.without_terminator()) {
    if (known.contains(inner.getResult(0)))
      continue;
    if (auto read = dyn_cast<mlir::tensor::ExtractOp>(inner)) {
      if (all_of(read.getIndices(),
                 [&](mlir::Value index) { return known.contains(index); }))
        known[read] = extract(read, known);
      continue;
    }
    Values operands;
    for (mlir::Value operand : inner.getOperands())
      if (Value *value = known.lookup(operand))
        operands.push_back(value);
    if (operands.size() != inner.getNumOperands())
      continue;
    Values results = ScalarOps(b, 1).emit(&inner, operands);
    if (results.empty())
      failure = &inner;
    for (auto [result, value] : zip(inner.getResults(), results))
      known[result] = value;
  }
}

Value *AttentionCode::isShown(Element at) {
  Value *exists = b.CreateAnd(b.CreateICmpSLT(at.query, queries),
                              b.CreateICmpSLT(at.key, keys));
  if (!op.mask)
    return exists;
  Scalars known = bindArguments(*op.mask, 0, at);
  emit(*op.mask, known);
  Value *shown = known.lookup(op.mask->getTerminator()->getOperand(0));
  return shown ? b.CreateAnd(exists, shown) : exists;
}

Value *AttentionCode::score(Value *s, Element at) {
  if (!op.score)
    return s;
  Scalars known = bindArguments(*op.score, 1, at);
  known[op.score->getArgument(0)] = s;
  emit(*op.score, known);
  Value *score = known.lookup(op.score->getTerminator()->getOperand(0));
  return score ? score : s;
}

Value *AttentionCode::power(Value *x) {
  Value *least = ConstantFP::getInfinity(x->getType(), /*Negative=*/true);
  return b.CreateSelect(b.CreateFCmpOEQ(x, least),
                        Constant::getNullValue(x->getType()),
                        VectorMath(b).exp(x));
}

AttentionCode::Pulled AttentionCode::pullBack(mlir::Block &gradient, Value *s,
                                              Value *pulled, Value *statistic,
                                              Value *mean, Value *isShown,
                                              Element at) {
  Value *zero = ConstantFP::get(b.getFloatTy(), 0);
  Scalars known = bindArguments(gradient, 2, at);
  known[gradient.getArgument(1)] = s;
  // First the score, which the adjoint of the score is made of.
  emit(gradient, known);
  mlir::Operation *yield = gradient.getTerminator();
  Value *score = known.lookup(yield->getOperand(0));
  if (!score)
    return {zero, zero};
  Value *weight =
      b.CreateSelect(isShown, power(b.CreateFSub(score, statistic)), zero);
  known[gradient.getArgument(0)] =
      b.CreateFMul(weight, b.CreateFSub(pulled, mean));
  emit(gradient, known);
  Value *product = known.lookup(yield->getOperand(1));
  if (!product)
    return {zero, zero};
  return {weight, b.CreateSelect(isShown, product, zero)};
}

} // namespace lamina::cpu
