// SPDX-License-Identifier: Apache-2.0
//
// Settings as run-time values.
//
// Numbers and lists become Core where a tensor is asked for.

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

using core::Elem;

//===-- Making nodes -----------------------------------------------------===//

core::Expr *Evaluator::constant(double value, Elem::Kind kind, Range range) {
  core::Type type = core::Type::real();
  if (kind == Elem::Whole) {
    Dim exact = dims.constant(int64_t(value));
    type = core::Type::whole(exact, exact);
  } else if (kind == Elem::Truth) {
    type = core::Type::truth();
  }
  auto *node = program.make<core::Constant>(type, range);
  node->values = {value};
  return node;
}

core::Expr *Evaluator::sizeOf(Dim dim, Range range) {
  if (auto known = dim.size().constant())
    return constant(double(*known), Elem::Whole, range);
  auto *node = program.make<core::SizeOf>(core::Type::whole(dim, dim), range);
  node->dim = dim;
  return node;
}

/// `x * t` where t differs from sample to sample: the name alone would be the
/// longest of the batch. Of one record it is a number.
static bool isRaggedSize(Evaluator &e, const core::Expr *expr) {
  auto *size = llvm::dyn_cast<core::SizeOf>(expr);
  if (!size || e.inData ||
      e.session.sources.isLibrary(e.session.sources.getFile(expr->range)))
    return false;
  return llvm::any_of(
      e.dims.atoms(size->dim.size()), [](const core::Atom *atom) {
        return atom->kind == core::Atom::Size && atom->raggedOver;
      });
}

core::Expr *Evaluator::convert(core::Expr *expr, Elem::Kind kind) {
  if (expr->type.elem.kind == kind)
    return expr;
  if (kind == Elem::Real && isRaggedSize(*this, expr)) {
    auto *size = llvm::cast<core::SizeOf>(expr);
    report(Rule::ragged_c1, expr->range,
           "'" + size->dim.str() + "' differs from sample to sample here")
        .note("write 'size(…)' of it in a definition over the samples: "
              "'s[b] = x[b] / size(t)'");
    return program.make<core::Error>(core::Type::error(), expr->range);
  }
  if (auto *c = llvm::dyn_cast<core::Constant>(expr)) {
    auto *node = program.make<core::Constant>(expr->type, expr->range);
    node->type.elem = {kind, {}, {}};
    node->values = c->values;
    return node;
  }
  core::Type type = expr->type;
  type.elem = {kind, {}, {}};
  auto *node = program.make<core::Convert>(type, expr->range);
  node->operand = expr;
  return node;
}

Value Evaluator::runTimeValue(core::Expr *expr, Dim exact) {
  Value value;
  value.kind = expr->type.isError()                 ? Value::Error
               : expr->type.kind == core::Type::Run ? Value::Run
                                                    : Value::RunTime;
  value.range = expr->range;
  value.expr = expr;
  value.dim = exact;
  value.owner = context;
  if (exact)
    exactValues[expr] = exact;
  return value;
}

/// What stands where a tensor is needed, and how it would become one.
void Evaluator::reportNoTensor(const Value &value, Range range) {
  auto &diag = report(Rule::call_c8, range,
                      "a tensor or a number is needed here, and this is " +
                          value.describe());
  if (value.kind == Value::Record)
    diag.note("'number(…)' reads a number from it, 'index(list, …)' a class");
  if (value.kind != Value::Function)
    return;
  const Callable &callable = *value.callable;
  if (callable.kind != Callable::Function) {
    if (callable.kind == Callable::MaskAnd ||
        callable.kind == Callable::MaskOr || callable.kind == Callable::MaskNot)
      diag.note("masks join by 'and', 'or' and 'not'");
    return;
  }
  if (callable.function->functionKind == ast::FunctionKind::Mask)
    diag.note("masks join by 'and', 'or' and 'not'");
  else
    for (const ast::Parameter &parameter : callable.function->parameters.list)
      if (!parameter.value && !callable.find(parameter.name.text)) {
        diag.note(parameter.range, "'" + callable.function->name.text +
                                       "' is not given '" +
                                       parameter.name.text + "'");
        return;
      }
}

static core::Expr *errorNode(Evaluator &e, Range range) {
  return e.program.make<core::Error>(core::Type::error(), range);
}

