// SPDX-License-Identifier: Apache-2.0
//
// What views ask of their operands.
//
// Verifiers of the ops of GraphViews.td. Sizes are compared as polynomials, so
// named ones are checked as far as constants.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Verify.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::graph;

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

LogicalResult lamina::graph::verifyAxes(Operation *op, ArrayRef<int64_t> axes,
                                        int64_t rank) {
  int64_t previous = -1;
  for (int64_t axis : axes) {
    if (axis <= previous)
      return op->emitOpError("has axes [")
             << axes << "] that do not ascend from 0";
    if (axis >= rank)
      return op->emitOpError("has axis ")
             << axis << ", but there are only " << rank << " axes";
    previous = axis;
  }
  return success();
}

LogicalResult lamina::graph::verifyNamedSizes(Operation *op) {
  auto check = [&](TypeRange types) -> LogicalResult {
    for (Type type : types) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (tensor && !hasNamedSizes(tensor))
        return op->emitOpError("has the type ")
               << tensor << ", where a '?' has no name";
    }
    return success();
  };
  return failure(failed(check(op->getOperandTypes())) ||
                 failed(check(op->getResultTypes())));
}

bool lamina::graph::isInKernel(Operation *op) {
  Operation *parent = op->getParentOp();
  return parent && parent->getName().getDialectNamespace() == "kernel";
}

LogicalResult lamina::graph::verifyShape(Operation *op, StringRef what,
                                         RankedTensorType type,
                                         ArrayRef<SizeExpr> expected) {
  if (ArrayRef(getShape(type)) == expected)
    return success();
  return op->emitOpError() << what << " has the type " << type
                           << ", but its shape should be that of "
                           << getTensorType(expected, type.getElementType());
}

