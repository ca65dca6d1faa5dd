// SPDX-License-Identifier: Apache-2.0
//
// Values of the interpreter.

#include "backends/Reference/Tensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using llvm::APFloat;

namespace lamina::reference {

Scalar roundTo(Type elementType, Scalar value, Rounding rounding) {
  if (auto type = dyn_cast<FloatType>(elementType)) {
    if (rounding == Rounding::Float64 || type.isF64())
      return value;
    if (type.isF32()) {
      if (rounding == Rounding::Typed)
        value.f = float(value.f);
      return value;
    }
    APFloat narrow(value.f);
    bool losesInfo;
    narrow.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    value.f = narrow.convertToDouble();
    return value;
  }
  unsigned width =
      elementType.isIndex() ? 64 : elementType.getIntOrFloatBitWidth();
  // A truth value is 0 or 1, not the 0 or -1 of one signed bit.
  if (width == 1)
    value.i &= 1;
  else if (width < 64)
    value.i = llvm::SignExtend64(uint64_t(value.i), width);
  return value;
}

int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

Shape stridesOf(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

bool advance(MutableArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  for (size_t axis = shape.size(); axis-- > 0;) {
    if (++index[axis] < shape[axis])
      return true;
    index[axis] = 0;
  }
  return false;
}

Tensor::Tensor(Type elementType, ArrayRef<int64_t> shape)
    : Tensor(elementType, shape, Scalar{0.0}) {}

Tensor::Tensor(Type elementType, ArrayRef<int64_t> shape, Scalar fill)
    : elementType(elementType), shape(shape.begin(), shape.end()),
      data(std::make_shared<std::vector<Scalar>>(size_t(countElements(shape)),
                                                 fill)) {}

static Scalar elementOf(Attribute attribute) {
  Scalar s;
  if (auto value = dyn_cast<FloatAttr>(attribute))
    s.f = value.getValueAsDouble();
  else {
    auto integer = cast<IntegerAttr>(attribute);
    bool truth = integer.getType().isInteger(1);
    s.i = truth ? int64_t(integer.getValue().getZExtValue())
                : integer.getValue().getSExtValue();
  }
  return s;
}

Tensor Tensor::fromAttribute(TypedAttr attribute) {
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense)
    return scalar(attribute.getType(), elementOf(attribute));
  auto type = dense.getType();
  if (dense.isSplat())
    return Tensor(type.getElementType(), type.getShape(),
                  elementOf(dense.getSplatValue<Attribute>()));
  Tensor result(type.getElementType(), type.getShape());
  Scalar *out = result.mutate();
  for (Attribute element : dense.getValues<Attribute>())
    *out++ = elementOf(element);
  return result;
}

const Scalar &Tensor::at(ArrayRef<int64_t> index) const {
  int64_t position = 0;
  for (auto [axis, i] : llvm::enumerate(index))
    position = position * shape[axis] + i;
  return (*this)[position];
}

Scalar *Tensor::mutate() {
  if (data.use_count() > 1)
    data = std::make_shared<std::vector<Scalar>>(*data);
  return data->data();
}

Tensor Tensor::withShape(ArrayRef<int64_t> newShape) const {
  assert(countElements(newShape) == size() && "another number of elements");
  Tensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

Tensor Tensor::withElementType(Type type) const {
  Tensor result = *this;
  result.elementType = type;
  return result;
}

} // namespace lamina::reference
