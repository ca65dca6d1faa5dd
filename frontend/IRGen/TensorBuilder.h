// SPDX-License-Identifier: Apache-2.0
//
// Graph ops without their types.
//
// An OpBuilder for tensors: each method derives the type of its result from its
// operands' sizes, and emits nothing where nothing would change.

#ifndef LAMINA_FRONTEND_IRGEN_TENSORBUILDER_H
#define LAMINA_FRONTEND_IRGEN_TENSORBUILDER_H

#include "frontend/IRGen/Types.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lamina::irgen {

class TensorBuilder : public mlir::OpBuilder {
public:
  explicit TensorBuilder(const Types &types)
      : OpBuilder(types.getContext()), types(types),
        place(mlir::UnknownLoc::get(types.getContext())) {}

  const Types &types;
  /// Where the ops made next come from.
  mlir::Location place;

  template <class Op, class... Args>
  Op make(Args &&...args) {
    return Op::create(*this, place, std::forward<Args>(args)...);
  }

  //===-- Sources ---------------------------------------------------------===//

  mlir::Value constant(llvm::ArrayRef<SizeExpr> sizes, mlir::Type element,
                       double value);
  mlir::Value constantLike(mlir::Value like, double value);
  mlir::Value number(mlir::Type element, double value) {
    return constant({}, element, value);
  }
  /// An i64 of rank 0, for keys and starts.
  mlir::Value wide(int64_t value);
  mlir::Value table(llvm::ArrayRef<SizeExpr> sizes, mlir::Type element,
                    llvm::ArrayRef<double> values);
  mlir::Value iota(llvm::ArrayRef<SizeExpr> sizes, unsigned axis);
  mlir::Value sizeValue(const SizeExpr &size, mlir::Type element);
  /// Whether the last two indices are equal, for each element of this shape.
  mlir::Value isOnDiagonal(llvm::ArrayRef<SizeExpr> sizes);

  //===-- Views -----------------------------------------------------------===//

  mlir::Value broadcast(mlir::Value x, llvm::ArrayRef<SizeExpr> sizes,
                        llvm::ArrayRef<int64_t> axes);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> order);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<SizeExpr> sizes);
  mlir::Value reverse(mlir::Value x, unsigned axis);
  mlir::Value slice(mlir::Value x, unsigned axis, int64_t start,
                    const SizeExpr &size, int64_t step = 1);
  mlir::Value dynamicSlice(mlir::Value x, unsigned axis, mlir::Value start,
                           const SizeExpr &size);
  mlir::Value pad(mlir::Value x, unsigned axis, int64_t low, int64_t high,
                  double value);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> parts, unsigned axis);
  /// Without an axis of size 1; with a new one.
  mlir::Value dropAxis(mlir::Value x, unsigned axis);
  mlir::Value addAxis(mlir::Value x, unsigned axis);

  //===-- Algebra ---------------------------------------------------------===//

  mlir::Value gather(mlir::Value x, mlir::Value ids, unsigned axis,
                     unsigned batch, bool outsideZero);
  mlir::Value reduce(graph::ReduceKind kind, mlir::Value x,
                     llvm::ArrayRef<int64_t> axes);
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no);
  mlir::Value compare(mlir::arith::CmpIPredicate whole,
                      mlir::arith::CmpFPredicate real, mlir::Value a,
                      mlir::Value b);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value subtract(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value divide(mlir::Value a, mlir::Value b);
  mlir::Value negate(mlir::Value a);
  mlir::Value bothTrue(mlir::Value a, mlir::Value b);
  /// The elements [..., i, i].
  mlir::Value diagonal(mlir::Value x);

  /// The same numbers as `element`: whole numbers of another width, whole to
  /// real, truth values to 0 and 1, real to whole towards 0.
  mlir::Value convert(mlir::Value x, mlir::Type element);

private:
  mlir::Value convertInteger(mlir::Value x, mlir::IntegerType from,
                             mlir::Type to, mlir::RankedTensorType type);
};

inline mlir::Type elementOf(mlir::Value tensor) {
  return llvm::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}
inline unsigned rankOf(mlir::Value tensor) {
  return llvm::cast<mlir::RankedTensorType>(tensor.getType()).getRank();
}
/// The sizes of all axes but the first `count`.
inline Sizes sizesBehind(mlir::Value tensor, unsigned count) {
  Sizes sizes = graph::getShape(tensor);
  return Sizes(llvm::drop_begin(sizes, count));
}
inline bool isReal(mlir::Value tensor) {
  return llvm::isa<mlir::FloatType>(elementOf(tensor));
}

} // namespace lamina::irgen

#endif // LAMINA_FRONTEND_IRGEN_TENSORBUILDER_H
