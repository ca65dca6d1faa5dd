// SPDX-License-Identifier: Apache-2.0
//
// Trees of weights: arithmetic on all leaves, gradients, pushforwards, and what
// is derived from a layer (`layer.copy`, `layer.begin` …).

#ifndef LAMINA_FRONTEND_SEMA_TREES_H
#define LAMINA_FRONTEND_SEMA_TREES_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class Trees {
public:
  explicit Trees(Evaluator &e) : e(e) {}

  Value treeArith(core::Primitive op, llvm::ArrayRef<Value> operands,
                  Range range);
  Value gradient(const ast::CallExpr *expr);
  Value pushforward(const ast::CallExpr *expr);
  std::optional<Value> memberCall(const ast::MemberExpr *member,
                                  const ast::CallExpr *expr);

private:
  Value derived(const Value &field, Symbol what, Args args, Range range);
  core::Type argumentFor(const Value &field, const core::Expr *result,
                         Range range);

  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_TREES_H
