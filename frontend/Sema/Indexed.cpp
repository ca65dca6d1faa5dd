// SPDX-License-Identifier: Apache-2.0
//
// Definitions by elements, reductions over indices.
//
// An indexed definition says what one element is. Its indices are found on the
// left and after a reduction, their ranges by Ranges.cpp, and every access is
// proved in Access.cpp.

#include "frontend/Sema/Indexing.h"
#include "frontend/Sema/Masks.h"
#include "frontend/Sema/Primitives.h"
#include "frontend/Sema/Prove.h"

namespace lamina::sema {

using core::FoldKind;
using core::IndexVar;

bool checkPack(Evaluator &e, Range range) {
  if (e.frame && e.frame->hasPack)
    return true;
  e.report(Rule::dim_c1, range,
           "nothing here says which dimensions '...' stands for")
      .note("a signature with '...' does: 'x: [..., n]'; elsewhere name them "
            "all");
  return false;
}

/// One entry between brackets on a left side: `b`, `h < heads`, `...`.
bool Indexing::addIndex(const ast::Expr *expr,
                        llvm::SmallVectorImpl<IndexVar *> &group) {
  expr = ast::withoutParens(const_cast<ast::Expr *>(expr));
  if (llvm::isa<ast::EllipsisExpr>(expr)) {
    if (!checkPack(e, expr->range))
      return false;
    for (auto &axis : e.frame->pack) {
      IndexVar *var =
          make(axis.name.empty() ? Symbol("...") : axis.name, expr->range);
      setRange(*var, e.dims.constant(0), axis.dim);
      packIndices.push_back(var);
      group.push_back(var);
    }
    return true;
  }
  const ast::Expr *bound = nullptr;
  if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(expr);
      binary && binary->op == ast::BinaryOp::Less) {
    bound = binary->right;
    expr = ast::withoutParens(binary->left);
  }
  auto *name = llvm::dyn_cast<ast::NameExpr>(expr);
  if (!name) {
    e.report(Rule::index_c1, expr->range,
             "an index is a name, 'i' or 'i < n', and this is '" +
                 e.text(expr) + "'");
    return false;
  }
  if (Binding *old = scope->find(name->name)) {
    // A loop's index on the left, or one index twice.
    e.report(Rule::index_c3, name->range,
             "the index '" + name->name + "' stands here twice")
        .note(old->range, "first here");
    return false;
  }
  IndexVar *var = make(name->name, name->range);
  group.push_back(var);
  auto *ref =
      e.program.make<core::IndexValue>(core::Type::whole(), name->range);
  ref->index = var;
  scope->bind(name->name, e.runTimeValue(ref), Binding::Index, name->range);
  values[var] = ref;
  if (!bound)
    return true;
  // Bounds are read outside of the indices.
  llvm::SaveAndRestore<Scope *> outside(e.scope, scope->outer);
  Value value = e.evaluate(bound);
  if (value.isError())
    return false;
  Dim extent = e.dimensionOf(value);
  if (!extent && value.isRunTime())
    extent = e.exactOf(e.runTime(value, bound->range));
  if (!extent) {
    e.report(Rule::index_c1, bound->range,
             "the range of '" + name->name +
                 "' has to be a size, and this is " + value.describe());
    return false;
  }
  setRange(*var, e.dims.constant(0), extent);
  return true;
}

IndexVar *Indexing::make(Symbol name, Range range) {
  IndexVar *var =
      e.program.makeIndex(kind, name, e.dims.constant(0), {}, range);
  all.push_back(var);
  return var;
}

void Indexing::setRange(IndexVar &var, Dim low, Dim extent) {
  var.low = low;
  var.extent = extent;
  Dim high = low + extent - 1;
  e.dims.setBounds(var.value, low, high);
  if (const core::Atom *size = extent.size().atom();
      size && size->kind == core::Atom::Size && size->raggedOver) {
    var.raggedOver = size->raggedOver;
    var.raggedSize = extent.size();
  }
  if (auto it = values.find(&var); it != values.end())
    it->second->type = core::Type::whole(low, high);
}