LogicalResult lamina::graph::verifyElement(Operation *op, Type a, Type b) {
  if (getElementTypeOrSelf(a) == getElementTypeOrSelf(b))
    return success();
  return op->emitOpError("has elements of ")
         << getElementTypeOrSelf(a) << " and of " << getElementTypeOrSelf(b);
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

LogicalResult IotaOp::verify() {
  int64_t axis = getAxis();
  if (axis < 0)
    return emitOpError("has the negative axis ") << axis;
  return verifyAxes(*this, axis, getType().getRank());
}

LogicalResult SizeOp::verify() {
  if (getDims().size() != 1)
    return emitOpError("gives one size, but names ") << getDims().size();
  return success();
}

LogicalResult KeyOp::verify() {
  RankedTensorType key = getKey().getType(), number = getNumber().getType();
  if (key.getRank() < 1 || key.getShape().back() != 2)
    return emitOpError("has a key of type ")
           << key << "; a key has two words in its last axis";
  if (failed(verifyNamedSizes(*this)))
    return failure();
  return verifyShape(*this, "number", number,
                     ArrayRef(graph::getShape(key)).drop_back());
}

LogicalResult RandomOp::verify() {
  RankedTensorType key = getKey().getType(), result = getResult().getType();
  if (key.getRank() < 1 || key.getShape().back() != 2)
    return emitOpError("has a key of type ")
           << key << "; a key has two words in its last axis";
  bool isBits = getDistribution() == Distribution::Bits;
  if (isBits != result.getElementType().isInteger())
    return emitOpError("of '")
           << stringifyDistribution(getDistribution())
           << "' cannot give elements of " << result.getElementType();
  int64_t leading = key.getRank() - 1;
  if (leading > result.getRank())
    return emitOpError("has a key with more leading axes than its result");
  if (getCount() &&
      static_cast<int64_t>(getCount()->size()) != result.getRank() - leading)
    return emitOpError("has ") << getCount()->size() << " counts for "
                               << result.getRank() - leading << " drawn axes";
  if (failed(verifyNamedSizes(*this)))
    return failure();
  Shape expected(graph::getShape(key));
  expected.pop_back();
  llvm::append_range(expected,
                     ArrayRef(graph::getShape(result)).drop_front(leading));
  return verifyShape(*this, "result", result, expected);
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  RankedTensorType from = getX().getType(), to = getType();
  if (static_cast<int64_t>(getAxes().size()) != from.getRank())
    return emitOpError("names ") << getAxes().size() << " axes for the "
                                 << from.getRank() << " of its operand";
  if (failed(verifyAxes(*this, getAxes(), to.getRank())) ||
      failed(verifyElement(*this, from, to)) || failed(verifyNamedSizes(*this)))
    return failure();
  Shape expected = graph::getShape(to);
  for (auto [axis, size] : llvm::zip_equal(getAxes(), graph::getShape(from)))
    expected[axis] = size;
  return verifyShape(*this, "result", to, expected);
}

LogicalResult TransposeOp::verify() {
  RankedTensorType from = getX().getType();
  SmallVector<int64_t> sorted(getOrder());
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, from.getRank())))
    return emitOpError("has the order [")
           << getOrder() << "], which does not name each of the "
           << from.getRank() << " axes once";
  if (failed(verifyElement(*this, from, getType())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  Shape shape = graph::getShape(from), expected;
  for (int64_t axis : getOrder())
    expected.push_back(shape[axis]);
  return verifyShape(*this, "result", getType(), expected);
}

LogicalResult ReverseOp::verify() {
  return verifyAxes(*this, getAxes(), getX().getType().getRank());
}

LogicalResult ReshapeOp::verify() {
  RankedTensorType from = getX().getType(), to = getType();
  if (failed(verifyElement(*this, from, to)) || failed(verifyNamedSizes(*this)))
    return failure();
  SizeExpr before = getElementCount(graph::getShape(from));
  SizeExpr after = getElementCount(graph::getShape(to));
  if (before != after)
    return emitOpError("makes ")
           << after.str() << " elements of " << before.str();
  return success();
}

LogicalResult SliceOp::verify() {
  RankedTensorType from = getX().getType(), to = getType();
  int64_t rank = from.getRank();
  if (to.getRank() != rank || static_cast<int64_t>(getStart().size()) != rank ||
      static_cast<int64_t>(getStep().size()) != rank)
    return emitOpError("needs a start, a step and a size for each of ")
           << rank << " axes";
  if (failed(verifyElement(*this, from, to)) || failed(verifyNamedSizes(*this)))
    return failure();
  Shape whole = graph::getShape(from), part = graph::getShape(to);
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t start = getStart()[axis], step = getStep()[axis];
    if (start < 0 || step < 1)
      return emitOpError("starts at ")
             << start << " with step " << step << " along axis " << axis;
    SizeExpr last =
        SizeExpr(start) + (part[axis] - SizeExpr(1)) * SizeExpr(step);
    std::optional<int64_t> left =
        (whole[axis] - SizeExpr(1) - last).getConstant();
    if (left && *left < 0 && part[axis] != SizeExpr(0))
      return emitOpError("reads element ")
             << last.str() << " of axis " << axis << ", which has only "
             << whole[axis].str();
  }
  return success();
}

