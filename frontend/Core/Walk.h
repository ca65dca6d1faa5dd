// SPDX-License-Identifier: Apache-2.0
//
// The parts of an expression.

#ifndef LAMINA_FRONTEND_CORE_WALK_H
#define LAMINA_FRONTEND_CORE_WALK_H

#include "frontend/Core/Core.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace lamina::core {

/// Calls `visit` on each expression directly below `expr`, in order; of a block
/// or a loop, on those of its statements too.
void forEachOperand(const Expr &expr,
                    llvm::function_ref<void(const Expr *)> visit);

/// Calls `visit` on each expression directly in `stmt`.
void forEachExpr(const Stmt &stmt,
                 llvm::function_ref<void(const Expr *)> visit);

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_WALK_H
