// SPDX-License-Identifier: Apache-2.0
//
// How far an index runs.
//
// A walk over the right side, without proofs, until nothing changes. A base
// that no index changes is evaluated once, before the definition.

#include "frontend/AST/Walk.h"
#include "frontend/Sema/Indexing.h"
#include "frontend/Sema/Primitives.h"

namespace lamina::sema {

using ast::forEachBelow;
using core::IndexVar;

void Indexing::findRanges(llvm::ArrayRef<const ast::Expr *> exprs) {
  byName();
  do {
    changed = false;
    for (const ast::Expr *expr : exprs)
      if (expr)
        walk(expr, {});
  } while (changed);
  checking = true;
  for (const ast::Expr *expr : exprs)
    if (expr && !failed)
      walk(expr, {});
}

/// The dimension of its name, in a scope around.
void Indexing::byName() {
  for (IndexVar *var : all) {
    if (var->extent)
      continue;
    for (Scope *at = scope->outer; at; at = at->outer) {
      Binding *binding = at->find(var->name);
      if (!binding || binding->kind == Binding::Index)
        continue;
      if (binding->kind == Binding::Dimension)
        setRange(*var, e.dims.constant(0), binding->value.dim);
      break;
    }
  }
}

/// The index that `expr` is alone.
IndexVar *Indexing::ownIndex(const ast::Expr *expr,
                             llvm::ArrayRef<Symbol> hidden) {
  auto *name = llvm::dyn_cast_or_null<ast::NameExpr>(expr);
  if (!name || llvm::is_contained(hidden, name->name))
    return nullptr;
  for (IndexVar *var : all)
    if (var->name == name->name)
      return var;
  return nullptr;
}

/// The index without a range that `expr` is alone; when ranges are compared at
/// the end, one whose range came from an axis.
IndexVar *Indexing::openIndex(const ast::Expr *expr,
                              llvm::ArrayRef<Symbol> hidden) {
  IndexVar *var = ownIndex(expr, hidden);
  bool wanted = var && (checking ? fromAxes.count(var) : !var->extent);
  return wanted ? var : nullptr;
}

/// Does `expr` mention an index, of these without a range or of any around?
bool Indexing::mentionsOpen(const ast::Expr *expr,
                            llvm::ArrayRef<Symbol> hidden, bool onlyOpen) {
  bool found = false;
  forEachBelow(expr, [&](const ast::Expr *part) {
    auto *name = llvm::dyn_cast<ast::NameExpr>(part);
    if (!name)
      return !found;
    if (llvm::is_contained(hidden, name->name)) {
      found = true;
    } else if (onlyOpen) {
      found |= openIndex(name, hidden) != nullptr;
    } else {
      for (Scope *at = scope; at; at = at->outer)
        if (Binding *binding = at->find(name->name)) {
          found |= binding->kind == Binding::Index;
          break;
        }
    }
    return !found;
  });
  return found;
}

std::optional<core::Type> Indexing::typeOfName(const ast::NameExpr *name,
                                               llvm::ArrayRef<Symbol> hidden) {
  if (llvm::is_contained(hidden, name->name))
    return std::nullopt;
  llvm::SaveAndRestore<Scope *> in(e.scope, scope);
  auto value = e.lookUp(name->name);
  failed |= value && value->isError();
  if (value && value->kind == Value::List && !value->items->empty())
    return e.runTime(*value, name->range)->type;
  if (value && value->kind == Value::TupleOf) {
    e.report(Rule::call_c8, name->range,
             "brackets read a tensor, and this is " + value->describe());
    failed = true;
  }
  return value && value->isRunTime() && value->expr->type.isTensor()
             ? std::optional(value->expr->type)
             : std::nullopt;
}

/// The type of a base, if it can be known already.
std::optional<core::Type> Indexing::typeOf(const ast::Expr *expr,
                                           llvm::ArrayRef<Symbol> hidden) {
  if (auto known = e.hoisted.find(expr); known != e.hoisted.end())
    return known->second.isRunTime() ? std::optional(known->second.expr->type)
                                     : std::nullopt;
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(expr))
    return typeOfName(name, hidden);
  if (mentionsOpen(expr, hidden, true))
    return std::nullopt;
  llvm::SaveAndRestore<Scope *> in(e.scope, scope);
  if (!mentionsOpen(expr, hidden, false)) {
    Value value = e.named("", e.evaluate(expr), expr->range);
    failed |= value.isError();
    if (value.kind == Value::List)
      value = e.runTimeValue(e.runTime(value, expr->range));
    e.hoisted[expr] = value;
    return value.isRunTime() ? std::optional(value.expr->type) : std::nullopt;
  }
  // It changes with indices whose ranges are known: only its type is wanted.
  Statements ignored;
  llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
  ++e.session.muted;
  Value value = e.evaluate(expr);
  core::Type type = value.isRunTime() ? value.expr->type : core::Type::error();
  --e.session.muted;
  return type.isTensor() ? std::optional(type) : std::nullopt;
}