bool Indexing::finish() {
  bool complete = !failed;
  for (IndexVar *var : all) {
    if (var->extent)
      continue;
    if (!failed)
      e.report(Rule::index_c1, var->range, "'" + var->name + "' has no range")
          .note("write '" + var->name +
                " < n', or use it alone as an index of "
                "something");
    setRange(*var, e.dims.constant(0), e.dims.constant(1));
    complete = false;
  }
  return complete;
}

/// Inside the indices a range is not empty.
void Indexing::enterFacts() {
  for (IndexVar *var : all)
    if (!var->extent.size().constant())
      e.facts.push_back(var->extent - 1);
}

/// Bounds that hold whatever values the indices have.
core::Elem Evaluator::withoutIndices(core::Elem elem,
                                     llvm::ArrayRef<IndexVar *> indices) {
  auto outlives = [&](Dim bound, bool highest) -> Dim {
    if (!bound)
      return bound;
    auto isOurs = [&](const core::Atom *atom) {
      return llvm::any_of(indices,
                          [&](auto *var) { return var->value.atom() == atom; });
    };
    return llvm::any_of(dims.atoms(bound), isOurs)
               ? extreme(dims, bound, highest)
               : bound;
  };
  elem.low = outlives(elem.low, false);
  elem.high = outlives(elem.high, true);
  return elem;
}

//===-- Definitions -------------------------------------------------------===//

Value Evaluator::tabulate(Symbol name, const ast::Brackets &left,
                          const ast::Expr *value, Range range) {
  Indexing indexing(*this, IndexVar::Definition);
  std::vector<llvm::SmallVector<IndexVar *, 2>> groups;
  for (const ast::Subscript &entry : left.entries) {
    if (entry.kind != ast::Subscript::Kind::Value) {
      report(Rule::loop_c3, entry.range,
             "':' on the left collects the rounds of a loop, and no index of a "
             "loop stands beside it");
      return Value::error(range);
    }
    const ast::Expr *inner =
        ast::withoutParens(const_cast<ast::Expr *>(entry.value));
    bool isEllipsis = llvm::isa<ast::EllipsisExpr>(inner);
    bool joined = llvm::isa<ast::ParenExpr>(entry.value) && isEllipsis;
    llvm::SmallVector<IndexVar *, 2> group;
    if (auto *tuple = llvm::dyn_cast<ast::TupleExpr>(inner)) {
      for (auto &part : tuple->entries)
        if (!indexing.addIndex(part.value, group))
          return Value::error(range);
    } else if (!indexing.addIndex(inner, group)) {
      return Value::error(range);
    }
    if (isEllipsis && !joined)
      for (IndexVar *var : group)
        groups.push_back({var});
    else
      groups.push_back(group);
  }
  return tabulateOver(indexing, groups, value, range);
}

Value Evaluator::tabulateOver(
    Indexing &indexing, llvm::ArrayRef<llvm::SmallVector<IndexVar *, 2>> groups,
    const ast::Expr *value, Range range) {
  llvm::SaveAndRestore<decltype(hoisted)> keepHoisted(hoisted);
  indexing.findRanges({value});
  if (!indexing.finish())
    return Value::error(range);
  Statements inner;
  Value result;
  core::Expr *body;
  size_t before = facts.size();
  {
    llvm::SaveAndRestore<Scope *> in(scope, indexing.scope);
    llvm::SaveAndRestore<Statements *> out(statements, &inner);
    llvm::SaveAndRestore<llvm::SmallVector<IndexVar *, 4>> pack(
        packIndices,
        indexing.packIndices.empty() ? packIndices : indexing.packIndices);
    indexing.enterFacts();
    result = evaluate(value);
    if (result.isError()) {
      facts.resize(before);
      return result;
    }
    body = runTime(result, value->range);
  }
  facts.resize(before);
  if (body->type.isError())
    return Value::error(range);
  if (!body->type.isTensor())
    return notSupported(value->range,
                        "a definition by indices of " + body->type.str());
  core::Type type =
      core::Type::tensor(withoutIndices(body->type.elem, indexing.all));
  for (auto &group : groups) {
    Dim size = dims.constant(1);
    for (IndexVar *var : group)
      size = size * var->extent;
    type.axes.push_back({size, group.size() == 1 ? group[0]->name : Symbol()});
  }
  llvm::append_range(type.axes, body->type.axes);
  auto *node = program.make<core::Tabulate>(type, range);
  node->groups.assign(groups.begin(), groups.end());
  node->body = block(std::move(inner), body, value->range);
  return runTimeValue(node);
}

