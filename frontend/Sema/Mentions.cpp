// SPDX-License-Identifier: Apache-2.0
//
// Names that syntax mentions.

#include "frontend/Sema/Mentions.h"

#include "frontend/AST/Walk.h"

namespace lamina::sema {

using Names = std::set<llvm::StringRef>;

void addMentions(const ast::Expr *expr, Names &names) {
  ast::forEachBelow(expr, [&](const ast::Expr *part) {
    if (auto *name = llvm::dyn_cast<ast::NameExpr>(part))
      names.insert(name->name);
    else if (auto *call = llvm::dyn_cast<ast::CallExpr>(part))
      for (const ast::Argument &argument : call->arguments)
        addMentions(argument.over, names);
    else if (auto *pipeline = llvm::dyn_cast<ast::PipelineExpr>(part))
      for (const ast::PipelineStage &stage : pipeline->stages)
        addMentions(stage.on, names);
    return true;
  });
}

void addMentions(const ast::Stmt *stmt, Names &names) {
  ast::forEachExpr(stmt,
                   [&](const ast::Expr *expr) { addMentions(expr, names); });
}

void addDefinitions(const ast::Stmt *stmt,
                    llvm::SetVector<llvm::StringRef> &names) {
  if (auto *define = llvm::dyn_cast<ast::DefineStmt>(stmt)) {
    for (const ast::Target &target : define->targets)
      names.insert(target.name.text);
  } else if (auto *loop = llvm::dyn_cast<ast::ForStmt>(stmt)) {
    for (const ast::Stmt *line : loop->body->statements)
      addDefinitions(line, names);
  }
}

bool mentions(const ast::Expr *expr, llvm::StringRef name) {
  Names names;
  addMentions(expr, names);
  return names.count(name) != 0;
}

/// `sum[i, j < 2](…)`: i and j.
static void addBound(const ast::CallExpr &call, Names &bound) {
  auto *index = llvm::dyn_cast<ast::IndexExpr>(call.callee);
  if (!index)
    return;
  for (const ast::Subscript &entry : index->brackets.entries) {
    const ast::Expr *at = entry.value;
    if (auto *less = llvm::dyn_cast_or_null<ast::BinaryExpr>(at))
      at = less->left;
    if (auto *name = llvm::dyn_cast_or_null<ast::NameExpr>(at))
      bound.insert(name->name);
  }
}

std::vector<llvm::StringRef> freeNames(const ast::Expr *expr,
                                       llvm::ArrayRef<llvm::StringRef> names) {
  Names mentioned, bound;
  addMentions(expr, mentioned);
  ast::forEachBelow(expr, [&](const ast::Expr *part) {
    if (auto *call = llvm::dyn_cast<ast::CallExpr>(part))
      addBound(*call, bound);
    return true;
  });
  std::vector<llvm::StringRef> found;
  for (llvm::StringRef name : names)
    if (mentioned.count(name) && !bound.count(name))
      found.push_back(name);
  return found;
}

} // namespace lamina::sema
