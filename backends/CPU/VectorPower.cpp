// SPDX-License-Identifier: Apache-2.0
//
// Powers and cube roots on lanes.
//
// The part of VectorMath that needs more digits than f32 has, or none of a
// polynomial's.

#include "backends/CPU/VectorMath.h"

using namespace llvm;

namespace lamina::cpu {

// (e^r - 1 - r) / r² for |r| <= ln 2 / 2: 7.3e-15.
static constexpr double exponentialDouble[] = {
    2.7613795554519859e-7,  2.7625102005388107e-6, 2.4801536409064086e-5,
    0.00019841208756992321, 0.0013888888905871346, 0.008333333353717157,
    0.041666666666651367,   0.16666666666648303,   0.5};
// (log((1+s)/(1-s)) - 2s) / s³ as a polynomial of s²: 4.7e-14.
static constexpr double logarithmDouble[] = {
    0.16621817152858928, 0.18140193802865991, 0.22222862280108716,
    0.28571424138324161, 0.40000000011206506, 0.66666666666662083};

// A first value from the bits, then three Newton steps, each of which doubles
// the five digits that it has.
Value *VectorMath::cbrt(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *small = b.CreateFCmpOLT(magnitude, number(x, 0x1p-120));
  Value *a = b.CreateSelect(small, b.CreateFMul(magnitude, number(x, 0x1p24)),
                            magnitude);
  Value *bits = b.CreateBitCast(a, integerType(x));
  Value *third = b.CreateUDiv(bits, integers(x, 3));
  Value *y =
      b.CreateBitCast(b.CreateAdd(third, integers(x, 709921077)), x->getType());
  for (int step = 0; step < 3; ++step) {
    Value *quotient = b.CreateFDiv(a, b.CreateFMul(y, y));
    Value *correction =
        b.CreateFMul(b.CreateFSub(quotient, y), number(x, 1.0 / 3.0));
    y = b.CreateFAdd(y, correction);
  }
  y = b.CreateSelect(small, b.CreateFMul(y, number(x, 0x1p-8)), y);
  Value *finite =
      b.CreateFCmpOLT(magnitude, ConstantFP::getInfinity(x->getType()));
  Value *isZero = b.CreateFCmpOEQ(x, number(x, 0.0));
  y = b.CreateSelect(finite, withSignOf(y, x), x);
  return b.CreateSelect(isZero, x, y);
}

Value *VectorMath::logDouble(Value *x) {
  Split parts = split(x);
  Value *one = number(x, 1.0);
  Value *s = b.CreateFDiv(b.CreateFSub(parts.mantissa, one),
                          b.CreateFAdd(parts.mantissa, one));
  Value *z = b.CreateFMul(s, s);
  Value *cubed =
      b.CreateFMul(b.CreateFMul(z, s), polynomial(z, logarithmDouble));
  Value *sum = fma(s, number(x, 2.0), cubed);
  return fma(parts.exponent, number(x, ln2), sum);
}

Value *VectorMath::expDouble(Value *x) {
  Value *n = unary(Intrinsic::roundeven, b.CreateFMul(x, number(x, log2e)));
  Value *r = fma(n, number(x, -ln2), x);
  Value *tail = fma(b.CreateFMul(r, r), polynomial(r, exponentialDouble), r);
  return b.CreateFMul(b.CreateFAdd(tail, number(x, 1.0)), powerOfTwo(n));
}

// y · log x needs more digits than f32 has, so it is computed in f64.
Value *VectorMath::powOfMagnitude(Value *x, Value *y) {
  Type *narrow = x->getType();
  Type *wide = b.getDoubleTy();
  if (auto *vector = dyn_cast<VectorType>(narrow))
    wide = VectorType::get(wide, vector->getElementCount());
  Value *logarithmOfX = logDouble(b.CreateFPExt(x, wide));
  Value *product = b.CreateFMul(b.CreateFPExt(y, wide), logarithmOfX);
  return b.CreateFPTrunc(expDouble(clamp(product, -120.0, 120.0)), narrow);
}

Value *VectorMath::pow(Value *x, Value *y) {
  Type *type = x->getType();
  Value *zero = number(x, 0.0), *one = number(x, 1.0);
  Value *infinite = ConstantFP::getInfinity(type);
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *result = powOfMagnitude(magnitude, y);
  // 0 and infinity have no logarithm; which of the two results depends on y.
  Value *upward = b.CreateFCmpOGT(y, zero);
  Value *ofZero = b.CreateSelect(upward, zero, infinite);
  Value *ofInfinity = b.CreateSelect(upward, infinite, zero);
  result = b.CreateSelect(b.CreateFCmpOEQ(x, zero), ofZero, result);
  result =
      b.CreateSelect(b.CreateFCmpOEQ(magnitude, infinite), ofInfinity, result);
  // Negative x: only whole y, with the sign of odd ones.
  Value *isWhole = b.CreateFCmpOEQ(unary(Intrinsic::trunc, y), y);
  Value *half = b.CreateFMul(y, number(x, 0.5));
  Value *isOdd = b.CreateAnd(
      isWhole, b.CreateFCmpUNE(unary(Intrinsic::trunc, half), half));
  Value *isNegative =
      b.CreateICmpSLT(b.CreateBitCast(x, integerType(x)), integers(x, 0));
  Value *below = b.CreateFCmpOLT(x, zero);
  result = b.CreateSelect(b.CreateAnd(isNegative, isOdd), b.CreateFNeg(result),
                          result);
  result = b.CreateSelect(b.CreateAnd(below, b.CreateNot(isWhole)),
                          ConstantFP::getNaN(type), result);
  result = keepNaN(y, keepNaN(x, result));
  Value *isOne = b.CreateOr(b.CreateFCmpOEQ(y, zero), b.CreateFCmpOEQ(x, one));
  return b.CreateSelect(isOne, one, result);
}

} // namespace lamina::cpu
