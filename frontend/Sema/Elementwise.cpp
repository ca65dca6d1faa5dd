// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic, comparisons, choices.
//
// Numbers fold while compiling; with a run-time operand all become Core, of one
// element kind, broadcast by name.

#include "frontend/Sema/Evaluator.h"
#include "frontend/Sema/Primitives.h"
#include "frontend/Sema/Trees.h"

#include <cstdlib>

namespace lamina::sema {

using core::Elem;
using core::Primitive;

static bool isComparison(Primitive op) {
  return op >= Primitive::Eq && op <= Primitive::Ge;
}
static bool isLogic(Primitive op) { return op >= Primitive::And; }
static bool staysWhole(Primitive op) {
  switch (op) {
  case Primitive::Add:
  case Primitive::Sub:
  case Primitive::Mul:
  case Primitive::FloorDiv:
  case Primitive::Mod:
  case Primitive::Neg:
  case Primitive::Min:
  case Primitive::Max:
  case Primitive::Clamp:
  case Primitive::Abs:
    return true;
  default:
    return false;
  }
}

//===-- Numbers -----------------------------------------------------------===//

/// Whole arithmetic on dims, which may hold names.
static std::optional<Dim> foldDim(core::DimContext &dims, Primitive op, Dim a,
                                  Dim b) {
  switch (op) {
  case Primitive::Add:
    return a + b;
  case Primitive::Sub:
    return a - b;
  case Primitive::Mul:
    return a * b;
  case Primitive::FloorDiv:
    return b.isConstant(0) ? std::nullopt : std::optional(dims.div(a, b));
  case Primitive::Mod:
    return b.isConstant(0) ? std::nullopt : std::optional(dims.mod(a, b));
  case Primitive::Min:
    return dims.min(a, b);
  case Primitive::Max:
    return dims.max(a, b);
  case Primitive::Neg:
    return dims.scale(a, -1);
  case Primitive::Abs:
    if (auto c = a.size().constant())
      return *c < 0 ? dims.scale(a, -1) : a;
    return std::nullopt;
  case Primitive::Pow: {
    auto n = b.size().constant();
    if (n && *n >= 0 && *n < 64)
      return dims.power(a, *n);
    return std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

static std::optional<double> toReal(const Value &value) {
  if (!value.dim)
    return value.real;
  if (auto known = value.dim.size().rational())
    return known->toDouble();
  return std::nullopt;
}

/// A number, a truth, or nothing if it is not known when compiling.
static std::optional<Value> foldNumbers(Evaluator &e, Primitive op,
                                        llvm::ArrayRef<Value> operands,
                                        Range range) {
  for (const Value &operand : operands)
    if (operand.kind != Value::Number || operand.scalar)
      return std::nullopt;
  const Value &a = operands[0], &b = operands.back();
  if (a.dim && b.dim && operands.size() <= 2)
    if (auto dim = foldDim(e.dims, op, a.dim, b.dim)) {
      // Dims stop there; a size is far below, another number must not.
      auto whole = dim->constant();
      if (!whole || std::abs(*whole) < ast::NumberExpr::wholeLimit)
        return Value::number(*dim, range);
      e.report(Rule::parse_c13, range,
               "this is too large for a whole number, which is below 2^62")
          .note("a real number is written with a point: '1.0'");
      return Value::error(range);
    }
  if (isComparison(op) && a.dim && b.dim) {
    Dim difference = (a.dim - b.dim).size();
    if (auto known = difference.rational())
      return Value::truthValue(valueOf(op, {known->toDouble(), 0}) != 0, range);
    return e.compareSizes(op, a.dim.size(), b.dim.size(), range);
  }
  if (isLogic(op) || op == Primitive::Finite)
    return std::nullopt;
  llvm::SmallVector<double, 3> numbers;
  for (const Value &operand : operands) {
    auto number = toReal(operand);
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  double result = valueOf(op, numbers);
  return isComparison(op) ? Value::truthValue(result != 0, range)
                          : Value::number(result, range);
}

/// A comparison of sizes that are not numbers, if the prover decides it.
std::optional<Value> Evaluator::compareSizes(Primitive op, Dim a, Dim b,
                                             Range range) {
  auto truth = [&](bool t) { return Value::truthValue(t, range); };
  bool less = provesNotNegative(b - a - 1), atMost = provesNotNegative(b - a);
  bool more = provesNotNegative(a - b - 1), atLeast = provesNotNegative(a - b);
  switch (op) {
  case Primitive::Lt:
    return less      ? std::optional(truth(true))
           : atLeast ? std::optional(truth(false))
                     : std::nullopt;
  case Primitive::Le:
    return atMost ? std::optional(truth(true))
           : more ? std::optional(truth(false))
                  : std::nullopt;
  case Primitive::Gt:
    return more     ? std::optional(truth(true))
           : atMost ? std::optional(truth(false))
                    : std::nullopt;
  case Primitive::Ge:
    return atLeast ? std::optional(truth(true))
           : less  ? std::optional(truth(false))
                   : std::nullopt;
  case Primitive::Eq:
    return less || more ? std::optional(truth(false)) : std::nullopt;
  case Primitive::Ne:
    return less || more ? std::optional(truth(true)) : std::nullopt;
  default:
    return std::nullopt;
  }
}

static bool isTree(const Value &value) {
  if (value.kind == Value::Field)
    return true;
  if (value.kind == Value::TupleOf)
    return true;
  return value.kind == Value::RunTime &&
         (value.expr->type.isTree() || value.expr->type.isTuple());
}

//===-- Operations -------------------------------------------------------===//

Value Evaluator::unary(Primitive op, const Value &a, Range range) {
  if (op == Primitive::Not) {
    if (a.kind == Value::Truth)
      return Value::truthValue(!a.truth, range);
    if (a.kind == Value::None)
      return Value::truthValue(true, range);
    if (a.kind == Value::Function) {
      Callable callable(Callable::MaskNot, scope);
      callable.parts = {a};
      return Value::ofCallable(Value::Function, std::move(callable), range);
    }
  }
  return elementwise(op, {a}, range);
}

Value Evaluator::binary(Primitive op, const Value &a, const Value &b,
                        Range range, const ast::Expr *left,
                        const ast::Expr *right) {
  bool isOneText = (a.kind == Value::Text) != (b.kind == Value::Text);
  if (isOneText && (a.isRunTime() || b.isRunTime())) {
    report(Rule::call_c8, range,
           "a text is compared with a text, and here is " +
               (a.isRunTime() ? a : b).describe());
    return Value::error(range);
  }
  if ((op == Primitive::Eq || op == Primitive::Ne) &&
      (a.isNone() || b.isNone() || a.kind == Value::Text ||
       b.kind == Value::Text ||
       (a.kind == Value::Truth && b.kind == Value::Truth))) {
    bool equal = a.kind == b.kind && a.text == b.text && a.truth == b.truth;
    return Value::truthValue(equal == (op == Primitive::Eq), range);
  }
  return elementwise(op, {a, b}, range, {left, right});
}

/// The bounds of `clamp`, where they are known.
static bool areInOrder(Evaluator &e, llvm::ArrayRef<Value> operands,
                       Range range) {
  auto low = toReal(operands[1]), high = toReal(operands[2]);
  if (!low || !high || *low <= *high)
    return true;
  e.report(Rule::call_c11, range,
           "the bounds of 'clamp' go from " + spelled(*low) + " down to " +
               spelled(*high));
  return false;
}

Value Evaluator::elementwise(Primitive op, llvm::ArrayRef<Value> operands,
                             Range range,
                             llvm::ArrayRef<const ast::Expr *> sources) {
  for (const Value &operand : operands)
    if (operand.isError())
      return Value::error(range);
  if (op == Primitive::Clamp && !areInOrder(*this, operands, range))
    return Value::error(range);
  if (auto folded = foldNumbers(*this, op, operands, range))
    return *folded;
  if (!isComparison(op) && !isLogic(op) && llvm::any_of(operands, isTree))
    return Trees(*this).treeArith(op, operands, range);
  core::Exprs exprs;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    exprs.push_back(runTime(
        operand, i < sources.size() && sources[i] ? sources[i]->range : range));
    if (exprs.back()->type.isError())
      return Value::error(range);
    if (!exprs.back()->type.isTensor()) {
      report(Rule::call_c8, range,
             "'" + core::spelling(op) +
                 "' works on numbers and tensors, and "
                 "this is " +
                 exprs.back()->type.str());
      return Value::error(range);
    }
  }
  return elementwiseOn(op, exprs, range, sources);
}

/// What the operands are computed in; none after a diagnostic.
static std::optional<Elem::Kind>
operandKind(Evaluator &e, Primitive op, const core::Exprs &exprs, Range range) {
  bool allWhole =
      llvm::all_of(exprs, [](auto *x) { return x->type.elem.isWhole(); });
  bool anyTruth =
      llvm::any_of(exprs, [](auto *x) { return x->type.elem.isTruth(); });
  bool allTruth =
      llvm::all_of(exprs, [](auto *x) { return x->type.elem.isTruth(); });
  bool truthful =
      isLogic(op) || (allTruth && (op == Primitive::Eq || op == Primitive::Ne));
  if (truthful ? !allTruth : anyTruth) {
    e.report(Rule::call_c8, range,
             "'" + core::spelling(op) +
                 (truthful ? "' needs truth values on both sides"
                           : "' needs numbers, and this is a truth value"))
        .note(truthful ? "compare first: 'x > 0'" : "write '1 if c else 0'");
    return std::nullopt;
  }
  bool whole = allWhole && (staysWhole(op) || isComparison(op));
  if (allWhole && op == Primitive::Pow)
    whole =
        exprs[1]->type.elem.low && e.provesNotNegative(exprs[1]->type.elem.low);
  return truthful ? Elem::Truth : whole ? Elem::Whole : Elem::Real;
}

Value Evaluator::elementwiseOn(Primitive op, core::Exprs exprs, Range range,
                               llvm::ArrayRef<const ast::Expr *> sources) {
  auto kind = operandKind(*this, op, exprs, range);
  if (!kind)
    return Value::error(range);
  llvm::SmallVector<Elem, 3> elems;
  std::vector<core::Type> types;
  for (core::Expr *&x : exprs) {
    elems.push_back(x->type.elem);
    x = convert(x, *kind);
    types.push_back(x->type);
  }
  auto *node = program.make<core::Elementwise>(core::Type::real(), range);
  node->primitive = op;
  node->operands = exprs;
  node->alignments.resize(exprs.size());
  llvm::SmallVector<core::Alignment *, 3> alignments;
  for (auto &alignment : node->alignments)
    alignments.push_back(&alignment);
  auto axes = meet(types, alignments, range, sources);
  if (!axes)
    return Value::error(range);
  Elem elem;
  elem.kind = isComparison(op) || isLogic(op) || op == Primitive::Finite
                  ? Elem::Truth
                  : *kind;
  if (elem.isWhole())
    elem = arithmeticElem(op, elems);
  node->type = core::Type::tensor(elem, *axes);
  return runTimeValue(node);
}

/// What either side of a choice may be; both are numbers, or both truths.
static Elem elemOfChoice(Evaluator &e, Elem elem, const Elem &other) {
  if (elem.isTruth())
    return elem;
  bool whole = elem.isWhole() && other.isWhole();
  elem.kind = whole ? Elem::Whole : Elem::Real;
  elem.low =
      whole && elem.low && other.low ? e.dims.min(elem.low, other.low) : Dim();
  elem.high = whole && elem.high && other.high
                  ? e.dims.max(elem.high, other.high)
                  : Dim();
  return elem;
}

Value Evaluator::choose(const Value &condition, const Value &yes,
                        const Value &no, Range range,
                        const ast::ChoiceExpr *source) {
  core::Expr *c = runTime(condition, range);
  core::Expr *a = runTime(yes, range), *b = runTime(no, range);
  if (c->type.isError() || a->type.isError() || b->type.isError())
    return Value::error(range);
  if (!a->type.isTensor() || !b->type.isTensor())
    return notSupported(range, "a choice between trees or tuples by data");
  if (a->type.elem.isTruth() != b->type.elem.isTruth()) {
    report(Rule::call_c8, range,
           "one side is " + a->type.str() + ", the other " + b->type.str());
    return Value::error(range);
  }
  Elem elem = elemOfChoice(*this, a->type.elem, b->type.elem);
  if (!elem.isTruth()) {
    a = convert(a, elem.kind);
    b = convert(b, elem.kind);
  }
  auto *node = program.make<core::Choice>(core::Type::real(), range);
  node->condition = c;
  node->yes = a;
  node->no = b;
  core::Type types[] = {c->type, a->type, b->type};
  core::Alignment *alignments[] = {&node->conditionAlignment,
                                   &node->yesAlignment, &node->noAlignment};
  const ast::Expr *sources[] = {source ? source->condition : nullptr,
                                source ? source->value : nullptr,
                                source ? source->other : nullptr};
  auto axes = meet(types, alignments, range, sources);
  if (!axes)
    return Value::error(range);
  node->type = core::Type::tensor(elem, *axes);
  return runTimeValue(node);
}

} // namespace lamina::sema
