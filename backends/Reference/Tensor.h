// SPDX-License-Identifier: Apache-2.0
//
// Values of the interpreter.
//
// A tensor whose elements are doubles or 64-bit integers, whatever its type in
// the IR. How much of that width is used is the business of `Rounding`.

#ifndef LAMINA_BACKENDS_REFERENCE_TENSOR_H
#define LAMINA_BACKENDS_REFERENCE_TENSOR_H

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <memory>
#include <vector>

namespace lamina::reference {

/// One element. Which member holds is known from the element type.
union Scalar {
  double f;
  int64_t i;
};

/// In what arithmetic floats are computed: `Float64` keeps doubles throughout
/// and is the oracle; `Short` does, too, but rounds to types shorter than f32;
/// `Typed` rounds every result to its type in the IR.
enum class Rounding { Float64, Short, Typed };

/// `value` as the element type would hold it: floats rounded as
/// `rounding` says, integers wrapped to their width.
Scalar roundTo(mlir::Type elementType, Scalar value, Rounding rounding);

/// Sizes of axes, row-major.
using Shape = llvm::SmallVector<int64_t, 6>;

int64_t countElements(llvm::ArrayRef<int64_t> shape);

/// Distance of neighbours along each axis in a dense tensor.
Shape stridesOf(llvm::ArrayRef<int64_t> shape);

/// Moves `index` to the next position of `shape`, last axis fastest. False
/// after the last one, with `index` at the start again.
bool advance(llvm::MutableArrayRef<int64_t> index,
             llvm::ArrayRef<int64_t> shape);

/// A dense tensor. Copies share their elements; `mutate` separates them.
class Tensor {
public:
  Tensor() = default;
  Tensor(mlir::Type elementType, llvm::ArrayRef<int64_t> shape);
  Tensor(mlir::Type elementType, llvm::ArrayRef<int64_t> shape, Scalar fill);

  /// Elements of a constant; `shape` because a splat does not hold its size.
  static Tensor fromAttribute(mlir::TypedAttr attribute);
  static Tensor scalar(mlir::Type elementType, Scalar value) {
    return {elementType, {}, value};
  }
  static Tensor integer(mlir::Type elementType, int64_t value) {
    Scalar s;
    s.i = value;
    return {elementType, {}, s};
  }

  explicit operator bool() const { return data != nullptr; }
  mlir::Type getElementType() const { return elementType; }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(elementType); }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return int64_t(shape.size()); }
  int64_t size() const { return int64_t(data->size()); }

  const Scalar *begin() const { return data->data(); }
  const Scalar *end() const { return data->data() + data->size(); }
  const Scalar &operator[](int64_t i) const { return (*data)[size_t(i)]; }
  const Scalar &at(llvm::ArrayRef<int64_t> index) const;

  /// The elements for writing; copies them first if another tensor reads them.
  Scalar *mutate();

  /// The same elements under another shape or element type.
  Tensor withShape(llvm::ArrayRef<int64_t> newShape) const;
  Tensor withElementType(mlir::Type type) const;

private:
  mlir::Type elementType;
  Shape shape;
  std::shared_ptr<std::vector<Scalar>> data;
};

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_TENSOR_H