/// A reduction hides the indices that it brings. Whether the parts of the call
/// are still to be walked.
bool Indexing::walkCall(const ast::CallExpr *call,
                        llvm::SmallVector<Symbol, 4> hidden) {
  auto *index = llvm::dyn_cast<ast::IndexExpr>(call->callee);
  auto *name = index ? llvm::dyn_cast<ast::NameExpr>(index->base) : nullptr;
  const PrimitiveInfo *info = name ? findPrimitive(name->name) : nullptr;
  if (!info || info->fold == core::FoldKind::Softmax)
    return true;
  for (auto &entry : index->brackets.entries)
    forEachBelow(entry.value, [&](const ast::Expr *at) {
      auto *binary = llvm::dyn_cast<ast::BinaryExpr>(at);
      if (auto *word = llvm::dyn_cast<ast::NameExpr>(at))
        hidden.push_back(word->name);
      if (binary)
        if (auto *word = llvm::dyn_cast<ast::NameExpr>(binary->left))
          hidden.push_back(word->name);
      return !binary;
    });
  if (index->brackets.where)
    walk(index->brackets.where, hidden);
  for (auto &arg : call->arguments)
    walk(arg.value, hidden);
  return false;
}

/// Of a choice that is decided, only the side that is taken. Whether both are
/// still to be walked.
bool Indexing::walkChoice(const ast::ChoiceExpr *choice,
                          llvm::SmallVector<Symbol, 4> hidden) {
  if (mentionsOpen(choice->condition, hidden, false))
    return true;
  ++e.session.muted;
  llvm::SaveAndRestore<Scope *> in(e.scope, scope);
  Statements ignored;
  llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
  auto known = e.decided(e.evaluate(choice->condition));
  --e.session.muted;
  if (!known)
    return true;
  walk(*known ? choice->value : choice->other, hidden);
  return false;
}

void Indexing::walk(const ast::Expr *expr,
                    llvm::SmallVector<Symbol, 4> hidden) {
  if (!checking && llvm::none_of(all, [](auto *var) { return !var->extent; }))
    return;
  forEachBelow(expr, [&](const ast::Expr *part) {
    if (auto *access = llvm::dyn_cast<ast::IndexExpr>(part)) {
      walkAccess(access, hidden);
      return false;
    }
    if (auto *call = llvm::dyn_cast<ast::CallExpr>(part))
      return walkCall(call, hidden);
    if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(part);
        binary && binary->op == ast::BinaryOp::Equal)
      fromComparison(binary, hidden);
    if (auto *choice = llvm::dyn_cast<ast::ChoiceExpr>(part))
      return walkChoice(choice, hidden);
    return true;
  });
}

void Indexing::walkAccess(const ast::IndexExpr *expr,
                          llvm::SmallVector<Symbol, 4> hidden) {
  walk(expr->base, hidden);
  for (auto &entry : expr->brackets.entries)
    if (entry.value)
      walk(entry.value, hidden);
  if (expr->brackets.where)
    walk(expr->brackets.where, hidden);
  if (expr->brackets.otherwise)
    walk(expr->brackets.otherwise, hidden);
  bool wanted = false;
  for (auto &entry : expr->brackets.entries)
    forEachBelow(entry.value, [&](const ast::Expr *part) {
      wanted |= openIndex(part, hidden) != nullptr;
      return !wanted;
    });
  if (!wanted)
    return;
  auto type = typeOf(expr->base, hidden);
  if (!type)
    return;
  size_t at = 0;
  for (auto &entry : expr->brackets.entries) {
    const ast::Expr *subscript =
        entry.value ? ast::withoutParens(entry.value) : nullptr;
    if (llvm::isa_and_nonnull<ast::EllipsisExpr>(subscript)) {
      at += e.frame ? e.frame->pack.size() : 0;
      continue;
    }
    if (at >= type->rank())
      return;
    if (auto *parts = llvm::dyn_cast_or_null<ast::TupleExpr>(subscript))
      fromParts(parts, type->axes[at], hidden);
    else if (subscript)
      fromAxis(subscript, type->axes[at], hidden);
    ++at;
  }
}

