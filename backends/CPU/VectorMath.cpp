// SPDX-License-Identifier: Apache-2.0
//
// Elementary functions on lanes.
//
// Each function reduces its argument to a short interval and evaluates a
// polynomial there. The coefficients are Chebyshev interpolants computed with
// 60 digits; the comment at each gives the interval and the error of the fit.

#include "backends/CPU/VectorMath.h"

#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace lamina::cpu {

// (e^r - 1 - r) / r² for |r| <= ln 2 / 2: 6.5e-8, so 8e-9 of e^r.
static constexpr double exponential[] = {
    0.0013926176119935579, 0.0083631730745137109, 0.041666554662050534,
    0.16666577025597988, 0.5};
// (log(1+f) - f + f²/2) / f³ for sqrt(1/2) <= 1+f < sqrt(2): 2.9e-8.
static constexpr double logarithm[] = {
    0.069716114714511778, -0.11479733846637636, 0.11685419923486739,
    -0.12425687331451106, 0.1424905764569748,   -0.16667802319501254,
    0.20000715748892102,  -0.24999996957950882, 0.33333331180030048};
// erf(x) / x as a polynomial of x² for |x| <= 1: 1.3e-9.
static constexpr double errorNearZero[] = {
    7.8758750626854883e-5, -0.00080168642871658695, 0.005189087423433974,
    -0.026854212010626412, 0.11283594715160218,     -0.37612626666720331,
    1.1283791658483509};
// log(erfc(x)) for 1 <= x <= 4: 1.7e-8.
static constexpr double logOfTail[] = {
    1.6371514145936436e-6,  -4.6058042689189779e-5, 0.00059680562566077971,
    -0.0047595962932662646, 0.026421136005663897,   -0.11008008294882025,
    -0.63182605155916301,   -1.130233434841994,     0.00032013804967769884};
// erfc(x) e^(x²) / t with t = 1/(1 + x/2) for 0.5 <= x <= 10.5: 6.4e-9.
static constexpr double scaledTail[] = {
    -0.065508937788337121, 0.31240195200054307,  -0.53781427804941248,
    0.32851935384611443,   -0.05666403051059488, 0.21358630882411453,
    0.24075787285429098,   0.28264839994377013,  0.28207327197752764};
// (sin r - r) / r³ and (cos r - 1 + r²/2) / r⁴ of r² for |r| <= π/4.
static constexpr double sine[] = {2.7249925803059792e-6,
                                  -0.00019840086735384846,
                                  0.0083333318747102088, -0.1666666666385529};
static constexpr double cosine[] = {
    2.4547942085071573e-5, -0.0013888303035894866, 0.041666664659502207};
// (atan x - x) / x³ of x² for |x| <= 1: 2.5e-9.
static constexpr double arcTangent[] = {
    0.0014886919393047596, -0.0091446297605923953, 0.026305001110062377,
    -0.048960514027090666, 0.070319142500299659,   -0.089318267773813144,
    0.11088261628735159,   -0.1428400379473353,    0.19999949321141887,
    -0.33333333081073254};
// (asin x - x) / x³ of x² for |x| <= 1/2: 4.2e-9.
static constexpr double arcSine[] = {0.03369084720283012,  0.017149238357677253,
                                     0.031100662735494568, 0.044599401528512184,
                                     0.075000945434974235, 0.16666666337430907};

// ln 2 = high + low, where n · high is exact for |n| < 2^12.
static constexpr double ln2High = 0.693359375;
static constexpr double ln2Low = 0.693147180559945309417232 - ln2High;
static constexpr double halfPi = 1.57079632679489661923;

Value *VectorMath::number(Value *like, double value) {
  return ConstantFP::get(like->getType(), value);
}

Type *VectorMath::integerType(Value *like) {
  Type *type = like->getType();
  Type *integer = b.getIntNTy(type->getScalarSizeInBits());
  if (auto *vector = dyn_cast<VectorType>(type))
    return VectorType::get(integer, vector->getElementCount());
  return integer;
}

Value *VectorMath::integers(Value *like, uint64_t value) {
  return ConstantInt::get(integerType(like), value);
}

// Fused where the processor can, else rounded twice: never a call.
Value *VectorMath::fma(Value *x, Value *y, Value *z) {
  return b.CreateIntrinsic(Intrinsic::fmuladd, {x->getType()}, {x, y, z});
}

Value *VectorMath::unary(Intrinsic::ID id, Value *x) {
  return b.CreateUnaryIntrinsic(id, x);
}

