// SPDX-License-Identifier: Apache-2.0
//
// Elementary functions on lanes.
//
// exp, log, tanh and the like as straight-line code on f32, a number or a
// vector of any width. No library is called, so a loop stays vectors; results
// are within 4 units in the last place, if the comment does not say otherwise.

#ifndef LAMINA_BACKENDS_CPU_VECTORMATH_H
#define LAMINA_BACKENDS_CPU_VECTORMATH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/IRBuilder.h"

namespace lamina::cpu {

class VectorMath {
public:
  explicit VectorMath(llvm::IRBuilderBase &builder) : b(builder) {}

  /// The polynomial for an operation of the `math` dialect (`exp`, `tanh`) on
  /// f32 operands; null if there is none.
  llvm::Value *emit(llvm::StringRef name, llvm::ArrayRef<llvm::Value *> x);

  llvm::Value *exp(llvm::Value *x);
  llvm::Value *exp2(llvm::Value *x);
  llvm::Value *expm1(llvm::Value *x);
  llvm::Value *log(llvm::Value *x);
  llvm::Value *log1p(llvm::Value *x);
  llvm::Value *tanh(llvm::Value *x);
  llvm::Value *sinh(llvm::Value *x);
  llvm::Value *cosh(llvm::Value *x);
  llvm::Value *erf(llvm::Value *x);
  llvm::Value *erfc(llvm::Value *x);
  /// Absolute error 2^-23 for |x| < 2^15; beyond, the reduced argument is off
  /// by |x| · 2^-45.
  llvm::Value *sin(llvm::Value *x) { return sinCos(x, 0); }
  llvm::Value *cos(llvm::Value *x) { return sinCos(x, 1); }
  llvm::Value *atan(llvm::Value *x);
  llvm::Value *atan2(llvm::Value *y, llvm::Value *x);
  llvm::Value *asin(llvm::Value *x);
  llvm::Value *acos(llvm::Value *x);
  llvm::Value *cbrt(llvm::Value *x);
  llvm::Value *pow(llvm::Value *x, llvm::Value *y);

private:
  static constexpr double ln2 = 0.693147180559945309417232;
  static constexpr double log2e = 1.44269504088896340736;

  struct Split {
    llvm::Value *mantissa; ///< in [sqrt(1/2), sqrt(2))
    llvm::Value *exponent; ///< whole, as a floating-point number
  };

  llvm::Value *number(llvm::Value *like, double value);
  llvm::Value *integers(llvm::Value *like, uint64_t value);
  llvm::Type *integerType(llvm::Value *like);
  llvm::Value *fma(llvm::Value *x, llvm::Value *y, llvm::Value *z);
  llvm::Value *unary(llvm::Intrinsic::ID id, llvm::Value *x);
  llvm::Value *polynomial(llvm::Value *x, llvm::ArrayRef<double> highestFirst);
  llvm::Value *withSignOf(llvm::Value *magnitude, llvm::Value *sign);
  llvm::Value *clamp(llvm::Value *x, double low, double high);
  llvm::Value *keepNaN(llvm::Value *x, llvm::Value *result);
  llvm::Value *powerOfTwo(llvm::Value *exponent);
  llvm::Value *scale(llvm::Value *x, llvm::Value *exponent);
  Split split(llvm::Value *x);
  llvm::Value *logOfSplit(Split parts);
  llvm::Value *logDouble(llvm::Value *x);
  llvm::Value *expDouble(llvm::Value *x);
  llvm::Value *sinCos(llvm::Value *x, int quarter);
  llvm::Value *powOfMagnitude(llvm::Value *x, llvm::Value *y);

  llvm::IRBuilderBase &b;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_VECTORMATH_H
