// SPDX-License-Identifier: Apache-2.0
//
// Masks and scores at positions.
//
// A mask is a function of positions and never a tensor: applied, its body is
// written out at the four positions.

#include "frontend/Sema/Masks.h"

#include "frontend/Sema/Arguments.h"
#include "frontend/Sema/Bind.h"
#include "frontend/Sema/Entries.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

/// `causal and window(8)`: the two sides as masks (or groups) of one value.
Value Masks::combine(Callable::Kind kind, const ast::BinaryExpr *expr) {
  Value left = e.evaluate(expr->left), right = e.evaluate(expr->right);
  if (left.isError() || right.isError())
    return Value::error(expr->range);
  auto isGroup = [](const Value &value) {
    return value.kind == Value::Group || value.kind == Value::Text;
  };
  if (isGroup(left) || isGroup(right)) {
    Value value;
    value.range = expr->range;
    value.group = groupOf(e, expr);
    value.kind = value.group ? Value::Group : Value::Error;
    return value;
  }
  if (left.kind != Value::Function || right.kind != Value::Function) {
    e.report(Rule::call_c8, expr->range,
             "a mask joins with masks, and here are " + left.describe() +
                 " and " + right.describe());
    return Value::error(expr->range);
  }
  Callable callable(kind, e.scope);
  callable.parts = {left, right};
  return Value::ofCallable(Value::Function, std::move(callable), expr->range);
}

//===-- Masks as arguments ------------------------------------------------===//

/// Made of masks only, or of scores only.
static bool isMadeOf(ast::FunctionKind kind, const Value &value) {
  if (value.kind != Value::Function)
    return false;
  switch (value.callable->kind) {
  case Callable::Function:
    return value.callable->function->functionKind == kind;
  case Callable::MaskAnd:
  case Callable::MaskOr:
  case Callable::MaskNot:
    return kind == ast::FunctionKind::Mask;
  case Callable::Chain:
    return llvm::all_of(value.callable->parts,
                        [&](auto &part) { return isMadeOf(kind, part); });
  default:
    return false;
  }
}

/// `window` for `window(8)`: the setting that is still to be given.
static const ast::Parameter *missingSetting(const Value &value) {
  const Callable &callable = *value.callable;
  if (callable.kind != Callable::Function) {
    for (const Value &part : callable.parts)
      if (auto *missing = missingSetting(part))
        return missing;
    return nullptr;
  }
  for (const ast::Parameter &parameter : callable.function->parameters.list)
    if (!parameter.value && !callable.find(parameter.name.text))
      return &parameter;
  return nullptr;
}

bool Arguments::fitsMask(const ast::Parameter &parameter,
                         const EvaluatedArg &arg) {
  const ast::Type *type = parameter.type;
  bool isScore = llvm::isa_and_nonnull<ast::ScoreType>(type);
  if ((!isScore && !llvm::isa_and_nonnull<ast::MaskType>(type)) ||
      arg.value.isNone() || arg.value.isError())
    return true;
  std::string what = isScore ? "score" : "mask";
  if (!isMadeOf(isScore ? ast::FunctionKind::Score : ast::FunctionKind::Mask,
                arg.value)) {
    auto &diag =
        e.report(Rule::mask_c4, arg.range,
                 "'" + parameter.name.text + "' takes a " + what +
                     " by its name, and this is " + arg.value.describe());
    if (auto *index = llvm::dyn_cast_or_null<ast::IndexExpr>(arg.source))
      diag.note("write '" + parameter.name.text + ": " + e.text(index->base) +
                "'");
    else if (arg.value.isRunTime() && arg.value.expr->type.elem.isTruth())
      diag.note("a mask reads data at its positions: 'mask seen(m: bool[b, k])"
                "[b, k] = m[b, k]'");
    return false;
  }
  const ast::Parameter *missing = missingSetting(arg.value);
  if (!missing)
    return true;
  e.report(Rule::mask_c4, arg.range,
           "this " + what + " is not given '" + missing->name.text + "'")
      .note(missing->range, "declared here")
      .note("write '" + e.text(arg.source) + "(" + missing->name.text +
            ": …)'");
  return false;
}

//===-- Masks at positions ------------------------------------------------===//

