// SPDX-License-Identifier: Apache-2.0
//
// The parts of an expression.

#ifndef LAMINA_FRONTEND_CORE_WALK_H
#define LAMINA_FRONTEND_CORE_WALK_H

#include "frontend/Core/Core.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace lamina::core {

/// Every expression right below `expr`; of a Loop also initial values, next
/// values and what is collected. Statements inside are left to `getLines`.
void forEachOperand(const Expr &expr, llvm::function_ref<void(Expr *)> visit);

/// The statements inside a Block or a Loop.
llvm::ArrayRef<Stmt *> getLines(const Expr &expr);

/// Every expression of a statement, with those of statements inside it.
void forEachExpr(const Stmt &stmt, llvm::function_ref<void(Expr *)> visit);

/// The operands of `expr` and the expressions of its lines.
void forEachPart(const Expr &expr, llvm::function_ref<void(Expr *)> visit);

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_WALK_H