//===-- Reductions --------------------------------------------------------===//

Value Evaluator::fold(FoldKind kind, const ast::Brackets &brackets,
                      const ast::Expr *body, Range range) {
  Indexing indexing(*this, IndexVar::Reduction);
  llvm::SmallVector<IndexVar *, 2> indices;
  for (const ast::Subscript &entry : brackets.entries)
    if (!entry.value || !indexing.addIndex(entry.value, indices))
      return Value::error(range);
  llvm::SaveAndRestore<decltype(hoisted)> keepHoisted(hoisted);
  indexing.findRanges({body, brackets.where});
  if (!indexing.finish())
    return Value::error(range);
  bool isArg = kind == FoldKind::ArgMax || kind == FoldKind::ArgMin;
  if (isArg && indices.size() != 1) {
    report(Rule::index_c2, range,
           "'" + core::spelling(kind) + "' gives one index, and here are " +
               llvm::Twine(indices.size()));
    return Value::error(range);
  }
  size_t before = facts.size();
  Statements inner;
  core::Expr *where = nullptr, *value = nullptr;
  {
    llvm::SaveAndRestore<Scope *> in(scope, indexing.scope);
    llvm::SaveAndRestore<Statements *> out(statements, &inner);
    indexing.enterFacts();
    if (brackets.where) {
      Value condition = evaluate(brackets.where);
      if (condition.kind != Value::Truth || !condition.truth)
        where = runTime(condition, brackets.where->range);
      if (where && where->type.isError()) {
        facts.resize(before);
        return Value::error(range);
      }
      if (where)
        assumeValue(where, true);
    }
    if (body)
      value = runTime(evaluate(body), body->range);
  }
  facts.resize(before);
  if (value && value->type.isError())
    return Value::error(range);
  if (value && !value->type.isTensor())
    return notSupported(body->range, "a reduction of " + value->type.str());
  Dim count = dims.constant(1);
  for (IndexVar *var : indices)
    count = count * var->extent;
  core::Elem elem =
      value ? value->type.elem : core::Elem{core::Elem::Truth, {}, {}};
  auto folded = foldElem(kind, elem, count, range);
  if (!folded)
    return Value::error(range);
  if (value && folded->isReal())
    value = convert(value, core::Elem::Real);
  core::Type type = value ? value->type : core::Type::truth();
  type.elem = withoutIndices(*folded, indexing.all);
  auto *node = program.make<core::Fold>(type, range);
  node->fold = kind;
  node->indices = indices;
  node->where = where;
  // Lets inside belong to both the condition and the body.
  if (value)
    node->body = value;
  if (!inner.empty()) {
    if (where && value)
      splitLets(inner, *node, range);
    else if (value)
      node->body = block(std::move(inner), value, range);
    else
      node->where = block(std::move(inner), where, range);
  }
  return runTimeValue(node);
}

/// A reduction with a condition and lets: the lets are put before both, and
/// each side gets the whole list (they are pure; what is not used is dropped
/// later).
void Evaluator::splitLets(Statements &inner, core::Fold &fold, Range range) {
  fold.where = block(inner, fold.where, range);
  fold.body = block(inner, fold.body, range);
}