/// The parts of a position, from the last one, which runs fastest.
bool Masks::bindParts(FrameScope &callee, const ast::Subscript &entry,
                      const ast::TupleExpr &tuple, const Value &position) {
  Value rest = position;
  for (size_t i = tuple.entries.size(); i-- > 0;) {
    const ast::Expr *part = ast::withoutParens(tuple.entries[i].value);
    const ast::Expr *bound = nullptr;
    if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(part);
        binary && binary->op == ast::BinaryOp::Less) {
      part = ast::withoutParens(binary->left);
      bound = binary->right;
    }
    auto *name = llvm::dyn_cast<ast::NameExpr>(part);
    if (!name || (!bound && i)) {
      e.report(Rule::mask_c2, part->range,
               "all parts of a position but the first say how far they run");
      return false;
    }
    llvm::SaveAndRestore<Scope *> in(e.scope, &callee);
    Value width = bound && i ? e.evaluate(bound) : Value();
    if (i && !fitsGrid(position, width, entry, part->range))
      return false;
    Value value =
        i ? e.binary(core::Primitive::Mod, rest, width, part->range) : rest;
    callee.bind(name->name, value, Binding::Index, name->range);
    if (i)
      rest = e.named(
          "", e.binary(core::Primitive::FloorDiv, rest, width, part->range),
          part->range);
  }
  return true;
}

/// One position of the brackets: `q`, or `q = (y, x < w)`, read as a tuple.
bool Masks::bindPosition(FrameScope &callee, const ast::Subscript &entry,
                         const Value &position) {
  if (entry.kind != ast::Subscript::Kind::Named) {
    auto *name = llvm::dyn_cast_or_null<ast::NameExpr>(entry.value);
    if (name)
      callee.bind(name->name, position, Binding::Index, name->range);
    return name != nullptr;
  }
  callee.bind(entry.name.text, position, Binding::Index, entry.name.range);
  auto *tuple = llvm::dyn_cast<ast::TupleExpr>(
      ast::withoutParens(const_cast<ast::Expr *>(entry.value)));
  if (!tuple || tuple->entries.size() < 2) {
    e.report(Rule::mask_c2, entry.range,
             "a position is read as parts in parentheses: 'q = (y, x < w)'");
    return false;
  }
  return bindParts(callee, entry, *tuple, position);
}

/// `q = (y, x < w)` of a position that runs over whole rows of w.
bool Masks::fitsGrid(const Value &position, const Value &width,
                     const ast::Subscript &entry, Range range) {
  auto known = width.constant();
  auto *index = position.isRunTime()
                    ? llvm::dyn_cast<core::IndexValue>(position.expr)
                    : nullptr;
  auto length = index ? index->index->extent.size().constant() : std::nullopt;
  if (!known || !length || (*known > 0 && *length % *known == 0))
    return true;
  e.report(Rule::mask_c2, range,
           "'" + entry.name.text + "' runs over " + llvm::Twine(*length) +
               " positions, and rows of " + llvm::Twine(*known) +
               " do not divide them");
  return false;
}

/// `m and n`, `m or n`.
Value Masks::applyBoth(const Callable &callable,
                       llvm::ArrayRef<Value> positions, Range range) {
  Value a = apply(callable.parts[0], positions, range);
  Value b = apply(callable.parts[1], positions, range);
  if (a.isError() || b.isError())
    return Value::error(range);
  bool isAnd = callable.kind == Callable::MaskAnd;
  if (a.kind == Value::Truth)
    return a.truth == isAnd ? b : a;
  if (b.kind == Value::Truth)
    return b.truth == isAnd ? a : b;
  return e.binary(isAnd ? core::Primitive::And : core::Primitive::Or, a, b,
                  range);
}

Value Masks::apply(const Value &mask, llvm::ArrayRef<Value> positions,
                   Range range, const Value *score) {
  for (const Value &position : positions)
    if (position.isError())
      return Value::error(range);
  if (score && score->isError())
    return *score;
  const Callable &callable = *mask.callable;
  switch (callable.kind) {
  case Callable::MaskAnd:
  case Callable::MaskOr:
    return applyBoth(callable, positions, range);
  case Callable::MaskNot:
    return e.unary(core::Primitive::Not,
                   apply(callable.parts[0], positions, range), range);
  case Callable::Chain: {
    Value current = score ? *score : Value::error(range);
    for (const Value &part : callable.parts)
      current = e.named("s", apply(part, positions, range, &current), range);
    return current;
  }
  case Callable::Function:
    break;
  default:
    e.report(Rule::mask_c1, range,
             "this is " + mask.describe() + ", and takes no positions");
    return Value::error(range);
  }
  return applyBody(mask, positions, range, score);
}