Value *VectorMath::polynomial(Value *x, ArrayRef<double> highestFirst) {
  Value *sum = number(x, highestFirst.front());
  for (double coefficient : highestFirst.drop_front())
    sum = fma(sum, x, number(x, coefficient));
  return sum;
}

Value *VectorMath::withSignOf(Value *magnitude, Value *sign) {
  return b.CreateBinaryIntrinsic(Intrinsic::copysign, magnitude, sign);
}

Value *VectorMath::clamp(Value *x, double low, double high) {
  Value *floor = number(x, low), *ceiling = number(x, high);
  Value *raised = b.CreateSelect(b.CreateFCmpOLT(x, floor), floor, x);
  return b.CreateSelect(b.CreateFCmpOGT(raised, ceiling), ceiling, raised);
}

Value *VectorMath::keepNaN(Value *x, Value *result) {
  return b.CreateSelect(b.CreateFCmpUNO(x, x), x, result);
}

/// 2^exponent for a whole number within the normal exponents. Adding 1.5 · 2^m,
/// with m the bits of the mantissa, leaves the number in the lowest bits;
/// unlike a conversion this has a defined result for NaN.
Value *VectorMath::powerOfTwo(Value *exponent) {
  bool isDouble = exponent->getType()->getScalarType()->isDoubleTy();
  Value *shifted =
      b.CreateFAdd(exponent, number(exponent, isDouble ? 0x1.8p52 : 0x1.8p23));
  Value *whole = b.CreateBitCast(shifted, integerType(exponent));
  Value *biased = b.CreateAdd(whole, integers(exponent, isDouble ? 1023 : 127));
  Value *bits = b.CreateShl(biased, integers(exponent, isDouble ? 52 : 23));
  return b.CreateBitCast(bits, exponent->getType());
}

// In two factors, because 2^exponent itself may be below or above the range of
// numbers that x · 2^exponent still reaches.
Value *VectorMath::scale(Value *x, Value *exponent) {
  Value *half = unary(Intrinsic::floor, b.CreateFMul(exponent, number(x, 0.5)));
  Value *rest = b.CreateFSub(exponent, half);
  return b.CreateFMul(b.CreateFMul(x, powerOfTwo(half)), powerOfTwo(rest));
}

Value *VectorMath::exp(Value *x) {
  // Beyond the bounds the result is 0 or infinity, and so it is at them.
  Value *inside = clamp(x, -104.0, 89.0);
  Value *n =
      unary(Intrinsic::roundeven, b.CreateFMul(inside, number(x, log2e)));
  Value *r = fma(n, number(x, -ln2High), inside);
  r = fma(n, number(x, -ln2Low), r);
  Value *p = polynomial(r, exponential);
  Value *tail = fma(b.CreateFMul(r, r), p, r);
  return scale(b.CreateFAdd(tail, number(x, 1.0)), n);
}

Value *VectorMath::exp2(Value *x) {
  Value *inside = clamp(x, -151.0, 129.0);
  Value *n = unary(Intrinsic::roundeven, inside);
  Value *r = b.CreateFMul(b.CreateFSub(inside, n), number(x, ln2));
  Value *p = polynomial(r, exponential);
  Value *tail = fma(b.CreateFMul(r, r), p, r);
  return scale(b.CreateFAdd(tail, number(x, 1.0)), n);
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), so nothing cancels where n = 0.
Value *VectorMath::expm1(Value *x) {
  Value *inside = clamp(x, -18.0, 88.8);
  Value *n =
      unary(Intrinsic::roundeven, b.CreateFMul(inside, number(x, log2e)));
  Value *r = fma(n, number(x, -ln2High), inside);
  r = fma(n, number(x, -ln2Low), r);
  Value *tail = fma(b.CreateFMul(r, r), polynomial(r, exponential), r);
  // 2^128 is no f32: half of it, doubled at the end.
  Value *half = powerOfTwo(b.CreateFSub(n, number(x, 1.0)));
  Value *rest = b.CreateFSub(half, number(x, 0.5));
  Value *sum = fma(half, tail, rest);
  Value *result = b.CreateFMul(sum, number(x, 2.0));
  // Keeps the sign of zero and numbers too small to square.
  Value *tiny = b.CreateFCmpOLT(unary(Intrinsic::fabs, x), number(x, 1e-7));
  Value *huge = b.CreateFCmpOGT(x, number(x, 88.73));
  result = b.CreateSelect(huge, ConstantFP::getInfinity(x->getType()), result);
  return keepNaN(x, b.CreateSelect(tiny, x, result));
}

