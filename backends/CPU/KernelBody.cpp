// SPDX-License-Identifier: Apache-2.0
//
// What a kernel computes, before emission.
//
// A body is in destination style, but its SSA form does not say where values
// live. Read backwards from `kernel.return`: what is returned as out i is
// written there by the op that makes it, and so are the values that this op
// updates.

#include "backends/CPU/KernelBody.h"

#include "dialects/Kernel/KernelCost.h"

using namespace mlir;

namespace lamina::cpu {

StringRef KernelBody::name() const {
  return const_cast<kernel::FuncOp &>(kernel).getSymName();
}

unsigned KernelBody::bufferNumber(BlockArgument tensor) const {
  unsigned number = 0;
  for (BlockArgument argument : tensor.getOwner()->getArguments()) {
    if (argument == tensor)
      return number;
    number += isa<RankedTensorType>(argument.getType());
  }
  llvm_unreachable("not an argument of its own block");
}

unsigned KernelBody::bufferCount() const {
  return unsigned(llvm::count_if(
      const_cast<kernel::FuncOp &>(kernel).getBlock()->getArgumentTypes(),
      [](Type type) { return isa<RankedTensorType>(type); }));
}

unsigned KernelBody::dimCount() const {
  return unsigned(const_cast<kernel::FuncOp &>(kernel).getDims().size());
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Extent KernelBody::indexExtent(Value index) const {
  APInt constant;
  if (matchPattern(index, m_ConstantInt(&constant)))
    return Extent::fixed(constant.getSExtValue());
  if (auto size = index.getDefiningOp<kernel::SizeOp>())
    return {int(size.getDim()), {}, 1, 0};
  if (auto dim = index.getDefiningOp<tensor::DimOp>())
    if (std::optional<int64_t> axis = dim.getConstantIndex())
      return extent(dim.getSource(), unsigned(*axis));
  return {-1, index, 1, 0};
}

static Extent productOf(ArrayRef<Extent> extents) {
  Extent product = Extent::fixed(1);
  for (const Extent &factor : extents) {
    if (factor.isFixed()) {
      product.scale *= factor.plus;
      product.plus *= factor.plus;
    } else {
      assert(product.isFixed() && factor.plus == 0 &&
             "joined axes have one run-time size");
      product = {factor.dim, factor.value, factor.scale * product.plus, 0};
    }
  }
  return product.isFixed() ? Extent::fixed(product.plus) : product;
}

/// Of what shows another tensor in part, with zeros around it, or in another
/// shape.
Extent KernelBody::viewExtent(Operation *op, unsigned axis) const {
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Extent size = extent(pad.getSource(), axis);
    size.plus += pad.getStaticLow()[axis] + pad.getStaticHigh()[axis];
    return size;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned seen = 0;
    for (auto [number, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped[number] && seen++ == axis)
        return indexExtent(cast<Value>(size));
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SmallVector<Extent> parts;
    for (int64_t source : collapse.getReassociationIndices()[axis])
      parts.push_back(extent(collapse.getSrc(), unsigned(source)));
    return productOf(parts);
  }
  auto expand = cast<tensor::ExpandShapeOp>(op);
  return indexExtent(cast<Value>(expand.getMixedOutputShape()[axis]));
}

Extent KernelBody::extent(Value tensor, unsigned axis) const {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(axis))
    return Extent::fixed(type.getDimSize(axis));
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    ArrayRef<int64_t> dims =
        const_cast<kernel::FuncOp &>(kernel).getShape(bufferNumber(argument));
    return {dims[type.getDynamicDimIndex(axis)], {}, 1, 0};
  }
  Operation *op = tensor.getDefiningOp();
  if (const Destination *where = destination(tensor))
    if (where->offsets.empty())
      return extent(func().getOutArgs()[where->out], axis);
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return extent(
        linalgOp.getDpsInitOperand(cast<OpResult>(tensor).getResultNumber())
            ->get(),
        axis);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return indexExtent(empty.getDynamicSize(axis));
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return extent(insert.getDest(), axis);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return extent(cast.getSource(), axis);
  return viewExtent(op, axis);
}

FailureOr<SmallVector<Extent>> KernelBody::domain(linalg::LinalgOp op) const {
  SmallVector<std::optional<Extent>> found(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [axis, result] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(result))
        if (!found[dim.getPosition()])
          found[dim.getPosition()] = extent(operand.get(), unsigned(axis));
  }
  SmallVector<Extent> extents;
  for (std::optional<Extent> &one : found) {
    if (!one)
      return op->emitOpError("has a loop whose size no operand gives");
    extents.push_back(*one);
  }
  return extents;
}