Value Evaluator::softmaxAt(const ast::Brackets &brackets, const ast::Expr *body,
                           Range range) {
  auto *name =
      brackets.entries.size() == 1
          ? llvm::dyn_cast_or_null<ast::NameExpr>(brackets.entries[0].value)
          : nullptr;
  auto value = name ? lookUp(name->name) : std::nullopt;
  auto *index = value && value->isRunTime()
                    ? llvm::dyn_cast<core::IndexValue>(value->expr)
                    : nullptr;
  if (!index) {
    report(Rule::index_c1, brackets.range,
           "'softmax[k]' takes the index k that stands around it");
    return Value::error(range);
  }
  core::Expr *where = nullptr;
  size_t before = facts.size();
  Statements inner;
  core::Expr *raw;
  {
    llvm::SaveAndRestore<Statements *> out(statements, &inner);
    if (brackets.where) {
      Value condition = evaluate(brackets.where);
      if (condition.kind != Value::Truth || !condition.truth)
        where = runTime(condition, brackets.where->range);
      if (where)
        assumeValue(where, true);
      bool isNever = condition.kind == Value::Truth && !condition.truth;
      for (size_t i = before; i < facts.size(); ++i)
        isNever |= provesNotNegative(dims.scale(facts[i], -1) - 1);
      if (isNever) {
        auto *mask = llvm::dyn_cast_or_null<core::MaskAt>(where);
        report(Rule::mask_w1, brackets.where->range,
               "nothing is ever seen: '" +
                   (mask ? mask->name.str() : text(brackets.where)) +
                   "' is false at every position, so the weights are all 0");
      }
    }
    raw = runTime(evaluate(body), body->range);
  }
  facts.resize(before);
  if (raw->type.isError() || (where && where->type.isError()))
    return Value::error(range);
  auto *node =
      program.make<core::SoftmaxAt>(core::Type::real(raw->type.axes), range);
  node->index = index->index;
  node->where = where;
  node->body = convert(raw, core::Elem::Real);
  if (inner.empty())
    return runTimeValue(node);
  return runTimeValue(block(std::move(inner), node, range));
}

/// `sum[k](…)`, `softmax[k](…)`, `score[b, h, q, k](raw)`; none if it is
/// another call of an indexed value.
std::optional<Value> Evaluator::indexedCall(const ast::IndexExpr *callee,
                                            const ast::CallExpr *expr) {
  auto *name = llvm::dyn_cast<ast::NameExpr>(callee->base);
  auto value = name ? lookUp(name->name) : std::nullopt;
  if (!value && callee->base->kind == ast::Expr::Kind::Member)
    value = evaluate(callee->base);
  if (!value || value->kind != Value::Function)
    return std::nullopt;
  const Callable &callable = *value->callable;
  const ast::Expr *body =
      expr->arguments.empty() ? nullptr : expr->arguments[0].value;
  if (callable.kind != Callable::Primitive) {
    std::vector<Value> positions;
    for (const ast::Subscript &entry : callee->brackets.entries)
      positions.push_back(entry.value ? evaluate(entry.value) : Value::error());
    Value raw = body ? evaluate(body) : Value::error();
    return Masks(*this).apply(*value, positions, expr->range, &raw);
  }
  if (callable.primitive->kind != PrimitiveInfo::Reduction)
    return std::nullopt;
  FoldKind kind = callable.primitive->fold;
  if (!body && kind != FoldKind::Count) {
    report(Rule::call_c6, expr->range,
           "'" + name->name + "[…]' is not given what it reduces");
    return Value::error(expr->range);
  }
  if (kind == FoldKind::Softmax)
    return softmaxAt(callee->brackets, body, expr->range);
  return fold(kind, callee->brackets, body, expr->range);
}

} // namespace lamina::sema