static core::Expr *numberNode(Evaluator &e, const Value &value, Range range) {
  if (value.scalar) {
    auto *node = e.program.make<core::ScalarRef>(
        value.scalar->whole ? core::Type::whole() : core::Type::real(), range);
    node->scalar = value.scalar;
    return node;
  }
  if (!value.dim)
    return e.constant(value.real, Elem::Real, range);
  Dim size = value.dim.size();
  if (size.rational() && !size.constant())
    return e.constant(size.rational()->toDouble(), Elem::Real, range);
  return e.sizeOf(value.dim, range);
}

static core::Expr *tupleNode(Evaluator &e, const Value &value, Range range) {
  std::vector<core::Type> types;
  core::Exprs elements;
  for (const Value &item : *value.items) {
    elements.push_back(e.runTime(item, range));
    types.push_back(elements.back()->type);
    if (types.back().isError())
      return errorNode(e, range);
  }
  auto *node = e.program.make<core::Tuple>(
      core::Type::tuple(types, *value.names), range);
  node->elements = elements;
  return node;
}

core::Expr *Evaluator::runTime(const Value &value, Range range) {
  switch (value.kind) {
  case Value::Error:
    return errorNode(*this, range);
  case Value::Number:
    return numberNode(*this, value, range);
  case Value::Truth:
    return constant(value.truth, Elem::Truth, range);
  case Value::RunTime:
  case Value::Run:
  case Value::Field:
    return imported(value).expr;
  case Value::List:
    return stack(value, range);
  case Value::TupleOf:
    return tupleNode(*this, value, range);
  default:
    reportNoTensor(value, range);
    return errorNode(*this, range);
  }
}

core::Expr *Evaluator::runTime(const ast::Expr *expr) {
  return runTime(evaluate(expr), expr->range);
}

/// `[(0, 1), (10, 2)]` is a table, as `[[0, 1], [10, 2]]` is.
static bool isRow(const Value &item) {
  return item.kind == Value::TupleOf &&
         llvm::all_of(*item.items,
                      [](const Value &part) { return part.isNumber(); });
}

/// What the elements of a list have in common, with their number in front.
static core::Type typeOfStack(Evaluator &e, const core::Exprs &elements,
                              Elem::Kind kind) {
  core::Type type = elements[0]->type;
  Dim low = type.elem.low, high = type.elem.high;
  for (const core::Expr *element : elements) {
    const Elem &elem = element->type.elem;
    low = low && elem.low ? e.dims.min(low, elem.low) : Dim();
    high = high && elem.high ? e.dims.max(high, elem.high) : Dim();
  }
  type.elem = {kind, kind == Elem::Whole ? low : Dim(),
               kind == Elem::Whole ? high : Dim()};
  type.axes.insert(type.axes.begin(),
                   core::Axis{e.dims.constant(elements.size()), ""});
  return type;
}

/// A list of k values of one type is a tensor with k in front.
core::Expr *Evaluator::stack(const Value &list, Range range) {
  core::Exprs elements;
  Elem::Kind kind = Elem::Whole;
  bool constants = true;
  for (const Value &item : *list.items) {
    Range at = item.range ? item.range : range;
    elements.push_back(isRow(item) ? stack(item, at) : runTime(item, at));
    const core::Type &type = elements.back()->type;
    if (type.isError())
      return elements.back();
    if (!type.isTensor() || type.rank() != elements[0]->type.rank()) {
      report(Rule::call_c8, range,
             "the elements of this list have different "
             "types, so it is no tensor");
      return errorNode(*this, range);
    }
    if (!type.elem.isWhole() && kind != Elem::Truth)
      kind = type.elem.kind;
    constants &= llvm::isa<core::Constant>(elements.back());
  }
  if (elements.empty()) {
    report(Rule::call_c8, range, "an empty list is no tensor");
    return errorNode(*this, range);
  }
  for (core::Expr *&element : elements)
    element = convert(element, kind);
  core::Type type = typeOfStack(*this, elements, kind);
  if (!constants) {
    auto *node = program.make<core::Stack>(type, range);
    node->operands = elements;
    return node;
  }
  auto *node = program.make<core::Constant>(type, range);
  for (core::Expr *element : elements)
    llvm::append_range(node->values,
                       llvm::cast<core::Constant>(element)->values);
  return node;
}

} // namespace lamina::sema