LogicalResult PadOp::verify() {
  RankedTensorType from = getX().getType(), to = getType();
  int64_t rank = from.getRank();
  if (to.getRank() != rank || static_cast<int64_t>(getLow().size()) != rank ||
      static_cast<int64_t>(getInterior().size()) != rank)
    return emitOpError("needs a low and an interior padding for each of ")
           << rank << " axes";
  if (failed(verifyElement(*this, from, to)) ||
      failed(verifyElement(*this, from, getValue().getType())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  if (getValue().getType().getRank() != 0)
    return emitOpError("pads with one value, but ")
           << getValue().getType() << " has axes";
  for (auto [axis, high] : llvm::enumerate(getHigh())) {
    std::optional<int64_t> number = high.getConstant();
    if (getLow()[axis] < 0 || getInterior()[axis] < 0 ||
        (number && *number < 0))
      return emitOpError("cuts something off axis ")
             << axis << ": low " << getLow()[axis] << ", interior "
             << getInterior()[axis] << ", high " << high.str();
  }
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("joins nothing");
  RankedTensorType to = getType();
  int64_t axis = getAxis();
  if (axis < 0)
    return emitOpError("has the negative axis ") << axis;
  if (failed(verifyAxes(*this, axis, to.getRank())) ||
      failed(verifyNamedSizes(*this)))
    return failure();
  SizeExpr sum;
  for (Value input : getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (failed(verifyElement(*this, type, to)))
      return failure();
    if (type.getRank() != to.getRank())
      return emitOpError("joins ") << type << " to " << to;
    Shape expected = graph::getShape(to);
    expected[axis] = graph::getShape(type)[axis];
    if (failed(verifyShape(*this, "input", type, expected)))
      return failure();
    sum = sum + expected[axis];
  }
  Shape expected = graph::getShape(to);
  expected[axis] = sum;
  return verifyShape(*this, "result", to, expected);
}

/// `whole` is the tensor that `windows` reads.
template <class Op>
static LogicalResult verifyWindows(Op op, RankedTensorType whole,
                                   RankedTensorType windows) {
  size_t count = op.getAxes().size();
  if (op.getSize().size() != count || op.getStride().size() != count ||
      op.getDilation().size() != count || op.getLow().size() != count)
    return op.emitOpError("needs a size, a stride, a dilation and a low for "
                          "each of ")
           << count << " axes";
  for (auto [size, stride, dilation] :
       llvm::zip_equal(op.getSize(), op.getStride(), op.getDilation()))
    if (size < 0 || stride < 1 || dilation < 1)
      return op.emitOpError("has windows of size ")
             << size << " with stride " << stride << " and dilation "
             << dilation;
  if (failed(verifyAxes(op, op.getAxes(), whole.getRank())) ||
      failed(verifyElement(op, whole, windows)) || failed(verifyNamedSizes(op)))
    return failure();
  int64_t rank = whole.getRank() + static_cast<int64_t>(count);
  if (windows.getRank() != rank)
    return op.emitOpError("has windows of rank ")
           << windows.getRank() << " on a tensor of rank " << whole.getRank()
           << " with " << count << " windowed axes";
  Shape from = graph::getShape(whole), to = graph::getShape(windows), expected;
  unsigned next = 0;
  for (int64_t axis = 0; axis < whole.getRank(); ++axis) {
    if (next < count && op.getAxes()[next] == axis) {
      expected.push_back(to[expected.size()]);
      expected.push_back(SizeExpr(op.getSize()[next++]));
    } else {
      expected.push_back(from[axis]);
    }
  }
  return verifyShape(op, "tensor of windows", windows, expected);
}

LogicalResult WindowOp::verify() {
  if (getOutside() && getOutsideAttr().getType() != getType().getElementType())
    return emitOpError("reads ") << getOutsideAttr() << " outside a tensor of "
                                 << getType().getElementType();
  return verifyWindows(*this, getX().getType(), getType());
}

LogicalResult UnwindowOp::verify() {
  return verifyWindows(*this, getType(), getX().getType());
}

/// `part` is read or written at one start for each of `axes`.
static LogicalResult verifyPart(Operation *op, RankedTensorType whole,
                                RankedTensorType part, ArrayRef<int64_t> axes,
                                size_t starts) {
  if (starts != axes.size())
    return op->emitOpError("has ")
           << starts << " starts for " << axes.size() << " axes";
  if (failed(verifyAxes(op, axes, whole.getRank())) ||
      failed(verifyElement(op, whole, part)) || failed(verifyNamedSizes(op)))
    return failure();
  if (whole.getRank() != part.getRank())
    return op->emitOpError("has a part of type ") << part << " of " << whole;
  Shape expected = getShape(whole);
  for (int64_t axis : axes)
    expected[axis] = getSize(part, axis);
  return verifyShape(op, "part", part, expected);
}

LogicalResult DynamicSliceOp::verify() {
  return verifyPart(*this, getX().getType(), getType(), getAxes(),
                    getStarts().size());
}

LogicalResult DynamicUpdateOp::verify() {
  return verifyPart(*this, getX().getType(), getUpdate().getType(), getAxes(),
                    getStarts().size());
}
