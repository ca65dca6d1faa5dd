// SPDX-License-Identifier: Apache-2.0
//
// Scalar arithmetic between launches.
//
// Rates, counters and random keys are computed on the host, in double and i64
// (docs/tape.md lists the operations).

#ifndef LAMINA_RUNTIME_EXECUTOR_HOSTOPS_H
#define LAMINA_RUNTIME_EXECUTOR_HOSTOPS_H

#include "runtime/Json/Json.h"

#include <cstdint>

namespace lamina {
namespace runtime {

enum class RegisterKind : uint8_t { Real, Whole, Key };

/// A register, or an operand that was read.
struct HostValue {
  RegisterKind kind = RegisterKind::Whole;
  double real = 0;
  int64_t whole = 0; ///< a key: its first half
  int64_t upper = 0; ///< a key: its second half

  double asReal() const {
    return kind == RegisterKind::Real ? real : double(whole);
  }
  int64_t asWhole() const;
};

enum class HostOp : uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Neg,
  Pow,
  Sqrt,
  Exp,
  Log,
  Log1p,
  Expm1,
  Sin,
  Cos,
  Tan,
  Tanh,
  Atan,
  Erf,
  Floor,
  Ceil,
  Round,
  Abs,
  Min,
  Max,
  IAdd,
  ISub,
  IMul,
  FloorDiv,
  Mod,
  IDiv,
  IRem,
  IMin,
  IMax,
  INeg,
  And,
  Or,
  Xor,
  Not,
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Select,
  Real,
  Whole,
  Key
};

/// The operation named by `name`; throws if there is none.
HostOp hostOpNamed(const Json &name);
size_t argumentCount(HostOp op);

/// Throws on a division of whole numbers by 0.
HostValue evaluate(HostOp op, const HostValue *args);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_HOSTOPS_H
