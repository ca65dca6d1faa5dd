// SPDX-License-Identifier: Apache-2.0
//
// Scalar arithmetic between launches.
//
// Values in, a value out. Whole numbers wrap, as they do in kernels.

#include "runtime/Executor/HostOps.h"

#include "runtime/ABI/Philox.h"

#include <cmath>

namespace lamina {
namespace runtime {

static const struct {
  const char *name;
  size_t arguments;
} hostOps[] = {
    {"add", 2},   {"sub", 2},      {"mul", 2},   {"div", 2},    {"neg", 1},
    {"pow", 2},   {"sqrt", 1},     {"exp", 1},   {"log", 1},    {"log1p", 1},
    {"expm1", 1}, {"sin", 1},      {"cos", 1},   {"tan", 1},    {"tanh", 1},
    {"atan", 1},  {"erf", 1},      {"floor", 1}, {"ceil", 1},   {"round", 1},
    {"abs", 1},   {"min", 2},      {"max", 2},   {"iadd", 2},   {"isub", 2},
    {"imul", 2},  {"floordiv", 2}, {"mod", 2},   {"idiv", 2},   {"irem", 2},
    {"imin", 2},  {"imax", 2},     {"ineg", 1},  {"and", 2},    {"or", 2},
    {"xor", 2},   {"not", 1},      {"eq", 2},    {"ne", 2},     {"lt", 2},
    {"le", 2},    {"gt", 2},       {"ge", 2},    {"select", 3}, {"real", 1},
    {"whole", 1}, {"key", 2}};

HostOp hostOpNamed(const Json &name) {
  for (size_t i = 0; i < sizeof hostOps / sizeof *hostOps; ++i)
    if (name.asText() == hostOps[i].name)
      return HostOp(i);
  name.complain(join("unknown operation ", quote(name.asText())));
}

size_t argumentCount(HostOp op) { return hostOps[int(op)].arguments; }

int64_t HostValue::asWhole() const {
  if (kind != RegisterKind::Real)
    return whole;
  if (std::isnan(real))
    return 0;
  if (real >= 9223372036854775807.0)
    return INT64_MAX;
  if (real <= -9223372036854775808.0)
    return INT64_MIN;
  return int64_t(real);
}

static HostValue realValue(double value) {
  HostValue result;
  result.kind = RegisterKind::Real;
  result.real = value;
  return result;
}

static HostValue wholeValue(int64_t value) {
  HostValue result;
  result.whole = value;
  return result;
}

static HostValue wrapped(uint64_t value) { return wholeValue(int64_t(value)); }

static double realOp(HostOp op, double a, double b) {
  switch (op) {
  case HostOp::Add:
    return a + b;
  case HostOp::Sub:
    return a - b;
  case HostOp::Mul:
    return a * b;
  case HostOp::Div:
    return a / b;
  case HostOp::Neg:
    return -a;
  case HostOp::Pow:
    return std::pow(a, b);
  case HostOp::Sqrt:
    return std::sqrt(a);
  case HostOp::Exp:
    return std::exp(a);
  case HostOp::Log:
    return std::log(a);
  case HostOp::Log1p:
    return std::log1p(a);
  case HostOp::Expm1:
    return std::expm1(a);
  case HostOp::Sin:
    return std::sin(a);
  case HostOp::Cos:
    return std::cos(a);
  case HostOp::Tan:
    return std::tan(a);
  case HostOp::Tanh:
    return std::tanh(a);
  case HostOp::Atan:
    return std::atan(a);
  case HostOp::Erf:
    return std::erf(a);
  case HostOp::Floor:
    return std::floor(a);
  case HostOp::Ceil:
    return std::ceil(a);
  case HostOp::Round:
    return std::nearbyint(a); // half to even
  case HostOp::Abs:
    return std::fabs(a);
  // As arith.minimumf: NaN if either is.
  case HostOp::Min:
    return a < b || std::isnan(a) ? a : b;
  case HostOp::Max:
    return a > b || std::isnan(a) ? a : b;
  default:
    return NAN;
  }
}

/// Quotient towards 0 and remainder; INT64_MIN / -1 wraps.
static std::pair<int64_t, int64_t> divide(int64_t a, int64_t b) {
  if (b == 0)
    throw Error(join("the program divides ", a, " by 0"));
  if (b == -1)
    return {int64_t(-uint64_t(a)), 0};
  return {a / b, a % b};
}

static HostValue wholeOp(HostOp op, int64_t a, int64_t b) {
  switch (op) {
  case HostOp::IAdd:
    return wrapped(uint64_t(a) + uint64_t(b));
  case HostOp::ISub:
    return wrapped(uint64_t(a) - uint64_t(b));
  case HostOp::IMul:
    return wrapped(uint64_t(a) * uint64_t(b));
  case HostOp::IDiv:
    return wholeValue(divide(a, b).first);
  case HostOp::IRem:
    return wholeValue(divide(a, b).second);
  case HostOp::FloorDiv:
  case HostOp::Mod: {
    auto [quotient, remainder] = divide(a, b);
    bool below = remainder != 0 && (remainder < 0) != (b < 0);
    return wholeValue(op == HostOp::Mod ? remainder + (below ? b : 0)
                                        : quotient - below);
  }
  case HostOp::IMin:
    return wholeValue(a < b ? a : b);
  case HostOp::IMax:
    return wholeValue(a > b ? a : b);
  case HostOp::INeg:
    return wrapped(-uint64_t(a));
  case HostOp::And:
    return wholeValue(a & b);
  case HostOp::Or:
    return wholeValue(a | b);
  case HostOp::Xor:
    return wholeValue(a ^ b);
  default:
    return wholeValue(a == 0); // Not
  }
}

template <typename T>
static bool compare(HostOp op, T a, T b) {
  switch (op) {
  case HostOp::Eq:
    return a == b;
  case HostOp::Ne:
    return a != b;
  case HostOp::Lt:
    return a < b;
  case HostOp::Le:
    return a <= b;
  case HostOp::Gt:
    return a > b;
  default:
    return a >= b;
  }
}

static HostValue deriveKey(const HostValue &key, int64_t n) {
  philox::Key derived =
      philox::derive({uint64_t(key.whole), uint64_t(key.upper)}, n);
  HostValue result;
  result.kind = RegisterKind::Key;
  result.whole = int64_t(derived.a);
  result.upper = int64_t(derived.b);
  return result;
}

HostValue evaluate(HostOp op, const HostValue *args) {
  bool two = argumentCount(op) > 1;
  if (op <= HostOp::Max)
    return realValue(realOp(op, args[0].asReal(), two ? args[1].asReal() : 0));
  if (op <= HostOp::Not)
    return wholeOp(op, args[0].asWhole(), two ? args[1].asWhole() : 0);
  if (op <= HostOp::Ge) {
    bool real = args[0].kind == RegisterKind::Real ||
                args[1].kind == RegisterKind::Real;
    return wholeValue(real ? compare(op, args[0].asReal(), args[1].asReal())
                           : compare(op, args[0].whole, args[1].whole));
  }
  switch (op) {
  case HostOp::Select:
    return args[0].asWhole() != 0 ? args[1] : args[2];
  case HostOp::Real:
    return realValue(args[0].asReal());
  case HostOp::Whole:
    return wholeValue(args[0].asWhole());
  default:
    return deriveKey(args[0], args[1].asWhole());
  }
}

} // namespace runtime
} // namespace lamina
