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

/// `...`: one index for each axis of the pack around.
void Indexing::addPack(Range range, llvm::SmallVectorImpl<IndexVar *> &group) {
  for (auto &axis : e.frame->pack) {
    IndexVar *var = make(axis.name.empty() ? Symbol("...") : axis.name, range);
    setRange(*var, e.dims.constant(0), axis.dim);
    packIndices.push_back(var);
    group.push_back(var);
  }
}

/// `i < n`: bounds are read outside of the indices.
bool Indexing::readBound(IndexVar &var, const ast::Expr *bound) {
  llvm::SaveAndRestore<Scope *> outside(e.scope, scope->outer);
  Value value = e.evaluate(bound);
  if (value.isError())
    return false;
  Dim extent = e.dimensionOf(value);
  if (!extent && value.isRunTime())
    extent = e.exactOf(e.runTime(value, bound->range));
  if (!extent) {
    e.report(Rule::index_c1, bound->range,
             "the range of '" + var.name + "' has to be a size, and this is " +
                 value.describe());
    return false;
  }
  setRange(var, e.dims.constant(0), extent);
  return true;
}

/// One entry between brackets on a left side: `b`, `h < heads`, `...`.
bool Indexing::addIndex(const ast::Expr *expr,
                        llvm::SmallVectorImpl<IndexVar *> &group) {
  expr = ast::withoutParens(const_cast<ast::Expr *>(expr));
  if (llvm::isa<ast::EllipsisExpr>(expr)) {
    if (!checkPack(e, expr->range))
      return false;
    addPack(expr->range, group);
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
  return !bound || readBound(*var, bound);
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

static core::Type
typeOfTable(Evaluator &e, const Indexing &indexing,
            llvm::ArrayRef<llvm::SmallVector<IndexVar *, 2>> groups,
            const core::Type &body) {
  core::Type type =
      core::Type::tensor(e.withoutIndices(body.elem, indexing.all));
  for (auto &group : groups) {
    Dim size = e.dims.constant(1);
    for (IndexVar *var : group)
      size = size * var->extent;
    type.axes.push_back({size, group.size() == 1 ? group[0]->name : Symbol()});
  }
  llvm::append_range(type.axes, body.axes);
  return type;
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
  core::Type type = typeOfTable(*this, indexing, groups, body->type);
  auto *node = program.make<core::Tabulate>(type, range);
  node->groups.assign(groups.begin(), groups.end());
  node->body = block(std::move(inner), body, value->range);
  return runTimeValue(node);
}

//===-- Reductions --------------------------------------------------------===//

namespace {
/// The condition and the body of a reduction, with the lets around both.
struct FoldParts {
  core::Expr *where = nullptr, *value = nullptr;
  Statements inner;
};
} // namespace

/// False after a diagnostic.
static bool evaluateParts(Evaluator &e, Indexing &indexing,
                          const ast::Brackets &brackets, const ast::Expr *body,
                          FoldParts &parts) {
  llvm::SaveAndRestore<Scope *> in(e.scope, indexing.scope);
  llvm::SaveAndRestore<Statements *> out(e.statements, &parts.inner);
  indexing.enterFacts();
  if (brackets.where) {
    Value condition = e.evaluate(brackets.where);
    if (condition.kind != Value::Truth || !condition.truth)
      parts.where = e.runTime(condition, brackets.where->range);
    if (parts.where && parts.where->type.isError())
      return false;
    if (parts.where)
      e.assumeValue(parts.where, true);
  }
  if (!body)
    return true;
  parts.value = e.runTime(e.evaluate(body), body->range);
  return !parts.value->type.isError();
}

static Value makeFold(Evaluator &e, FoldKind kind, const Indexing &indexing,
                      FoldParts parts, Range range) {
  core::Expr *where = parts.where, *value = parts.value;
  Dim count = e.dims.constant(1);
  for (IndexVar *var : indexing.all)
    count = count * var->extent;
  core::Elem elem =
      value ? value->type.elem : core::Elem{core::Elem::Truth, {}, {}};
  auto folded = e.foldElem(kind, elem, count, range);
  if (!folded)
    return Value::error(range);
  if (value && folded->isReal())
    value = e.convert(value, core::Elem::Real);
  core::Type type = value ? value->type : core::Type::truth();
  type.elem = e.withoutIndices(*folded, indexing.all);
  auto *node = e.program.make<core::Fold>(type, range);
  node->fold = kind;
  node->indices.assign(indexing.all.begin(), indexing.all.end());
  node->where = where;
  // Lets inside belong to both the condition and the body.
  if (value)
    node->body = value;
  if (!parts.inner.empty()) {
    if (where && value)
      e.splitLets(parts.inner, *node, range);
    else if (value)
      node->body = e.block(std::move(parts.inner), value, range);
    else
      node->where = e.block(std::move(parts.inner), where, range);
  }
  return e.runTimeValue(node);
}

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
  FoldParts parts;
  bool isGood = evaluateParts(*this, indexing, brackets, body, parts);
  facts.resize(before);
  if (!isGood)
    return Value::error(range);
  if (parts.value && !parts.value->type.isTensor())
    return notSupported(body->range,
                        "a reduction of " + parts.value->type.str());
  return makeFold(*this, kind, indexing, std::move(parts), range);
}

/// A reduction with a condition and lets: the lets are put before both, and
/// each side gets the whole list (they are pure; what is not used is dropped
/// later).
void Evaluator::splitLets(Statements &inner, core::Fold &fold, Range range) {
  fold.where = block(inner, fold.where, range);
  fold.body = block(inner, fold.body, range);
}

/// The index that stands around and that `softmax[k]` runs over; null after a
/// diagnostic.
static const core::IndexValue *indexAround(Evaluator &e,
                                           const ast::Brackets &brackets) {
  auto *name =
      brackets.entries.size() == 1
          ? llvm::dyn_cast_or_null<ast::NameExpr>(brackets.entries[0].value)
          : nullptr;
  auto value = name ? e.lookUp(name->name) : std::nullopt;
  auto *index = value && value->isRunTime()
                    ? llvm::dyn_cast<core::IndexValue>(value->expr)
                    : nullptr;
  if (!index)
    e.report(Rule::index_c1, brackets.range,
             "'softmax[k]' takes the index k that stands around it");
  return index;
}

/// What a weight is not 0 for; null if that is always so.
static core::Expr *weightCondition(Evaluator &e, const ast::Expr *written) {
  Value condition = e.evaluate(written);
  core::Expr *where = nullptr;
  size_t before = e.facts.size();
  if (condition.kind != Value::Truth || !condition.truth)
    where = e.runTime(condition, written->range);
  if (where)
    e.assumeValue(where, true);
  bool isNever = condition.kind == Value::Truth && !condition.truth;
  for (size_t i = before; i < e.facts.size(); ++i)
    isNever |= e.provesNotNegative(e.dims.scale(e.facts[i], -1) - 1);
  if (isNever) {
    auto *mask = llvm::dyn_cast_or_null<core::MaskAt>(where);
    e.report(Rule::mask_w1, written->range,
             "nothing is ever seen: '" +
                 (mask ? mask->name.str() : e.text(written)) +
                 "' is false at every position, so the weights are all 0");
  }
  return where;
}

Value Evaluator::softmaxAt(const ast::Brackets &brackets, const ast::Expr *body,
                           Range range) {
  const core::IndexValue *index = indexAround(*this, brackets);
  if (!index)
    return Value::error(range);
  core::Expr *where = nullptr;
  size_t before = facts.size();
  Statements inner;
  core::Expr *raw;
  {
    llvm::SaveAndRestore<Statements *> out(statements, &inner);
    if (brackets.where)
      where = weightCondition(*this, brackets.where);
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