VectorMath::Split VectorMath::split(Value *x) {
  bool isDouble = x->getType()->getScalarType()->isDoubleTy();
  unsigned shift = isDouble ? 52 : 23;
  // Subnormal numbers are scaled into the normal ones first.
  Value *small = b.CreateFCmpOLT(x, number(x, isDouble ? 0x1p-1022 : 0x1p-126));
  Value *normal = b.CreateSelect(
      small, b.CreateFMul(x, number(x, isDouble ? 0x1p54 : 0x1p25)), x);
  // The bits above those of sqrt(1/2) count the exponent.
  uint64_t root = isDouble ? 0x3fe6a09e667f3bcdull : 0x3f3504f3u;
  Value *bits = b.CreateBitCast(normal, integerType(x));
  Value *above = b.CreateSub(bits, integers(x, root));
  Value *exponent = b.CreateAShr(above, integers(x, shift));
  Value *mantissa =
      b.CreateSub(bits, b.CreateShl(exponent, integers(x, shift)));
  Value *whole = b.CreateSIToFP(exponent, x->getType());
  Value *scaled = b.CreateFSub(whole, number(x, isDouble ? 54.0 : 25.0));
  return {b.CreateBitCast(mantissa, x->getType()),
          b.CreateSelect(small, scaled, whole)};
}

Value *VectorMath::logOfSplit(Split parts) {
  Value *f = b.CreateFSub(parts.mantissa, number(parts.mantissa, 1.0));
  Value *square = b.CreateFMul(f, f);
  Value *cubed =
      b.CreateFMul(b.CreateFMul(square, f), polynomial(f, logarithm));
  Value *low = fma(parts.exponent, number(f, ln2Low), cubed);
  low = fma(square, number(f, -0.5), low);
  return fma(parts.exponent, number(f, ln2High), b.CreateFAdd(f, low));
}

static Value *logSpecial(IRBuilderBase &b, Value *x, Value *result) {
  Type *type = x->getType();
  Value *zero = ConstantFP::get(type, 0.0);
  Value *infinite = ConstantFP::getInfinity(type);
  result = b.CreateSelect(b.CreateFCmpOEQ(x, infinite), infinite, result);
  result =
      b.CreateSelect(b.CreateFCmpOEQ(x, zero),
                     ConstantFP::getInfinity(type, /*Negative=*/true), result);
  // Also for NaN itself.
  return b.CreateSelect(b.CreateFCmpULT(x, zero), ConstantFP::getNaN(type),
                        result);
}

Value *VectorMath::log(Value *x) {
  Value *result = logSpecial(b, x, logOfSplit(split(x)));
  return keepNaN(x, result);
}

// log(1 + x) = log(u) + (x - (u - 1)) / u, where u is 1 + x rounded.
Value *VectorMath::log1p(Value *x) {
  Value *one = number(x, 1.0);
  Value *u = b.CreateFAdd(x, one);
  Value *lost = b.CreateFSub(x, b.CreateFSub(u, one));
  Value *sum = b.CreateFAdd(logOfSplit(split(u)), b.CreateFDiv(lost, u));
  Value *result = logSpecial(b, u, sum);
  Value *tiny = b.CreateFCmpOLT(unary(Intrinsic::fabs, x), number(x, 1e-8));
  return keepNaN(x, b.CreateSelect(tiny, x, result));
}

// tanh(x) = t / (t + 2) with t = e^2x - 1: relative accuracy down to zero. Of
// the cases of expm1 none is left: 2x is never below zero, and beyond 20 the
// result is 1 in any case.
Value *VectorMath::tanh(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x), *most = number(x, 10.0);
  Value *inside = b.CreateSelect(b.CreateFCmpOGT(magnitude, most), most,
                                 magnitude); // NaN stays
  Value *doubled = b.CreateFAdd(inside, inside);
  Value *n =
      unary(Intrinsic::roundeven, b.CreateFMul(doubled, number(x, log2e)));
  Value *r = fma(n, number(x, -ln2High), doubled);
  r = fma(n, number(x, -ln2Low), r);
  Value *tail = fma(b.CreateFMul(r, r), polynomial(r, exponential), r);
  Value *power = powerOfTwo(n);
  Value *t = fma(power, tail, b.CreateFSub(power, number(x, 1.0)));
  Value *result = b.CreateFDiv(t, b.CreateFAdd(t, number(x, 2.0)));
  return withSignOf(result, x);
}

