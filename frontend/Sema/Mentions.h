// SPDX-License-Identifier: Apache-2.0
//
// Names that syntax mentions.

#ifndef LAMINA_FRONTEND_SEMA_MENTIONS_H
#define LAMINA_FRONTEND_SEMA_MENTIONS_H

#include "frontend/AST/Stmt.h"

#include "llvm/ADT/SetVector.h"

#include <set>

namespace lamina::sema {

/// Adds every name that stands in `expr` for a value (not names of arguments or
/// members), also those that an index or a lambda inside it binds.
void addMentions(const ast::Expr *expr, std::set<llvm::StringRef> &names);
/// The same of all expressions of a statement, and of blocks inside it.
void addMentions(const ast::Stmt *stmt, std::set<llvm::StringRef> &names);

/// Adds the names that a line defines, also inside loops, in their order.
void addDefinitions(const ast::Stmt *stmt,
                    llvm::SetVector<llvm::StringRef> &names);

bool mentions(const ast::Expr *expr, llvm::StringRef name);

/// Names of `names` that `expr` mentions and that no reduction inside it binds.
std::vector<llvm::StringRef> freeNames(const ast::Expr *expr,
                                       llvm::ArrayRef<llvm::StringRef> names);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_MENTIONS_H
