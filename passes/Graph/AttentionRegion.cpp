// SPDX-License-Identifier: Apache-2.0
//
// The mask and the score of attention as code on one element.

#include "passes/Graph/AttentionRegion.h"

#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

AttentionRegions::AttentionRegions(MLIRContext *context, ScoreAxes axes,
                                   Type element)
    : axes(std::move(axes)), element(element), b(context) {
  start(mask, /*isScore=*/false);
  start(score, /*isScore=*/true);
}

void AttentionRegions::start(Region &region, bool isScore) {
  region.region = std::make_unique<mlir::Region>();
  region.block = &region.region->emplaceBlock();
  region.firstIndex = isScore ? 1 : 0;
  if (isScore)
    region.block->addArgument(element, b.getUnknownLoc());
  for (int64_t axis = 0; axis < axes.size(); ++axis)
    region.block->addArgument(b.getIndexType(), b.getUnknownLoc());
}

/// Whether two scalars of one region are the same expression.
static bool isEqual(Value x, Value y) {
  if (x == y)
    return true;
  Operation *a = x.getDefiningOp(), *b = y.getDefiningOp();
  return a && b && a->getName() == b->getName() &&
         a->getAttrDictionary() == b->getAttrDictionary() &&
         x.getType() == y.getType() &&
         a->getNumOperands() == b->getNumOperands() &&
         llvm::all_of(llvm::zip(a->getOperands(), b->getOperands()),
                      [](auto pair) {
                        return isEqual(std::get<0>(pair), std::get<1>(pair));
                      });
}

/// Whether `condition` is one of those that `of` is the conjunction of.
bool AttentionRegions::isPart(Value condition, Value of) const {
  if (isEqual(condition, of))
    return true;
  auto both = of.getDefiningOp<arith::AndIOp>();
  return both &&
         (isPart(condition, both.getLhs()) || isPart(condition, both.getRhs()));
}

bool AttentionRegions::dependsOnKey(Value scalar) const {
  Operation *op = scalar.getDefiningOp();
  if (!op)
    return scalar == mask.block->getArgument(unsigned(axes.size()) - 1);
  return llvm::any_of(op->getOperands(),
                      [&](Value x) { return dependsOnKey(x); });
}

/// A condition on the query alone hides whole rows, whatever the normaliser
/// is; one on the key must be in the mask already.
bool AttentionRegions::writeMask(Value hidden, ArrayRef<Value> kept) {
  current = &mask;
  b.setInsertionPointToEnd(mask.block);
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, axes.size()));
  Value seen;
  if (hidden && !(seen = write(hidden, all)))
    return false;
  for (Value condition : kept) {
    Value more = write(condition, all);
    if (!more)
      return false;
    if (seen && isPart(more, seen))
      continue;
    if (dependsOnKey(more))
      return false;
    seen = seen
               ? Value(arith::AndIOp::create(b, condition.getLoc(), seen, more))
               : more;
  }
  if (seen)
    YieldOp::create(b, seen.getLoc(), ValueRange{seen});
  return true;
}

bool AttentionRegions::writeScore(Value value) {
  current = &score;
  b.setInsertionPointToEnd(score.block);
  Value scalar =
      write(value, llvm::to_vector(llvm::seq<int64_t>(0, axes.size())));
  if (scalar)
    YieldOp::create(b, value.getLoc(), ValueRange{scalar});
  return bool(scalar);
}

Value AttentionRegions::indexOf(int64_t axis) {
  SmallVector<int64_t> order = axes.inOrder();
  unsigned number = unsigned(llvm::find(order, axis) - order.begin());
  return current->block->getArgument(current->firstIndex + number);
}

bool AttentionRegions::dependsOnBoth(ArrayRef<int64_t> of) const {
  return llvm::is_contained(of, axes.query) && llvm::is_contained(of, axes.key);
}

Value AttentionRegions::write(Value value, ArrayRef<int64_t> at) {
  Key key{value, SmallVector<int64_t, 4>(at)};
  for (const auto &[known, scalar] : current->known)
    if (known == key)
      return scalar;
  Value scalar = writeNew(value, at);
  if (scalar)
    current->known.push_back({key, scalar});
  return scalar;
}

/// Integers are positions, and comparisons of them: to read them from memory
/// would hide what a mask looks like. What costs more is computed once for each
/// place that it depends on.
static bool isCheapAnywhere(Operation *op) {
  return !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())) &&
         llvm::none_of(op->getOperandTypes(), [](Type type) {
           return isa<FloatType>(getElementTypeOrSelf(type));
         });
}

