// SPDX-License-Identifier: Apache-2.0
//
// Tensors that are seen otherwise: parts, padding, other shapes.
//
// Part of StepBuilder. An argument with another shape is the same memory; of a
// computed tensor the index is computed.

#include "backends/Halide/ScalarExpr.h"
#include "backends/Halide/StepBuilder.h"

using namespace mlir;
using Halide::Expr;

namespace lamina::halide {

Reader StepBuilder::read(Value tensor) {
  auto found = readers.find(tensor);
  if (found != readers.end())
    return found->second;
  Reader reader = makeReader(tensor);
  readers[tensor] = reader;
  return reader;
}

Reader StepBuilder::makeReader(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (memoryType(type.getElementType()).bits() == 0)
    return refuseRead("has no such numbers");
  std::optional<unsigned> buffer;
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    buffer = body.bufferNumber(argument);
  auto stored = earlier.find(tensor);
  if (stored != earlier.end())
    buffer = unsigned(body.func().getInArgs().size()) + stored->second;
  if (buffer)
    return readBuffer(*buffer, type, *shapeOf(tensor));
  Operation *op = tensor.getDefiningOp();
  if (isa<linalg::LinalgOp>(op))
    return readResult(cast<OpResult>(tensor));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return readSlice(slice);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return readInsert(insert);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return readPad(pad);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return readReshaped(collapse.getSrc(), tensor,
                        collapse.getReassociationIndices(), false);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return readReshaped(expand.getSrc(), tensor,
                        expand.getReassociationIndices(), true);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return read(cast.getSource());
  if (isa<tensor::EmptyOp>(op)) {
    Expr anything =
        Halide::Internal::make_zero(valueType(type.getElementType()));
    return [anything](const Exprs &) { return anything; };
  }
  return refuseRead("has no '" + op->getName().getStringRef() + "'");
}

std::optional<Extents> StepBuilder::shapeOf(Value tensor) {
  Extents shape;
  unsigned rank = unsigned(cast<RankedTensorType>(tensor.getType()).getRank());
  for (unsigned axis = 0; axis < rank; ++axis) {
    shape.push_back(body.extent(tensor, axis));
    if (shape.back().value)
      return std::nullopt;
  }
  return shape;
}

// Dense and row-major: what Halide knows of the strides it need not load.
static void setShape(Halide::ImageParam &param, const Exprs &sizes) {
  Expr stride = 1;
  for (int axis = int(sizes.size()) - 1, dim = 0; axis >= 0; --axis, ++dim) {
    param.dim(dim).set_bounds(0, sizes[size_t(axis)]).set_stride(stride);
    stride = Halide::Internal::simplify(stride * sizes[size_t(axis)]);
  }
}

Reader StepBuilder::readBuffer(unsigned buffer, RankedTensorType type,
                               const Extents &shape) {
  Halide::ImageParam param;
  for (Input &input : step.inputs)
    if (input.buffer == buffer && input.shape == shape)
      param = input.param;
  if (!param.defined()) {
    param =
        Halide::ImageParam(memoryType(type.getElementType()), int(shape.size()),
                           name(("b" + Twine(buffer)).str()));
    Exprs extents;
    for (const cpu::Extent &extent : shape)
      extents.push_back(size(extent));
    setShape(param, extents);
    step.inputs.push_back({param, buffer, shape});
  }
  bool isBool = type.getElementType().isInteger(1);
  return [param, isBool](const Exprs &index) -> Expr {
    Halide::ImageParam image = param;
    Expr element = image(reversed(index));
    return isBool ? element != Expr(uint8_t(0)) : element;
  };
}

Reader StepBuilder::readSlice(tensor::ExtractSliceOp op) {
  Reader source = read(op.getSource());
  if (!source)
    return nullptr;
  Exprs offsets, steps;
  for (OpFoldResult offset : op.getMixedOffsets())
    offsets.push_back(position(offset));
  for (OpFoldResult stride : op.getMixedStrides())
    steps.push_back(position(stride));
  llvm::SmallBitVector dropped = op.getDroppedDims();
  return [=](const Exprs &index) {
    Exprs at;
    size_t next = 0;
    for (unsigned axis = 0; axis < offsets.size(); ++axis)
      at.push_back(dropped[axis] ? offsets[axis]
                                 : offsets[axis] + index[next++] * steps[axis]);
    return source(at);
  };
}

// An element is of the part if each axis of the whole is at one of its steps.
Reader StepBuilder::readInsert(tensor::InsertSliceOp op) {
  Reader part = read(op.getSource()), whole = read(op.getDest());
  if (!part || !whole)
    return nullptr;
  Exprs offsets, steps, ends;
  for (OpFoldResult offset : op.getMixedOffsets())
    offsets.push_back(position(offset));
  for (OpFoldResult size : op.getMixedSizes())
    ends.push_back(position(size));
  for (OpFoldResult stride : op.getMixedStrides()) {
    if (!getConstantIntValue(stride))
      return refuseRead("has no steps of a run-time size");
    steps.push_back(position(stride));
  }
  llvm::SmallBitVector dropped = op.getDroppedDims();
  return [=](const Exprs &index) {
    Expr isInside = Halide::Internal::const_true();
    Exprs at;
    for (unsigned axis = 0; axis < offsets.size(); ++axis) {
      Expr from = index[axis] - offsets[axis], number = from / steps[axis];
      isInside = isInside && from >= 0 && number < ends[axis] &&
                 from % steps[axis] == 0;
      if (!dropped[axis])
        at.push_back(Halide::clamp(number, 0, ends[axis] - 1));
    }
    return Halide::select(isInside, part(at), whole(index));
  };
}

// Windows read an element again and again; then the tensor with its padding is
// stored, so that only storing it asks where the padding is.
static bool isReadByWindows(tensor::PadOp op) {
  return llvm::any_of(op->getUses(), [](OpOperand &use) {
    auto reader = dyn_cast<linalg::LinalgOp>(use.getOwner());
    return reader && reader.getNumReductionLoops() &&
           !reader.getMatchingIndexingMap(&use).isProjectedPermutation();
  });
}

Reader StepBuilder::readPad(tensor::PadOp op) {
  Reader source = read(op.getSource());
  Value padding = op.getConstantPaddingValue();
  if (!source || !padding)
    return refuseRead("has no padding that differs from place to place");
  Expr outside = scalar(padding);
  Exprs lows, highs, ends = sizes(op.getSource());
  for (OpFoldResult low : op.getMixedLowPad())
    lows.push_back(position(low));
  for (OpFoldResult high : op.getMixedHighPad())
    highs.push_back(position(high));
  Reader padded = [=](const Exprs &index) {
    Expr isInside = Halide::Internal::const_true();
    Exprs at;
    for (size_t axis = 0; axis < index.size(); ++axis) {
      if (Halide::Internal::is_const_zero(lows[axis]) &&
          Halide::Internal::is_const_zero(highs[axis])) {
        at.push_back(index[axis]);
        continue;
      }
      Expr from = index[axis] - lows[axis];
      isInside = isInside && from >= 0 && from < ends[axis];
      at.push_back(Halide::clamp(Halide::likely(from), 0, ends[axis] - 1));
    }
    return Halide::select(isInside, Halide::likely(source(at)), outside);
  };
  if (!isReadByWindows(op))
    return padded;
  Vars vars = makeVars("i", lows.size());
  Halide::Func func(name("padded"));
  define(func(reversed(vars)), {padded(toExprs(vars))});
  std::vector<int64_t> known;
  for (unsigned axis = 0; axis < vars.size(); ++axis)
    known.push_back(fixedSize(body.extent(op.getResult(), axis)));
  addStage(StageKind::Padded, func, vars, known);
  return [func](const Exprs &index) { return callElement(func, index, 0); };
}

using AxisGroups = std::vector<std::vector<int64_t>>;

/// Reads `source` where each of its axes is a group of axes of the index, with
/// the sizes `ends`.
static Reader joinAxes(Reader source, AxisGroups groups, Exprs ends) {
  return [=](const Exprs &index) {
    Exprs at;
    for (const std::vector<int64_t> &group : groups) {
      Expr joined = 0;
      for (int64_t axis : group)
        joined = joined * ends[size_t(axis)] + index[size_t(axis)];
      at.push_back(joined);
    }
    return source(at);
  };
}

/// Reads `source` where each axis of the index is a group of its axes, which
/// have the sizes `ends`.
static Reader splitAxes(Reader source, AxisGroups groups, Exprs ends) {
  return [=](const Exprs &index) {
    Exprs at(ends.size());
    for (size_t number = 0; number < groups.size(); ++number) {
      Expr rest = index[number];
      for (size_t i = groups[number].size(); i-- > 0;) {
        size_t axis = size_t(groups[number][i]);
        at[axis] = i ? rest % ends[axis] : rest;
        rest = rest / ends[axis];
      }
    }
    return source(at);
  };
}

Reader StepBuilder::readReshaped(Value source, Value result,
                                 ArrayRef<ReassociationIndices> groups,
                                 bool expands) {
  Value root = source;
  while (Operation *op = root.getDefiningOp()) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      break;
    root = op->getOperand(0);
  }
  std::optional<Extents> shape = shapeOf(result);
  if (auto argument = dyn_cast<BlockArgument>(root); argument && shape)
    return readBuffer(body.bufferNumber(argument),
                      cast<RankedTensorType>(result.getType()), *shape);
  Reader before = read(source);
  if (!before)
    return nullptr;
  AxisGroups axes;
  for (const ReassociationIndices &group : groups)
    axes.emplace_back(group.begin(), group.end());
  return expands ? joinAxes(before, axes, sizes(result))
                 : splitAxes(before, axes, sizes(source));
}

} // namespace lamina::halide
