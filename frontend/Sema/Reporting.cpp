// SPDX-License-Identifier: Apache-2.0
//
// Where a mistake is reported.
//
// Mistakes are said at the user's line: inside the library at the call that led
// there, with the line of the library as a note. Notes say where values come
// from.

#include "frontend/Core/Walk.h"
#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

Diagnostic &Evaluator::report(Rule rule, Range range, const llvm::Twine &text) {
  auto isLibrary = [&](Range at) {
    return at.isKnown() &&
           session.sources.isLibrary(session.sources.getFile(at));
  };
  if (session.muted || !isLibrary(range))
    return session.report(rule, range, text);
  FrameScope *called = nullptr;
  for (FrameScope *at : llvm::reverse(frames))
    if (at && at->call.isKnown() && !isLibrary(at->call)) {
      called = at;
      break;
    }
  if (!called)
    return session.report(rule, range, text);
  if (!reportedCalls.insert(called->call.begin).second) {
    // One mistake a call; the others follow from it.
    llvm::SaveAndRestore<unsigned> silent(session.muted, 1);
    return session.report(rule, range, text);
  }
  Diagnostic &diag = session.report(rule, called->call, text);
  diag.note(range, "in '" + called->name + "' of the library");
  return diag;
}

void Evaluator::noteOrigins(Diagnostic &diag,
                            llvm::ArrayRef<const ast::Expr *> sources) {
  for (const ast::Expr *source : sources) {
    auto *name = llvm::dyn_cast_or_null<ast::NameExpr>(source);
    if (!name)
      continue;
    for (Scope *at = scope; at; at = at->outer) {
      Binding *binding = at->find(name->name);
      if (!binding)
        continue;
      if (binding->range.isKnown() && binding->range != name->range &&
          binding->value.expr)
        diag.note(binding->range, "'" + name->name + "' is " +
                                      binding->value.expr->type.str() +
                                      ", from here");
      break;
    }
  }
}

void Evaluator::warnIndexAsSize(const ast::Expr *expr) {
  // `… / sqrt(d)` is meant like `… / d`.
  expr = ast::withoutParens(const_cast<ast::Expr *>(expr));
  if (auto *call = llvm::dyn_cast<ast::CallExpr>(expr);
      call && call->arguments.size() == 1)
    if (auto *callee = llvm::dyn_cast<ast::NameExpr>(call->callee);
        callee && callee->name == "sqrt")
      expr = call->arguments[0].value;
  auto *name = llvm::dyn_cast<ast::NameExpr>(expr);
  if (!name)
    return;
  bool isIndex = false;
  for (Scope *at = scope; at; at = at->outer) {
    Binding *binding = at->find(name->name);
    if (!binding)
      continue;
    if (binding->kind == Binding::Index && at->kind == Scope::Indices) {
      isIndex = true;
    } else if (isIndex && binding->kind == Binding::Dimension) {
      report(Rule::index_w1, name->range,
             "here '" + name->name + "' is the index, not the size")
          .note("write 'size(" + name->name + ")'");
      return;
    } else {
      return;
    }
  }
}

/// Through lets, as far as Core tells.
bool Evaluator::dependsOn(const core::Expr *expr, const core::Local *local) {
  llvm::DenseSet<const core::Expr *> seen;
  std::function<bool(const core::Expr *)> visit = [&](const core::Expr *at) {
    if (!at || !seen.insert(at).second)
      return false;
    if (auto *ref = llvm::dyn_cast<core::LocalRef>(at)) {
      if (ref->local == local)
        return true;
      auto value = localValues.find(ref->local);
      // What is no let (a parameter, a carry) may hold anything from outside.
      return value != localValues.end() && visit(value->second);
    }
    bool found = false;
    core::forEachPart(*at, [&](const core::Expr *operand) {
      found = found || visit(operand);
    });
    return found;
  };
  return visit(expr);
}

} // namespace lamina::sema
