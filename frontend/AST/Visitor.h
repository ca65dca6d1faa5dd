// SPDX-License-Identifier: Apache-2.0
//
// Dispatch over syntax nodes.
//
// `visit(node)` calls the derived class's `visitName(NameExpr *)` and so on. A
// derived class has a function for every kind of a family that it visits, so
// that a new kind is a compile error where it is forgotten.

#ifndef LAMINA_FRONTEND_AST_VISITOR_H
#define LAMINA_FRONTEND_AST_VISITOR_H

#include "frontend/AST/Decl.h"

#include "llvm/Support/ErrorHandling.h"

namespace lamina::ast {

template <typename Derived, typename Result = void>
class ExprVisitor {
public:
  Result visit(Expr *expr) {
    switch (expr->kind) {
#define EXPR(NAME)                                                             \
  case Expr::Kind::NAME:                                                       \
    return static_cast<Derived *>(this)->visit##NAME(                          \
        llvm::cast<NAME##Expr>(expr));
#include "frontend/AST/Nodes.def"
    }
    llvm_unreachable("every kind of expression is listed");
  }
};

template <typename Derived, typename Result = void>
class TypeVisitor {
public:
  Result visit(Type *type) {
    switch (type->kind) {
#define TYPE(NAME)                                                             \
  case Type::Kind::NAME:                                                       \
    return static_cast<Derived *>(this)->visit##NAME(                          \
        llvm::cast<NAME##Type>(type));
#include "frontend/AST/Nodes.def"
    }
    llvm_unreachable("every kind of type is listed");
  }
};

template <typename Derived, typename Result = void>
class StmtVisitor {
public:
  Result visit(Stmt *stmt) {
    switch (stmt->kind) {
#define STMT(NAME)                                                             \
  case Stmt::Kind::NAME:                                                       \
    return static_cast<Derived *>(this)->visit##NAME(                          \
        llvm::cast<NAME##Stmt>(stmt));
#include "frontend/AST/Nodes.def"
    }
    llvm_unreachable("every kind of statement is listed");
  }
};

template <typename Derived, typename Result = void>
class DeclVisitor {
public:
  Result visit(Decl *decl) {
    switch (decl->kind) {
#define DECL(NAME)                                                             \
  case Decl::Kind::NAME:                                                       \
    return static_cast<Derived *>(this)->visit##NAME(                          \
        llvm::cast<NAME##Decl>(decl));
#include "frontend/AST/Nodes.def"
    }
    llvm_unreachable("every kind of declaration is listed");
  }
};

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_VISITOR_H
