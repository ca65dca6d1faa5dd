// SPDX-License-Identifier: Apache-2.0
//
// What primitives make of numbers.
//
// A primitive and numbers -> a number, in float64, for whatever is computed
// while compiling.

#include "frontend/Sema/Primitives.h"

#include <cmath>

namespace lamina::sema {

using core::Primitive;

double valueOf(Primitive op, llvm::ArrayRef<double> x) {
  double a = x[0], b = x.size() > 1 ? x[1] : 0;
  switch (op) {
  case Primitive::Add:
    return a + b;
  case Primitive::Sub:
    return a - b;
  case Primitive::Mul:
    return a * b;
  case Primitive::Div:
    return a / b;
  case Primitive::Pow:
    return std::pow(a, b);
  case Primitive::FloorDiv:
    return std::floor(a / b);
  case Primitive::Mod:
    return a - std::floor(a / b) * b;
  case Primitive::Neg:
    return -a;
  case Primitive::Min:
    return std::min(a, b);
  case Primitive::Max:
    return std::max(a, b);
  case Primitive::Clamp:
    return std::min(std::max(a, b), x[2]);
  case Primitive::Abs:
    return std::fabs(a);
  case Primitive::Sign:
    return a > 0 ? 1 : a < 0 ? -1 : 0;
  case Primitive::Exp:
    return std::exp(a);
  case Primitive::Expm1:
    return std::expm1(a);
  case Primitive::Log:
    return std::log(a);
  case Primitive::Log1p:
    return std::log1p(a);
  case Primitive::Sqrt:
    return std::sqrt(a);
  case Primitive::Sin:
    return std::sin(a);
  case Primitive::Cos:
    return std::cos(a);
  case Primitive::Tan:
    return std::tan(a);
  case Primitive::Tanh:
    return std::tanh(a);
  case Primitive::Atan:
    return std::atan(a);
  case Primitive::Erf:
    return std::erf(a);
  case Primitive::Floor:
    return std::floor(a);
  case Primitive::Ceil:
    return std::ceil(a);
  case Primitive::Round:
    return std::nearbyint(a);
  case Primitive::Finite:
    return std::isfinite(a);
  case Primitive::Eq:
    return a == b;
  case Primitive::Ne:
    return a != b;
  case Primitive::Lt:
    return a < b;
  case Primitive::Le:
    return a <= b;
  case Primitive::Gt:
    return a > b;
  case Primitive::Ge:
    return a >= b;
  case Primitive::And:
    return a != 0 && b != 0;
  case Primitive::Or:
    return a != 0 || b != 0;
  case Primitive::Not:
    return a == 0;
  }
  llvm_unreachable("every primitive is listed");
}

} // namespace lamina::sema