void Indexing::fromAxis(const ast::Expr *subscript, const core::Axis &axis,
                        llvm::ArrayRef<Symbol> hidden) {
  IndexVar *var = openIndex(subscript, hidden);
  if (!var)
    return;
  if (!checking) {
    setRange(*var, e.dims.constant(0), axis.dim);
    fromAxes[var] = {axis, subscript->range};
    changed = true;
    return;
  }
  auto &[first, where] = fromAxes[var];
  if (first.size() == axis.size() || e.same(first.dim, axis.dim) || failed)
    return;
  failed = true;
  e.report(Rule::index_c2, subscript->range,
           "'" + var->name + "' runs over " + axis.size().str() +
               " values here, and over " + first.size().str() + " elsewhere")
      .note(where, "over " + first.size().str() + " here")
      .note("say how far it runs: '" + var->name + " < n'");
}

/// How many values one part of a joined axis has: those of its index, which for
/// an expression (`1 - j`) is the only one in it. Null if that is not known.
Dim Indexing::partExtent(const ast::Expr *part) {
  Dim extent;
  unsigned numIndices = 0;
  llvm::SmallVector<Symbol, 4> seen;
  llvm::SaveAndRestore<Scope *> in(e.scope, scope);
  forEachBelow(part, [&](const ast::Expr *below) {
    auto *name = llvm::dyn_cast<ast::NameExpr>(below);
    auto value = name && !llvm::is_contained(seen, name->name)
                     ? e.lookUp(name->name)
                     : std::nullopt;
    auto *index = value && value->isRunTime()
                      ? llvm::dyn_cast<core::IndexValue>(value->expr)
                      : nullptr;
    if (!index)
      return true;
    seen.push_back(name->name);
    extent = index->index->extent;
    ++numIndices;
    return true;
  });
  return numIndices == 1 ? extent : Dim();
}

/// `(h, d)`: the one open part runs over what the others leave.
void Indexing::fromParts(const ast::TupleExpr *parts, const core::Axis &axis,
                         llvm::ArrayRef<Symbol> hidden) {
  if (checking)
    return;
  IndexVar *open = nullptr;
  Dim others = e.dims.constant(1);
  for (auto &entry : parts->entries) {
    const ast::Expr *part = ast::withoutParens(entry.value);
    if (IndexVar *var = openIndex(part, hidden)) {
      if (open)
        return;
      open = var;
      continue;
    }
    Dim extent = partExtent(part);
    if (!extent)
      return;
    others = others * extent;
  }
  if (!open)
    return;
  auto extent = e.dims.divideExactly(axis.dim, others);
  if (!extent)
    extent = e.dims.divideExactly(axis.size(), others.size());
  if (!extent) {
    e.report(Rule::index_c4, parts->range,
             axis.size().str() + " is not a multiple of " + others.size().str())
        .note(open->range, "so '" + open->name + "' has no range");
    failed = true;
    extent = e.dims.div(axis.size(), others.size());
  }
  setRange(*open, e.dims.constant(0), *extent);
  changed = true;
}

void Indexing::fromComparison(const ast::BinaryExpr *expr,
                              llvm::ArrayRef<Symbol> hidden) {
  if (checking)
    return;
  for (auto [side, other] : {std::pair(expr->left, expr->right),
                             std::pair(expr->right, expr->left)}) {
    IndexVar *var = openIndex(ast::withoutParens(side), hidden);
    if (!var)
      continue;
    // Of an element only the bounds are wanted, which all of its tensor have.
    const ast::Expr *bounded = ast::withoutParens(other);
    if (auto *access = llvm::dyn_cast<ast::IndexExpr>(bounded))
      bounded = access->base;
    if (mentionsOpen(bounded, hidden, true))
      continue;
    llvm::SaveAndRestore<Scope *> in(e.scope, scope);
    Statements ignored;
    llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
    ++e.session.muted;
    Value value = e.evaluate(bounded);
    --e.session.muted;
    if (!value.isRunTime() || !value.expr->type.isTensor())
      continue;
    const core::Elem elem = value.expr->type.elem;
    if (!elem.isWhole() || !elem.high || !e.provesNotNegative(elem.low))
      continue;
    setRange(*var, e.dims.constant(0), elem.high + 1);
    changed = true;
  }
}

} // namespace lamina::sema
