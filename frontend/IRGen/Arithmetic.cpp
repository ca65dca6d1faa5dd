// SPDX-License-Identifier: Apache-2.0
//
// Elementwise primitives as arith and math.
//
// Operands arrive with the shape of the result. Real operations take whole
// operands too and turn them into reals first.

#include "frontend/IRGen/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace lamina::irgen {

namespace {

using arith::CmpFPredicate;
using arith::CmpIPredicate;
using core::Primitive;

/// x^n by squaring, for n >= 1: exact where products are, and differentiable at
/// 0 and below, which `powf` is not everywhere.
Value powerBySquaring(TensorBuilder &b, Value x, int64_t n) {
  Value result;
  for (; n; n /= 2) {
    if (n % 2)
      result = result ? b.multiply(result, x) : x;
    if (n > 1)
      x = b.multiply(x, x);
  }
  return result;
}

Value emitPower(TensorBuilder &b, ArrayRef<Value> x,
                ArrayRef<core::Expr *> written) {
  bool real = isReal(x[0]);
  if (std::optional<int64_t> n = writtenExponent(written)) {
    if (*n == 0)
      return b.constantLike(x[0], 1);
    Value power = powerBySquaring(b, x[0], std::abs(*n));
    return *n > 0 ? power : b.divide(b.constantLike(x[0], 1), power);
  }
  if (real)
    return b.make<math::PowFOp>(x[0], x[1]);
  return b.make<math::IPowIOp>(x[0], x[1]);
}

bool isNeverNegative(const core::Expr *e) {
  const core::Elem &elem = e->type.elem;
  if (!elem.isWhole() || !elem.low)
    return false;
  std::optional<int64_t> low = elem.low.size().constant();
  return low && *low >= 0;
}

bool areNeverNegative(ArrayRef<core::Expr *> written) {
  return !written.empty() && llvm::all_of(written, isNeverNegative);
}

/// Rounds down. Without signs the machine's division does, and is cheaper.
Value emitFloorDiv(TensorBuilder &b, ArrayRef<Value> x,
                   ArrayRef<core::Expr *> written) {
  if (isReal(x[0]))
    return b.make<math::FloorOp>(b.divide(x[0], x[1]));
  if (areNeverNegative(written))
    return b.make<arith::DivSIOp>(x[0], x[1]);
  return b.make<arith::FloorDivSIOp>(x[0], x[1]);
}

Value emitMod(TensorBuilder &b, ArrayRef<Value> x,
              ArrayRef<core::Expr *> written) {
  if (!isReal(x[0]) && areNeverNegative(written))
    return b.make<arith::RemSIOp>(x[0], x[1]);
  return b.subtract(x[0], b.multiply(x[1], emitFloorDiv(b, x, written)));
}

Value emitSign(TensorBuilder &b, Value x) {
  Value zero = b.constantLike(x, 0), one = b.constantLike(x, 1);
  Value above = b.compare(CmpIPredicate::sgt, CmpFPredicate::OGT, x, zero);
  Value below = b.compare(CmpIPredicate::slt, CmpFPredicate::OLT, x, zero);
  Value negative = b.select(below, b.constantLike(x, -1), zero);
  return b.select(above, one, negative);
}

Value emitMin(TensorBuilder &b, Value a, Value c) {
  return isReal(a) ? Value(b.make<arith::MinimumFOp>(a, c))
                   : Value(b.make<arith::MinSIOp>(a, c));
}
Value emitMax(TensorBuilder &b, Value a, Value c) {
  return isReal(a) ? Value(b.make<arith::MaximumFOp>(a, c))
                   : Value(b.make<arith::MaxSIOp>(a, c));
}

bool isComparison(Primitive p) {
  return p == Primitive::Eq || p == Primitive::Ne || p == Primitive::Lt ||
         p == Primitive::Le || p == Primitive::Gt || p == Primitive::Ge;
}

/// The element type that the operands are brought to.
Type operandElement(Primitive primitive, ArrayRef<Value> operands,
                    Type result) {
  bool anyReal = llvm::any_of(operands, [](Value v) { return isReal(v); });
  if (isComparison(primitive)) {
    for (Value operand : operands)
      if (isReal(operand))
        return elementOf(operand);
    return elementOf(operands.front());
  }
  if (primitive == Primitive::Finite && !anyReal)
    return Float32Type::get(result.getContext());
  if (primitive == Primitive::Finite)
    return elementOf(operands.front());
  return result;
}

Value emitComparison(TensorBuilder &b, Primitive primitive, Value x, Value y) {
  switch (primitive) {
  case Primitive::Eq:
    return b.compare(CmpIPredicate::eq, CmpFPredicate::OEQ, x, y);
  case Primitive::Ne:
    return b.compare(CmpIPredicate::ne, CmpFPredicate::UNE, x, y);
  case Primitive::Lt:
    return b.compare(CmpIPredicate::slt, CmpFPredicate::OLT, x, y);
  case Primitive::Le:
    return b.compare(CmpIPredicate::sle, CmpFPredicate::OLE, x, y);
  case Primitive::Gt:
    return b.compare(CmpIPredicate::sgt, CmpFPredicate::OGT, x, y);
  default:
    return b.compare(CmpIPredicate::sge, CmpFPredicate::OGE, x, y);
  }
}

/// Functions of one real.
Value emitFunction(TensorBuilder &b, Primitive primitive, Value x) {
  switch (primitive) {
  case Primitive::Exp:
    return b.make<math::ExpOp>(x);
  case Primitive::Expm1:
    return b.make<math::ExpM1Op>(x);
  case Primitive::Log:
    return b.make<math::LogOp>(x);
  case Primitive::Log1p:
    return b.make<math::Log1pOp>(x);
  case Primitive::Sqrt:
    return b.make<math::SqrtOp>(x);
  case Primitive::Sin:
    return b.make<math::SinOp>(x);
  case Primitive::Cos:
    return b.make<math::CosOp>(x);
  case Primitive::Tan:
    return b.make<math::TanOp>(x);
  case Primitive::Tanh:
    return b.make<math::TanhOp>(x);
  case Primitive::Atan:
    return b.make<math::AtanOp>(x);
  case Primitive::Erf:
    return b.make<math::ErfOp>(x);
  case Primitive::Floor:
    return b.make<math::FloorOp>(x);
  case Primitive::Ceil:
    return b.make<math::CeilOp>(x);
  case Primitive::Round:
    return b.make<math::RoundEvenOp>(x);
  case Primitive::Finite: {
    Value size = b.make<math::AbsFOp>(x);
    Value infinity = b.constantLike(x, std::numeric_limits<double>::infinity());
    return b.make<arith::CmpFOp>(CmpFPredicate::OLT, size, infinity);
  }
  default:
    llvm_unreachable("every primitive is handled");
  }
}

} // namespace

