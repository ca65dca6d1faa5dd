// SPDX-License-Identifier: Apache-2.0
//
// Shapes as lists of sizes.
//
// From tensor types to sizes and back. Nothing else reads encodings.

#include "dialects/Graph/Shape.h"

#include "dialects/Graph/StackType.h"

#include "mlir/IR/Value.h"

using namespace mlir;
using namespace lamina::graph;

bool lamina::graph::hasNamedSizes(RankedTensorType type) {
  return type.hasStaticShape() || isa_and_nonnull<DimsAttr>(type.getEncoding());
}

Shape lamina::graph::getShape(RankedTensorType type) {
  assert(hasNamedSizes(type) && "a '?' of the type has no name");
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  Shape shape;
  unsigned next = 0;
  for (int64_t size : type.getShape())
    shape.push_back(ShapedType::isDynamic(size) ? dims.getSize(next++)
                                                : SizeExpr(size));
  return shape;
}

Shape lamina::graph::getShape(Value tensor) {
  return getShape(cast<RankedTensorType>(tensor.getType()));
}

SizeExpr lamina::graph::getSize(RankedTensorType type, unsigned axis) {
  if (!type.isDynamicDim(axis))
    return SizeExpr(type.getDimSize(axis));
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  assert(dims && "a '?' of the type has no name");
  return dims.getSize(
      llvm::count_if(type.getShape().take_front(axis), ShapedType::isDynamic));
}

RankedTensorType lamina::graph::getTensorType(ArrayRef<SizeExpr> shape,
                                              Type elementType) {
  SmallVector<int64_t> sizes;
  SmallVector<SizeExpr> named;
  for (const SizeExpr &size : shape) {
    std::optional<int64_t> constant = size.getConstant();
    // A negative size can only come from IR that names a size too small for
    // what is taken off; as a named size it meets a verifier, not an assert.
    bool isStatic = constant && *constant >= 0;
    sizes.push_back(isStatic ? *constant : ShapedType::kDynamic);
    if (!isStatic)
      named.push_back(size);
  }
  Attribute encoding;
  if (!named.empty())
    encoding = DimsAttr::get(elementType.getContext(), named);
  return RankedTensorType::get(sizes, elementType, encoding);
}

RankedTensorType lamina::graph::withElementType(RankedTensorType type,
                                                Type elementType) {
  return RankedTensorType::get(type.getShape(), elementType,
                               type.getEncoding());
}

RankedTensorType lamina::graph::withLeadingSizes(RankedTensorType type,
                                                 ArrayRef<SizeExpr> leading) {
  Shape shape(leading.begin(), leading.end());
  llvm::append_range(shape, getShape(type));
  return getTensorType(shape, type.getElementType());
}

SizeExpr lamina::graph::getElementCount(ArrayRef<SizeExpr> shape) {
  SizeExpr count(1);
  for (const SizeExpr &size : shape)
    count = count * size;
  return count;
}

Type lamina::graph::getRowType(Type stack) {
  if (auto type = dyn_cast<StackType>(stack))
    return type.getRow();
  auto tensor = dyn_cast<RankedTensorType>(stack);
  if (!tensor || tensor.getRank() == 0)
    return {};
  if (!hasNamedSizes(tensor))
    return RankedTensorType::get(tensor.getShape().drop_front(),
                                 tensor.getElementType());
  return getTensorType(ArrayRef(getShape(tensor)).drop_front(),
                       tensor.getElementType());
}

std::optional<SizeExpr> lamina::graph::getRowCount(Type stack) {
  if (auto type = dyn_cast<StackType>(stack)) {
    if (type.getRowCount() == 0)
      return std::nullopt;
    return SizeExpr(type.getRowCount());
  }
  auto tensor = dyn_cast<RankedTensorType>(stack);
  if (!tensor || tensor.getRank() == 0 || !hasNamedSizes(tensor))
    return std::nullopt;
  return getSize(tensor, 0);
}
