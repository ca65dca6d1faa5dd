// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of math.
//
// One line a formula: x, y = f(x), and g, the adjoint of y. Through the result
// where that is cheaper. Singular points have the derivative 0: `sqrt`, `absf`,
// powers; so norms stay finite at zero, twice.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"

#include "llvm/Support/MathExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lamina::graph {

/// g n x^(n-1), and 0 at x = 0 where that is infinite or 0 times infinite.
static LogicalResult pullIntegerPower(math::FPowIOp op, OpBuilder &b,
                                      ArrayRef<Value> adjoints,
                                      Adjoints &sink) {
  Location loc = op.getLoc();
  Value n = op.getRhs();
  Value one = constantLike(b, loc, n.getType(), 1);
  Value less = arith::SubIOp::create(b, loc, n, one);
  Term x{&b, loc, op.getLhs()}, g{&b, loc, adjoints[0]};
  Term factor = g.with(arith::SIToFPOp::create(b, loc, x.value.getType(), n));
  Term power = g.with(math::FPowIOp::create(b, loc, x.value, less));
  Term small =
      g.with(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, n, one));
  sink.add(0, zeroWhere(isZero(x) & small, g * (factor * power)).value);
  return success();
}

static LogicalResult pullFma(math::FmaOp op, OpBuilder &b,
                             ArrayRef<Value> adjoints, Adjoints &sink) {
  Term g{&b, op.getLoc(), adjoints[0]};
  if (sink.wants(0))
    sink.add(0, (g * g.with(op.getB())).value);
  if (sink.wants(1))
    sink.add(1, (g * g.with(op.getA())).value);
  sink.add(2, adjoints[0]);
  return success();
}

/// Singular at 0 only: f'(x) is taken through `f`, and is 0 there.
static void attachSingular(MLIRContext *c) {
  using T = Term;
  unary<math::AbsFOp>(c, [](T x, T, T g) {
    return choose(x > 0, g, choose(x < 0, -g, g.constant(0)));
  });
  unary<math::SqrtOp>(
      c, [](T, T y, T g) { return zeroWhere(isZero(y), g * (0.5 / y)); });
  unary<math::RsqrtOp>(c, [](T x, T y, T g) {
    return zeroWhere(isZero(x), g * (-0.5 * (y / x)));
  });
  unary<math::CbrtOp>(
      c, [](T, T y, T g) { return zeroWhere(isZero(y), g / (3 * (y * y))); });
  binary<math::PowFOp>(
      c,
      [](T a, T b, T, T g) {
        return zeroWhere(isZero(a) & (b < 1), g * (b * pow(a, b - 1)));
      },
      [](T a, T, T y, T g) { return zeroWhere(isZero(a), g * (y * log(a))); });
  rule<math::FPowIOp, WhereFlow::Wraps, true>(c, pullIntegerPower);
}

void attachMathDerivatives(MLIRContext *c) {
  using T = Term;
  using llvm::numbers::inv_sqrtpi;
  using llvm::numbers::ln10;
  using llvm::numbers::ln2;
  unary<math::ExpOp>(c, [](T, T y, T g) { return g * y; });
  unary<math::Exp2Op>(c, [](T, T y, T g) { return g * (ln2 * y); });
  unary<math::ExpM1Op>(c, [](T, T y, T g) { return g * (1 + y); });
  unary<math::LogOp>(c, [](T x, T, T g) { return g / x; });
  unary<math::Log2Op>(c, [](T x, T, T g) { return g / (ln2 * x); });
  unary<math::Log10Op>(c, [](T x, T, T g) { return g / (ln10 * x); });
  unary<math::Log1pOp>(c, [](T x, T, T g) { return g / (1 + x); });
  unary<math::TanhOp>(c, [](T, T y, T g) { return g * (1 - y * y); });
  unary<math::SinOp>(c, [](T x, T, T g) { return g * cos(x); });
  unary<math::CosOp>(c, [](T x, T, T g) { return -(g * sin(x)); });
  unary<math::TanOp>(c, [](T, T y, T g) { return g * (1 + y * y); });
  unary<math::AsinOp>(c, [](T x, T, T g) { return g / sqrt(1 - x * x); });
  unary<math::AcosOp>(c, [](T x, T, T g) { return -(g / sqrt(1 - x * x)); });
  unary<math::AtanOp>(c, [](T x, T, T g) { return g / (1 + x * x); });
  unary<math::SinhOp>(c, [](T x, T, T g) { return g * cosh(x); });
  unary<math::CoshOp>(c, [](T x, T, T g) { return g * sinh(x); });
  unary<math::AsinhOp>(c, [](T x, T, T g) { return g / sqrt(1 + x * x); });
  unary<math::AcoshOp>(c, [](T x, T, T g) { return g / sqrt(x * x - 1); });
  unary<math::AtanhOp>(c, [](T x, T, T g) { return g / (1 - x * x); });
  unary<math::ErfOp>(
      c, [](T x, T, T g) { return g * (2 * inv_sqrtpi * exp(-(x * x))); });
  unary<math::ErfcOp>(
      c, [](T x, T, T g) { return g * (-2 * inv_sqrtpi * exp(-(x * x))); });
  binary<math::Atan2Op>(
      c, [](T a, T b, T, T g) { return g * (b / (a * a + b * b)); },
      [](T a, T b, T, T g) { return -(g * (a / (a * a + b * b))); });
  rule<math::FmaOp, WhereFlow::Wraps, true>(c, pullFma);
  attachSingular(c);
  flat<math::FloorOp, math::CeilOp, math::RoundOp, math::RoundEvenOp,
       math::TruncOp, math::CopySignOp, math::IsNaNOp, math::IsInfOp,
       math::IsFiniteOp, math::AbsIOp, math::IPowIOp>(c);
}

} // namespace lamina::graph
