// SPDX-License-Identifier: Apache-2.0
//
// Declared types, and the way back.
//
// Declared types of results and locals are checked by size; then the axes have
// the declared dims and names. What a call returns has the names of the caller.

#include "frontend/Sema/Bind.h"

namespace lamina::sema {

using core::Axis;
using core::Elem;

//===-- Back to the caller ------------------------------------------------===//

static Dim translate(core::DimContext &dims, Dim dim,
                     llvm::ArrayRef<std::pair<Dim, Dim>> back) {
  Dim found;
  bool unique = true;
  for (auto &[declared, caller] : back) {
    if (declared != dim || found == caller)
      continue;
    unique &= !found;
    found = caller;
  }
  if (found && unique)
    return found;
  return dims.substitute(dim, [&](const core::Atom &atom) {
    for (auto &[declared, caller] : back)
      if (declared.atom() == &atom)
        return caller;
    return Dim();
  });
}

Dim Evaluator::backDim(FrameScope &callee, Dim dim) {
  return dim ? translate(dims, dim, callee.back) : dim;
}

core::Type Evaluator::backType(llvm::ArrayRef<std::pair<Dim, Dim>> pairs,
                               const core::Type &type) {
  core::Type result = type;
  for (Axis &axis : result.axes)
    axis.dim = translate(dims, axis.dim, pairs);
  if (result.elem.low)
    result.elem.low = translate(dims, result.elem.low, pairs);
  if (result.elem.high)
    result.elem.high = translate(dims, result.elem.high, pairs);
  for (core::Type &part : result.parts)
    part = backType(pairs, part);
  return result;
}

static bool sameDims(const core::Type &a, const core::Type &b) {
  if (a.kind != b.kind || a.rank() != b.rank() ||
      a.parts.size() != b.parts.size())
    return false;
  for (auto [p, q] : llvm::zip(a.axes, b.axes))
    if (p.dim != q.dim || p.name != q.name)
      return false;
  for (auto [p, q] : llvm::zip(a.parts, b.parts))
    if (!sameDims(p, q))
      return false;
  return a.elem.low == b.elem.low && a.elem.high == b.elem.high;
}

core::Expr *Evaluator::retype(core::Expr *expr, const core::Type &type) {
  if (sameDims(expr->type, type))
    return expr;
  auto *node = program.make<core::Retype>(type, expr->range);
  node->operand = expr;
  return node;
}

Value Evaluator::back(FrameScope &callee, Value value) {
  switch (value.kind) {
  case Value::RunTime:
  case Value::Run: {
    Value result = value;
    result.expr = retype(value.expr, backType(callee.back, value.expr->type));
    return result;
  }
  case Value::Number:
    if (value.dim)
      value.dim = backDim(callee, value.dim);
    return value;
  case Value::List:
  case Value::TupleOf: {
    std::vector<Value> items;
    for (const Value &item : *value.items)
      items.push_back(back(callee, item));
    value.items = std::make_shared<const std::vector<Value>>(std::move(items));
    return value;
  }
  default:
    return value;
  }
}

//===-- Declared types ----------------------------------------------------===//

/// Broadcasts what has fewer axes than declared (a number takes any shape).
core::Expr *Evaluator::shaped(core::Expr *expr, const core::Type &type,
                              Range range) {
  if (expr->type.rank() != 0 || type.rank() == 0)
    return expr;
  core::Type wide = expr->type;
  wide.axes = type.axes;
  auto *node = program.make<core::Broadcast>(wide, range);
  node->operand = expr;
  return node;
}

/// Element kind of `expr` as declared; null after a diagnostic.
core::Expr *Evaluator::withElem(core::Expr *expr, const ast::TensorType &type,
                                const Elem &declared, Range range, Rule rule) {
  if (type.element == ast::ElementKind::Any)
    return expr;
  const Elem &given = expr->type.elem;
  if (declared.isReal() && given.isWhole())
    return convert(expr, Elem::Real);
  if (inData && declared.isWhole() && given.isReal()) {
    // A number of a record is checked where it is read.
    core::Expr *whole = convert(expr, Elem::Whole);
    whole->type.elem = declared;
    return whole;
  }
  if (declared.kind != given.kind) {
    report(rule, range,
           "this is " + expr->type.str() + ", declared " +
               core::Type::tensor(declared, expr->type.axes).str())
        .note(type.range, "declared here");
    return nullptr;
  }
  if (type.element != ast::ElementKind::Id || !declared.high)
    return expr;
  Dim exact = exactOf(expr);
  auto within = [&](Dim value, bool low) {
    return value && provesNotNegative(low ? value : declared.high - value);
  };
  if (!inData && (!(within(given.low, true) || within(exact, true)) ||
                  !(within(given.high, false) || within(exact, false)))) {
    report(Rule::call_c5, range,
           "this has to be below " + (declared.high + 1).size().str() +
               ", and " +
               (given.high ? "may be " + given.high.size().str()
                           : std::string("nothing bounds it")))
        .note(type.range, "declared here");
    return nullptr;
  }
  core::Type bounded = expr->type;
  bounded.elem = declared;
  return retype(expr, bounded);
}

Value Evaluator::declareTuple(Value value, const ast::TupleType &type,
                              Range range, Rule rule, bool isResult) {
  std::vector<Value> items = elements(value, range);
  if (items.size() != type.entries.size()) {
    report(rule, range,
           "this is " + value.describe() + ", declared with " +
               llvm::Twine(type.entries.size()) + " parts")
        .note(type.range, "declared here");
    return Value::error(range);
  }
  std::vector<Symbol> names;
  for (auto [item, entry] : llvm::zip(items, type.entries)) {
    item = declare(item, entry.type, range, rule, isResult);
    names.push_back(entry.name.text);
    if (item.isError())
      return item;
  }
  return tuple(std::move(items), std::move(names), range);
}

/// The dimension of `given` where `type` has the new name; null if the value
/// has none there.
static Dim dimNamed(const ast::TensorType &type, const core::Type &given,
                    ast::Name name) {
  for (auto [i, dimension] : llvm::enumerate(type.dimensions)) {
    auto *word = llvm::dyn_cast<ast::NameExpr>(dimension.size);
    if (!word || word->name != name.text)
      continue;
    bool packBefore = llvm::any_of(
        llvm::ArrayRef(type.dimensions).take_front(i),
        [](auto &d) { return llvm::isa<ast::EllipsisExpr>(d.size); });
    unsigned fromEnd = type.dimensions.size() - i;
    unsigned axis = packBefore ? given.rank() - fromEnd : unsigned(i);
    if (axis < given.rank())
      return given.axes[axis].dim;
  }
  return {};
}

static bool fitsSizes(Evaluator &e, const core::Type &given,
                      const core::Type &declared) {
  if (given.rank() != declared.rank())
    return false;
  for (auto [a, b] : llvm::zip(declared.axes, given.axes))
    if (a.size() != b.size() && !e.same(a.dim, b.dim))
      return false;
  return true;
}

/// Where names hide that the sizes differ.
static void noteSizes(Diagnostic &diag, const core::Type &given,
                      const core::Type &declared) {
  if (given.rank() == declared.rank() &&
      (given.str() != given.str(true) || declared.str() != declared.str(true)))
    diag.note("in sizes: " + given.str(true) + ", declared " +
              declared.str(true));
}

/// What may be anything; a real number that is known stays known.
static bool staysAsGiven(const Value &value, const ast::TensorType &type) {
  if (type.element == ast::ElementKind::Any)
    return true;
  return value.kind == Value::Number && type.dimensions.empty() &&
         type.element == ast::ElementKind::Real && !value.dim && !value.scalar;
}

Value Evaluator::declare(Value value, const ast::Type *type, Range range,
                         Rule rule, bool isResult) {
  if (value.isError() || (value.isNone() && type->isOptional))
    return value;
  if (auto *tuple = llvm::dyn_cast<ast::TupleType>(type))
    return declareTuple(value, *tuple, range, rule, isResult);
  auto *tensor = llvm::dyn_cast<ast::TensorType>(type);
  if (!tensor || staysAsGiven(value, *tensor))
    return value;
  core::Expr *expr = runTime(value, range);
  if (expr->type.isError())
    return Value::error(range);
  if (!expr->type.isTensor()) {
    report(rule, range,
           "this is " + value.describe() + ", and a tensor is declared")
        .note(type->range, "declared here");
    return Value::error(range);
  }
  core::Type declared = resolve(type, [&](ast::Name name) {
    return dimNamed(*tensor, expr->type, name);
  });
  if (declared.isError())
    return Value::error(range);
  expr = shaped(expr, declared, range);
  if (!fitsSizes(*this, expr->type, declared)) {
    auto &diag = report(rule, range,
                        llvm::Twine(isResult ? "the result is " : "this is ") +
                            expr->type.str() + ", declared " + declared.str());
    noteSizes(diag, expr->type, declared);
    diag.note(type->range, "declared here");
    return Value::error(range);
  }
  expr = withElem(expr, *tensor, declared.elem, range, rule);
  if (!expr)
    return Value::error(range);
  core::Type named = expr->type;
  for (auto [axis, wanted] : llvm::zip(named.axes, declared.axes))
    axis = {wanted.dim, wanted.name.empty() ? axis.name : wanted.name};
  return runTimeValue(retype(expr, named));
}

/// The parts of a tuple, of settings or of run-time values.
std::vector<Value> Evaluator::elements(const Value &value, Range range) {
  if (value.kind == Value::TupleOf || value.kind == Value::List)
    return *value.items;
  std::vector<Value> result;
  if (value.kind != Value::RunTime || !value.expr->type.isTuple())
    return result;
  core::Expr *whole = imported(value).expr;
  if (auto *made = llvm::dyn_cast<core::Tuple>(whole)) {
    for (core::Expr *element : made->elements)
      result.push_back(runTimeValue(element));
    return result;
  }
  for (auto [i, part] : llvm::enumerate(whole->type.parts)) {
    auto *node = program.make<core::TupleElement>(part, range);
    node->operand = whole;
    node->position = i;
    result.push_back(runTimeValue(node));
  }
  return result;
}

} // namespace lamina::sema