// With t = e^|x| - 1: sinh = (t + t/(t+1)) / 2.
Value *VectorMath::sinh(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *t = expm1(magnitude);
  Value *quotient = b.CreateFDiv(t, b.CreateFAdd(t, number(x, 1.0)));
  Value *half = b.CreateFMul(b.CreateFAdd(t, quotient), number(x, 0.5));
  // Where e^|x| is no longer finite but half of it is, and infinity itself.
  Value *root = exp(b.CreateFMul(magnitude, number(x, 0.5)));
  Value *large = b.CreateFMul(b.CreateFMul(root, number(x, 0.5)), root);
  Value *isLarge = b.CreateFCmpOGT(magnitude, number(x, 80.0));
  return keepNaN(x, withSignOf(b.CreateSelect(isLarge, large, half), x));
}

Value *VectorMath::cosh(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *root = exp(b.CreateFMul(magnitude, number(x, 0.5)));
  Value *up = b.CreateFMul(b.CreateFMul(root, number(x, 0.5)), root);
  Value *down = b.CreateFMul(exp(b.CreateFNeg(magnitude)), number(x, 0.5));
  return b.CreateFAdd(up, down);
}

Value *VectorMath::erf(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *near = b.CreateFMul(x, polynomial(b.CreateFMul(x, x), errorNearZero));
  Value *inside = clamp(magnitude, 1.0, 4.0);
  Value *tail = exp(polynomial(inside, logOfTail));
  Value *far = withSignOf(b.CreateFSub(number(x, 1.0), tail), x);
  Value *isNear = b.CreateFCmpOLT(magnitude, number(x, 1.0));
  return keepNaN(x, b.CreateSelect(isNear, near, far));
}

Value *VectorMath::erfc(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *near = b.CreateFSub(
      number(x, 1.0),
      b.CreateFMul(x, polynomial(b.CreateFMul(x, x), errorNearZero)));
  Value *inside = clamp(magnitude, 0.5, 10.5);
  Value *t =
      b.CreateFDiv(number(x, 1.0), fma(inside, number(x, 0.5), number(x, 1.0)));
  Value *square = b.CreateFMul(inside, inside);
  Value *lost = fma(inside, inside, b.CreateFNeg(square));
  Value *bell = b.CreateFMul(exp(b.CreateFNeg(square)),
                             b.CreateFSub(number(x, 1.0), lost));
  Value *tail = b.CreateFMul(b.CreateFMul(bell, t), polynomial(t, scaledTail));
  Value *isNegative = b.CreateFCmpOLT(x, number(x, 0.0));
  Value *far =
      b.CreateSelect(isNegative, b.CreateFSub(number(x, 2.0), tail), tail);
  Value *isNear = b.CreateFCmpOLT(magnitude, number(x, 0.5));
  return keepNaN(x, b.CreateSelect(isNear, near, far));
}

// x = n · π/2 + r; the quarter n + `quarter` picks sine or cosine and the sign.
Value *VectorMath::sinCos(Value *x, int quarter) {
  Value *n =
      unary(Intrinsic::roundeven, b.CreateFMul(x, number(x, 1 / halfPi)));
  // π/2 in three parts of f32.
  Value *r = fma(n, number(x, -1.5707963705062866), x);
  r = fma(n, number(x, 4.3711388286737929e-08), r);
  r = fma(n, number(x, 1.7151245100058819e-15), r);
  Value *z = b.CreateFMul(r, r);
  Value *sinR = fma(b.CreateFMul(z, r), polynomial(z, sine), r);
  Value *cosR = fma(b.CreateFMul(z, z), polynomial(z, cosine),
                    fma(z, number(x, -0.5), number(x, 1.0)));
  Value *whole =
      b.CreateAdd(b.CreateFPToSI(clamp(n, -1e9, 1e9), integerType(x)),
                  integers(x, uint64_t(quarter)));
  Value *zero = integers(x, 0);
  Value *odd = b.CreateICmpNE(b.CreateAnd(whole, integers(x, 1)), zero);
  Value *lower = b.CreateICmpNE(b.CreateAnd(whole, integers(x, 2)), zero);
  Value *result = b.CreateSelect(odd, cosR, sinR);
  result = b.CreateSelect(lower, b.CreateFNeg(result), result);
  Value *finite = b.CreateFCmpOLT(unary(Intrinsic::fabs, x),
                                  ConstantFP::getInfinity(x->getType()));
  return b.CreateSelect(finite, result, ConstantFP::getNaN(x->getType()));
}

Value *VectorMath::atan(Value *x) { return atan2(x, number(x, 1.0)); }