/// What only names the axes of its operand anew; null for any other op.
Value AttentionRegions::writeView(Operation *op, ArrayRef<int64_t> at) {
  if (auto view = dyn_cast<BroadcastOp>(op)) {
    written.insert(op);
    SmallVector<int64_t> of;
    for (int64_t axis : view.getAxes())
      of.push_back(at[axis]);
    return write(view.getX(), of);
  }
  if (auto view = dyn_cast<TransposeOp>(op)) {
    written.insert(op);
    SmallVector<int64_t> of(at.size());
    for (auto [axis, from] : llvm::enumerate(view.getOrder()))
      of[from] = at[axis];
    return write(view.getX(), of);
  }
  return {};
}

Value AttentionRegions::writeNew(Value value, ArrayRef<int64_t> at) {
  Operation *op = value.getDefiningOp();
  SplatElementsAttr splat;
  if (op && matchPattern(op, m_Constant(&splat)))
    return arith::ConstantOp::create(
        b, op->getLoc(), cast<TypedAttr>(splat.getSplatValue<Attribute>()));
  if (auto contract = dyn_cast_or_null<ContractOp>(op);
      contract && current == &score && int64_t(at.size()) == axes.size() &&
      llvm::is_sorted(at) && (!found || found == contract)) {
    found = contract;
    return score.block->getArgument(0);
  }
  if (auto iota = dyn_cast_or_null<IotaOp>(op))
    return writeIota(iota, at);
  if (isa_and_nonnull<BroadcastOp, TransposeOp>(op))
    return writeView(op, at);
  bool isElementwise =
      op && op->getNumResults() == 1 && op->hasTrait<OpTrait::Elementwise>();
  if (isElementwise && (dependsOnBoth(at) || isCheapAnywhere(op)))
    return writeElementwise(op, at);
  if (auto gather = dyn_cast_or_null<GatherOp>(op);
      gather && dependsOnBoth(at) && !gather.getOutside())
    return writeGather(gather, at);
  // A tensor as large as the scores is what attention is to avoid.
  if (int64_t(at.size()) == axes.size())
    return {};
  SmallVector<Value> indices;
  for (int64_t axis : at)
    indices.push_back(indexOf(axis));
  return readTensor(value, indices);
}

Value AttentionRegions::writeIota(IotaOp op, ArrayRef<int64_t> at) {
  Type type = getElementTypeOrSelf(op.getType());
  Value index = indexOf(at[op.getAxis()]);
  if (type.isIndex())
    return index;
  bool isReal = isa<FloatType>(type);
  Type integer = isReal ? Type(b.getI32Type()) : type;
  Value number = arith::IndexCastOp::create(b, op.getLoc(), integer, index);
  return isReal ? Value(arith::SIToFPOp::create(b, op.getLoc(), type, number))
                : number;
}

Value AttentionRegions::writeElementwise(Operation *op, ArrayRef<int64_t> at) {
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value scalar = write(operand, at);
    if (!scalar)
      return {};
    mapping.map(operand, scalar);
  }
  written.insert(op);
  Operation *narrow = b.clone(*op, mapping);
  for (Value result : narrow->getResults())
    result.setType(getElementTypeOrSelf(result.getType()));
  return narrow->getResult(0);
}

/// Of x, `axis` is read at the id; the axes in front of it and behind it are
/// those of the result.
Value AttentionRegions::writeGather(GatherOp op, ArrayRef<int64_t> at) {
  int64_t axis = op.getAxis(), batch = op.getBatch();
  int64_t idsRank = cast<RankedTensorType>(op.getIds().getType()).getRank();
  SmallVector<int64_t> ofIds(at.take_front(batch));
  llvm::append_range(ofIds, at.slice(axis, idsRank - batch));
  Value id = write(op.getIds(), ofIds);
  if (!id)
    return {};
  if (!id.getType().isIndex())
    id = arith::IndexCastOp::create(b, op.getLoc(), b.getIndexType(), id);
  SmallVector<Value> indices;
  for (int64_t front : at.take_front(axis))
    indices.push_back(indexOf(front));
  indices.push_back(id);
  for (int64_t behind : at.drop_front(axis + idsRank - batch))
    indices.push_back(indexOf(behind));
  written.insert(op);
  return readTensor(op.getX(), indices);
}

Value AttentionRegions::readTensor(Value tensor, ArrayRef<Value> at) {
  if (tensors.insert(tensor))
    for (Region *region : {&mask, &score})
      region->block->addArgument(tensor.getType(), tensor.getLoc());
  unsigned number = unsigned(llvm::find(tensors, tensor) - tensors.begin());
  Value argument = current->block->getArgument(current->firstIndex +
                                               unsigned(axes.size()) + number);
  return tensor::ExtractOp::create(b, tensor.getLoc(), argument, at);
}

void AttentionRegions::moveTo(AttendOp op) {
  if (!mask.block->empty())
    op.getMask().takeBody(*mask.region);
  Value yielded = score.block->getTerminator()->getOperand(0);
  if (yielded != score.block->getArgument(0))
    op.getScore().takeBody(*score.region);
}

} // namespace lamina::graph
