// SPDX-License-Identifier: Apache-2.0
//
// The parts of syntax.
//
// What several checks ask of a tree without evaluating it: which expressions
// stand below another one, in a type, in a statement.

#ifndef LAMINA_FRONTEND_AST_WALK_H
#define LAMINA_FRONTEND_AST_WALK_H

#include "frontend/AST/Stmt.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace lamina::ast {

/// Every expression below `expr` (may be null), itself first; `visit` returns
/// false to stay out of a part. What follows `over` and `on` is left out: it
/// names dimensions and groups, no values.
void forEachBelow(const Expr *expr,
                  llvm::function_ref<bool(const Expr *)> visit);

/// Every tensor that a type (may be null) is made of: itself, or in a tuple.
void forEachTensor(const Type *type,
                   llvm::function_ref<void(const TensorType &)> visit);

/// Every expression that stands in a statement, and in blocks inside it: right
/// sides, conditions, brackets and sizes on the left. Not what is below these.
void forEachExpr(const Stmt *stmt,
                 llvm::function_ref<void(const Expr *)> visit);

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_WALK_H