std::optional<int64_t> writtenExponent(ArrayRef<core::Expr *> written) {
  if (written.size() < 2)
    return std::nullopt;
  std::optional<double> number = writtenNumber(written[1]);
  if (!number)
    return std::nullopt;
  double value = *number;
  if (value != std::floor(value) || std::abs(value) > 64)
    return std::nullopt;
  return int64_t(value);
}

Value Emitter::arithmetic(Primitive primitive, ArrayRef<Value> operands,
                          Type element, ArrayRef<core::Expr *> written) {
  SmallVector<Value, 3> x;
  Type common = operandElement(primitive, operands, element);
  for (Value operand : operands)
    x.push_back(b.convert(operand, common));
  if (isComparison(primitive))
    return emitComparison(b, primitive, x[0], x[1]);
  switch (primitive) {
  case Primitive::Add:
    return b.add(x[0], x[1]);
  case Primitive::Sub:
    return b.subtract(x[0], x[1]);
  case Primitive::Mul:
    return b.multiply(x[0], x[1]);
  case Primitive::Div:
    return b.divide(x[0], x[1]);
  case Primitive::Pow:
    return emitPower(b, x, written);
  case Primitive::FloorDiv:
    return emitFloorDiv(b, x, written);
  case Primitive::Mod:
    return emitMod(b, x, written);
  case Primitive::Neg:
    return b.negate(x[0]);
  case Primitive::Min:
    return emitMin(b, x[0], x[1]);
  case Primitive::Max:
    return emitMax(b, x[0], x[1]);
  case Primitive::Clamp:
    return emitMin(b, emitMax(b, x[0], x[1]), x[2]);
  case Primitive::Abs:
    return isReal(x[0]) ? Value(b.make<math::AbsFOp>(x[0]))
                        : Value(b.make<math::AbsIOp>(x[0]));
  case Primitive::Sign:
    return emitSign(b, x[0]);
  case Primitive::And:
    return b.make<arith::AndIOp>(x[0], x[1]);
  case Primitive::Or:
    return b.make<arith::OrIOp>(x[0], x[1]);
  case Primitive::Not:
    return b.make<arith::XOrIOp>(x[0], b.constantLike(x[0], 1));
  default:
    return emitFunction(b, primitive, x[0]);
  }
}

} // namespace lamina::irgen
