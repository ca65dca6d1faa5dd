// SPDX-License-Identifier: Apache-2.0
//
// What a node of Core is made of.

#ifndef LAMINA_FRONTEND_SEMA_COREOPERANDS_H
#define LAMINA_FRONTEND_SEMA_COREOPERANDS_H

#include "frontend/Core/Core.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace lamina::sema {

/// Every expression right below a node; of a Loop also initial values, next
/// values and what is collected. Statements inside are left to getLines.
void forEachOperand(const core::Expr &expr,
                    llvm::function_ref<void(core::Expr *)> visit);
/// Every expression of a statement, with those of statements inside it.
void forEachOperand(const core::Stmt &stmt,
                    llvm::function_ref<void(core::Expr *)> visit);
/// The statements inside a Block or a Loop.
llvm::ArrayRef<core::Stmt *> getLines(const core::Expr &expr);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_COREOPERANDS_H
