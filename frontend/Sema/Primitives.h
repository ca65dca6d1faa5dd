// SPDX-License-Identifier: Apache-2.0
//
// Words that the compiler knows.

#ifndef LAMINA_FRONTEND_SEMA_PRIMITIVES_H
#define LAMINA_FRONTEND_SEMA_PRIMITIVES_H

#include "frontend/Core/Core.h"

namespace lamina::sema {

struct PrimitiveInfo {
  enum Kind : uint8_t { Elementwise, Reduction, Form, Distribution };
  llvm::StringRef name;
  Kind kind;
  core::Primitive primitive = core::Primitive::Add; ///< Elementwise
  core::FoldKind fold = core::FoldKind::Sum;        ///< Reduction
  core::DrawKind draw = core::DrawKind::Normal;     ///< Distribution
  unsigned count = 1;                               ///< Elementwise: operands
};

/// Null if `name` is no primitive.
const PrimitiveInfo *findPrimitive(llvm::StringRef name);

/// What `op` makes of its operands, in float64; a truth is 0 or 1.
double valueOf(core::Primitive op, llvm::ArrayRef<double> operands);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_PRIMITIVES_H