//===----------------------------------------------------------------------===//
// Destinations
//===----------------------------------------------------------------------===//

const Destination *KernelBody::destination(Value value) const {
  auto found = destinations.find(value);
  return found == destinations.end() ? nullptr : &found->second;
}

// Whether the op reads an argument that may stand in the buffer of the out that
// it writes: sums must not be put there before that is read.
static bool mayReadOut(linalg::LinalgOp op, Type out) {
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    return isa<BlockArgument>(input->get()) && input->get().getType() == out &&
           op.getMatchingIndexingMap(input).isIdentity();
  });
}

// What an op updates may be computed in place, too: only if nobody else sees
// the value, and it is not a neutral fill, which needs no memory at all.
void KernelBody::placeOperand(Operation *producer, OpResult result,
                              const Destination &where) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(producer);
  if (!linalgOp)
    return;
  OpOperand *init = linalgOp.getDpsInitOperand(result.getResultNumber());
  Operation *before = init->get().getDefiningOp();
  if (!isa_and_nonnull<linalg::LinalgOp>(before) ||
      isa<linalg::FillOp>(before) || !init->get().hasOneUse() ||
      mayReadOut(linalgOp, init->get().getType()))
    return;
  AffineMap map = linalgOp.getMatchingIndexingMap(init);
  if (map.isIdentity())
    destinations.try_emplace(init->get(), where);
}

LogicalResult KernelBody::place(Value value, const Destination &where) {
  if (!destinations.try_emplace(value, where).second)
    return kernel.getReturn().emitOpError("returns one value as two outs");
  Operation *op = value.getDefiningOp();
  if (!op && value != kernel.getOutArgs()[where.out])
    return kernel.getReturn().emitOpError("returns an argument as another out");
  auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op);
  if (!insert) {
    if (op)
      placeOperand(op, cast<OpResult>(value), where);
    return success();
  }
  if (!where.offsets.empty())
    return insert.emitOpError("inserts into a part of an out");
  Destination part = where;
  part.offsets = insert.getMixedOffsets();
  part.steps.assign(insert.getStaticStrides().begin(),
                    insert.getStaticStrides().end());
  llvm::SmallBitVector dropped = insert.getDroppedDims();
  for (unsigned axis = 0; axis < part.offsets.size(); ++axis)
    part.dropped.push_back(dropped[axis]);
  if (llvm::is_contained(part.steps, ShapedType::kDynamic))
    return insert.emitOpError("has a stride that is not a constant");
  Value source = insert.getSource();
  if (auto collapse = source.getDefiningOp<tensor::CollapseShapeOp>()) {
    source = collapse.getSrc();
    for (const ReassociationIndices &axes :
         collapse.getReassociationIndices()) {
      SmallVector<Extent> &sizes = part.digits.emplace_back();
      for (int64_t axis : axes)
        sizes.push_back(extent(source, unsigned(axis)));
    }
  }
  if (failed(place(source, part)))
    return failure();
  return place(insert.getDest(), where);
}

static bool isKnown(Operation &op) {
  if (isa<linalg::LinalgOp, tensor::EmptyOp, tensor::DimOp, tensor::CastOp,
          tensor::PadOp, tensor::ExtractSliceOp, tensor::InsertSliceOp,
          tensor::CollapseShapeOp, tensor::ExpandShapeOp, kernel::SizeOp>(op))
    return true;
  StringRef dialect = op.getName().getDialectNamespace();
  return dialect == "arith" || dialect == "math" || dialect == "graph";
}

FailureOr<KernelBody> KernelBody::read(kernel::FuncOp func) {
  KernelBody body(func);
  for (Operation &op : func.getBlock()->without_terminator()) {
    if (!isKnown(op))
      return op.emitOpError("is not known to the cpu backend");
    body.order.push_back(&op);
  }
  for (auto [index, op] : llvm::enumerate(kernel::getNumberedOps(func)))
    body.numbers[op] = unsigned(index) + 1;
  Operation *end = func.getBlock()->getTerminator();
  for (auto [number, value] : llvm::enumerate(end->getOperands())) {
    Destination whole;
    whole.out = unsigned(number);
    if (failed(body.place(value, whole)))
      return failure();
  }
  return body;
}

} // namespace lamina::cpu