/// Whether `decl` is a mask or a score, and may be applied to positions here.
bool Masks::takesPositions(const ast::FunctionDecl &decl, size_t positions,
                           Range range) {
  if (decl.functionKind != ast::FunctionKind::Mask &&
      decl.functionKind != ast::FunctionKind::Score) {
    e.report(Rule::mask_c1, range,
             "'" + decl.name.text + "' is no mask, and takes no positions");
    return false;
  }
  if (positions != 4) {
    e.report(
         Rule::mask_c1, range,
         "a mask is applied to four positions, b, h, q and k, and here are " +
             llvm::Twine(positions))
        .note("what does not look at one of them gets 0 there");
    return false;
  }
  if (e.depth >= 100) {
    e.report(Rule::const_c2, decl.name.range,
             "the mask '" + decl.name.text + "' is made of itself");
    return false;
  }
  return true;
}

bool Masks::bindArguments(FrameScope &inner, const Callable &callable,
                          Range range) {
  const ast::FunctionDecl *decl = callable.function;
  std::vector<BoundArg> bound;
  if (!Arguments(e).match(decl->parameters.list, callable.given, {},
                          decl->name.text, range, bound))
    return false;
  Arguments(e).addTypedDefaults(inner, decl->parameters.list, bound);
  for (BoundArg &arg : bound)
    arg.value = e.imported(arg.value);
  if (!e.bindSignature(inner, decl->name.text, bound))
    return false;
  Arguments(e).bind(inner, bound);
  Arguments(e).bindSettingDefaults(inner, decl->parameters.list);
  return true;
}

bool Masks::bindPositions(FrameScope &inner, const ast::FunctionDecl &decl,
                          llvm::ArrayRef<Value> positions) {
  for (const ast::Subscript &entry : decl.brackets.entries) {
    Symbol word = entry.kind == ast::Subscript::Kind::Named ? entry.name.text
                  : llvm::isa<ast::NameExpr>(entry.value)
                      ? llvm::cast<ast::NameExpr>(entry.value)->name
                      : Symbol();
    int at = llvm::StringSwitch<int>(word)
                 .Case("b", 0)
                 .Case("h", 1)
                 .Case("q", 2)
                 .Case("k", 3)
                 .Default(-1);
    if (at < 0)
      e.report(Rule::mask_c1, entry.range,
               "the positions of a mask are called b, h, q and k");
    if (at < 0 || !bindPosition(inner, entry, positions[at]))
      return false;
  }
  return true;
}

/// The value of a body as what a mask lets through.
Value Masks::maskOf(const ast::FunctionDecl &decl, const Value &value,
                    Range range) {
  core::Expr *expr = e.runTime(value, range);
  if (expr->type.isError())
    return Value::error(range);
  if (!expr->type.isScalar() || !expr->type.elem.isTruth()) {
    e.report(Rule::mask_c1, decl.range,
             "the body of a mask is a truth value, and this is " +
                 expr->type.str());
    return Value::error(range);
  }
  auto *node = e.program.make<core::MaskAt>(expr->type, range);
  node->name = decl.name.text;
  node->value = expr;
  return e.runTimeValue(node);
}

Value Masks::applyBody(const Value &mask, llvm::ArrayRef<Value> positions,
                       Range range, const Value *score) {
  const Callable &callable = *mask.callable;
  const ast::FunctionDecl *decl = callable.function;
  if (!takesPositions(*decl, positions.size(), range))
    return Value::error(range);
  llvm::SaveAndRestore<unsigned> deeper(e.depth, e.depth + 1);
  FrameScope *inner = e.session.make<FrameScope>(callable.home);
  inner->name = decl->name.text.str();
  inner->call = range;
  inner->isMask = true;
  if (!bindArguments(*inner, callable, range) ||
      !bindPositions(*inner, *decl, positions))
    return Value::error(range);
  if (score)
    inner->bind("s", e.named("s", *score, range), Binding::Given, range);
  Value value;
  {
    Evaluator::Entry entry(e, e.context, inner, e.statements);
    value = e.body(decl->body);
    // Without brackets it is an expression over masks, or over scores.
    if (decl->brackets.entries.empty() && value.kind == Value::Function)
      value = apply(value, positions, range, score);
  }
  value = e.back(*inner, value);
  if (value.isError() || value.kind == Value::Truth ||
      decl->functionKind == ast::FunctionKind::Score)
    return value;
  return maskOf(*decl, value, range);
}

} // namespace lamina::sema