// The quotient of the smaller by the larger magnitude, then the octants.
Value *VectorMath::atan2(Value *y, Value *x) {
  Value *ay = unary(Intrinsic::fabs, y), *ax = unary(Intrinsic::fabs, x);
  Value *steep = b.CreateFCmpOGT(ay, ax);
  Value *below = b.CreateSelect(steep, ay, ax);
  Value *above = b.CreateSelect(steep, ax, ay);
  Value *zero = number(x, 0.0), *one = number(x, 1.0);
  Value *q = b.CreateFDiv(above, below);
  q = b.CreateSelect(b.CreateFCmpOEQ(below, zero), zero, q);
  Value *infinite = ConstantFP::getInfinity(x->getType());
  q = b.CreateSelect(b.CreateFCmpOEQ(above, infinite), one, q);
  Value *z = b.CreateFMul(q, q);
  Value *angle = fma(b.CreateFMul(z, q), polynomial(z, arcTangent), q);
  angle = b.CreateSelect(steep, b.CreateFSub(number(x, halfPi), angle), angle);
  // The sign bit, so that -0 counts as negative.
  Value *left =
      b.CreateICmpSLT(b.CreateBitCast(x, integerType(x)), integers(x, 0));
  angle =
      b.CreateSelect(left, b.CreateFSub(number(x, 2 * halfPi), angle), angle);
  return keepNaN(x, keepNaN(y, withSignOf(angle, y)));
}

// Near 1 by asin(x) = π/2 - 2 asin(sqrt((1-x)/2)).
Value *VectorMath::asin(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *isFar = b.CreateFCmpOGT(magnitude, number(x, 0.5));
  Value *half =
      b.CreateFMul(b.CreateFSub(number(x, 1.0), magnitude), number(x, 0.5));
  Value *z = b.CreateSelect(isFar, half, b.CreateFMul(x, x));
  Value *s = b.CreateSelect(isFar, unary(Intrinsic::sqrt, half), magnitude);
  Value *angle = fma(b.CreateFMul(z, s), polynomial(z, arcSine), s);
  Value *far = fma(angle, number(x, -2.0), number(x, halfPi));
  return withSignOf(b.CreateSelect(isFar, far, angle), x);
}

Value *VectorMath::acos(Value *x) {
  Value *magnitude = unary(Intrinsic::fabs, x);
  Value *isFar = b.CreateFCmpOGT(magnitude, number(x, 0.5));
  Value *root = unary(
      Intrinsic::sqrt,
      b.CreateFMul(b.CreateFSub(number(x, 1.0), magnitude), number(x, 0.5)));
  Value *z = b.CreateFMul(root, root);
  Value *angle = fma(b.CreateFMul(z, root), polynomial(z, arcSine), root);
  Value *twice = b.CreateFAdd(angle, angle);
  Value *isNegative = b.CreateFCmpOLT(x, number(x, 0.0));
  Value *far = b.CreateSelect(
      isNegative, b.CreateFSub(number(x, 2 * halfPi), twice), twice);
  return b.CreateSelect(isFar, far, b.CreateFSub(number(x, halfPi), asin(x)));
}

Value *VectorMath::emit(StringRef name, ArrayRef<Value *> x) {
  using Unary = Value *(VectorMath::*)(Value *);
  using Binary = Value *(VectorMath::*)(Value *, Value *);
  if (auto function = StringSwitch<Binary>(name)
                          .Case("atan2", &VectorMath::atan2)
                          .Case("powf", &VectorMath::pow)
                          .Default(nullptr))
    return (this->*function)(x[0], x[1]);
  if (auto function = StringSwitch<Unary>(name)
                          .Case("exp", &VectorMath::exp)
                          .Case("exp2", &VectorMath::exp2)
                          .Case("expm1", &VectorMath::expm1)
                          .Case("log", &VectorMath::log)
                          .Case("log1p", &VectorMath::log1p)
                          .Case("tanh", &VectorMath::tanh)
                          .Case("sinh", &VectorMath::sinh)
                          .Case("cosh", &VectorMath::cosh)
                          .Case("erf", &VectorMath::erf)
                          .Case("erfc", &VectorMath::erfc)
                          .Case("sin", &VectorMath::sin)
                          .Case("cos", &VectorMath::cos)
                          .Case("atan", &VectorMath::atan)
                          .Case("asin", &VectorMath::asin)
                          .Case("acos", &VectorMath::acos)
                          .Case("cbrt", &VectorMath::cbrt)
                          .Default(nullptr))
    return (this->*function)(x[0]);
  Value *value = x[0];
  if (name == "log2")
    return b.CreateFMul(log(value), number(value, log2e));
  if (name == "log10")
    return b.CreateFMul(log(value), number(value, 0.43429448190325182765));
  if (name == "tan")
    return b.CreateFDiv(sin(value), cos(value));
  if (name == "rsqrt")
    return b.CreateFDiv(number(value, 1.0), unary(Intrinsic::sqrt, value));
  return nullptr;
}

} // namespace lamina::cpu
