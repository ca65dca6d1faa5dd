// SPDX-License-Identifier: Apache-2.0
//
// Calls of primitives.
//
// What a call of each primitive makes. Reductions and elementwise functions
// come from the table; the others have a line in `form` each.

#include "frontend/Sema/Forms.h"

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/Primitives.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

using core::Axis;
using core::Elem;
using core::StructuredKind;

Value Evaluator::primitiveValue(const PrimitiveInfo *info) {
  Callable callable(Callable::Primitive, nullptr);
  callable.primitive = info;
  return Value::ofCallable(Value::Function, std::move(callable), {});
}

bool Evaluator::findPrimitiveNamed(Symbol name) {
  return findPrimitive(name) != nullptr;
}

static Value distribution(const Value &callee, Args args, Range range) {
  auto made = std::make_shared<Callable>(*callee.callable);
  for (EvaluatedArg &arg : args)
    made->parts.push_back(arg.value);
  Value value = callee;
  value.callable = made;
  value.range = range;
  return value;
}

Value Evaluator::primitiveCall(const PrimitiveInfo *info, const Value &callee,
                               const ast::CallExpr *expr) {
  if (info->name == "grad" || info->name == "jvp" || info->name == "size" ||
      info->name == "gradient_error" || info->name == "trained")
    return Forms(*this).unevaluatedForm(info->name, expr);
  return applyPrimitive(callee, arguments(expr), expr->range);
}

Value Evaluator::applyPrimitive(const Value &callee, Args args, Range range) {
  const PrimitiveInfo &info = *callee.callable->primitive;
  for (const EvaluatedArg &arg : args)
    if (arg.value.isError())
      return Value::error(range);
  if (info.kind == PrimitiveInfo::Distribution)
    return distribution(callee, std::move(args), range);
  bool twoSided =
      info.fold == core::FoldKind::Min || info.fold == core::FoldKind::Max;
  if (info.kind == PrimitiveInfo::Reduction && twoSided && args.size() == 2)
    return binary(info.fold == core::FoldKind::Min ? core::Primitive::Min
                                                   : core::Primitive::Max,
                  args[0].value, args[1].value, range, args[0].source,
                  args[1].source);
  if (info.kind == PrimitiveInfo::Form)
    return Forms(*this).form(info.name, args, range);
  unsigned wanted = info.kind == PrimitiveInfo::Elementwise ? info.count : 1;
  if (args.size() != wanted) {
    report(Rule::call_c6, range,
           "'" + info.name + "' takes " + llvm::Twine(wanted) +
               (wanted == 1 ? " argument" : " arguments") + ", and gets " +
               llvm::Twine(args.size()));
    return Value::error(range);
  }
  if (info.kind == PrimitiveInfo::Reduction)
    return reduce(info.fold, args[0].value, args[0].over, args[0].source,
                  range);
  llvm::SmallVector<Value, 3> operands;
  llvm::SmallVector<const ast::Expr *, 3> sources;
  for (EvaluatedArg &arg : args) {
    operands.push_back(arg.value);
    sources.push_back(arg.source);
  }
  return elementwise(info.primitive, operands, range, sources);
}

//===-- Helpers of forms --------------------------------------------------===//

static const EvaluatedArg *findArg(const Args &args, Symbol name,
                                   unsigned position) {
  unsigned at = 0;
  for (const EvaluatedArg &arg : args) {
    if (!name.empty() && arg.name == name)
      return &arg;
    if (arg.name.empty() && at++ == position)
      return &arg;
  }
  return nullptr;
}

core::Expr *Forms::tensorArg(const Args &args, unsigned position,
                             llvm::StringRef form, Range range) {
  const EvaluatedArg *arg = findArg(args, "", position);
  if (!arg) {
    e.report(Rule::call_c6, range, "'" + form + "' is not given its argument");
    return nullptr;
  }
  core::Expr *expr = e.runTime(arg->value, arg->range);
  if (expr->type.isTensor())
    return expr;
  if (!expr->type.isError())
    e.report(Rule::call_c8, arg->range,
             "'" + form +
                 "' works on tensors, and "
                 "this is " +
                 expr->type.str());
  return nullptr;
}

/// The axis of `over`, or the last one (the first, if `first`).
std::optional<unsigned> Forms::formAxis(const Args &args,
                                        const core::Expr *operand, Range range,
                                        bool first) {
  for (const EvaluatedArg &arg : args)
    if (arg.over)
      return e.axisOver(operand->type, arg.over, arg.source);
  if (!operand->type.rank()) {
    e.report(Rule::over_c1, range, "a number has no dimension");
    return std::nullopt;
  }
  return first ? 0 : operand->type.rank() - 1;
}

core::Structured *Forms::structured(StructuredKind kind, core::Exprs operands,
                                    core::Type type, Range range) {
  auto *node = e.program.make<core::Structured>(std::move(type), range);
  node->structured = kind;
  node->operands = std::move(operands);
  return node;
}

//===-- Forms -------------------------------------------------------------===//

Value Forms::form(llvm::StringRef name, const Args &args, Range range) {
  using Maker = Value (Forms::*)(llvm::StringRef, const Args &, Range);
  Maker maker =
      llvm::StringSwitch<Maker>(name)
          .Cases({"int", "real"}, &Forms::formConvert)
          .Case("split", &Forms::formSplit)
          .Case("join", &Forms::formJoin)
          .Cases({"sort", "top"}, &Forms::formOrder)
          .Cases({"reverse", "transpose", "diagonal", "repeat", "ragged",
                  "one_hot", "interpolate", "inverse_permutation"},
                 &Forms::formShape)
          .Cases({"inverse", "determinant", "solve", "cholesky", "qr", "lu",
                  "singular_values"},
                 &Forms::formAlgebra)
          .Cases({"dot", "stop", "total"}, &Forms::formTree)
          .Case("vocabulary", &Forms::formVocabulary)
          .Default(nullptr);
  if (maker)
    return (this->*maker)(name, args, range);
  return e.notSupported(range, "'" + name + "' here");
}

Value Forms::formConvert(llvm::StringRef name, const Args &args, Range range) {
  const EvaluatedArg *arg = findArg(args, "", 0);
  if (arg && arg->value.kind == Value::Number && !arg->value.scalar) {
    const Value &v = arg->value;
    if (name == "real")
      return v;
    if (v.dim)
      return v;
    return Value::number(e.dims.constant(int64_t(v.real)), range);
  }
  core::Expr *x = tensorArg(args, 0, name, range);
  if (!x)
    return Value::error(range);
  if (x->type.elem.isTruth()) {
    e.report(Rule::call_c8, range, "a truth value is no number")
        .note("write '1 if c else 0'");
    return Value::error(range);
  }
  core::Expr *result = e.convert(x, name == "real" ? Elem::Real : Elem::Whole);
  if (name == "int" && x->type.elem.isReal())
    e.boundConversion(result, x);
  return e.runTimeValue(result);
}

Value Forms::formSplit(llvm::StringRef name, const Args &args, Range range) {
  core::Expr *x = tensorArg(args, 0, name, range);
  auto axis = x ? formAxis(args, x, range) : std::nullopt;
  if (!axis)
    return Value::error(range);
  int64_t count = 2;
  if (const EvaluatedArg *k = findArg(args, "k", 1)) {
    auto known = e.forceWhole(k->value, k->range, "the number of parts");
    if (!known || *known < 1)
      return Value::error(range);
    count = *known;
  }
  const Axis &whole = x->type.axes[*axis];
  auto part = e.dims.divideExactly(whole.dim, e.dims.constant(count));
  auto size = e.dims.divideExactly(whole.size(), e.dims.constant(count));
  if (!size) {
    e.report(Rule::call_c2, range,
             "the dimension that is split is " + whole.size().str() + ", and " +
                 llvm::Twine(count) + " does not divide it");
    return Value::error(range);
  }
  core::Type type = x->type;
  type.axes[*axis] = {part ? *part : *size, whole.name};
  std::vector<core::Type> parts(count, type);
  auto *node = e.program.make<core::Split>(core::Type::tuple(parts), range);
  node->operand = x;
  node->count = count;
  node->axis = *axis;
  return e.named("parts", e.runTimeValue(node), range);
}

Value Forms::formJoin(llvm::StringRef name, const Args &args, Range range) {
  core::Exprs exprs;
  const ast::Expr *over = nullptr;
  Elem::Kind kind = Elem::Whole;
  for (const EvaluatedArg &arg : args) {
    exprs.push_back(e.runTime(arg.value, arg.range));
    const core::Type &type = exprs.back()->type;
    if (!type.isTensor() || !type.rank()) {
      if (!type.isError())
        e.report(Rule::call_c8, arg.range,
                 "'join' joins tensors, and this is " + type.str());
      return Value::error(range);
    }
    over = arg.over ? arg.over : over;
    if (!type.elem.isWhole())
      kind = type.elem.kind;
  }
  if (exprs.empty())
    return e.notSupported(range, "'join' of nothing");
  auto widest =
      *std::max_element(exprs.begin(), exprs.end(), [](auto *a, auto *b) {
        return a->type.rank() < b->type.rank();
      });
  auto place = over ? e.axisOver(widest->type, over, nullptr)
                    : std::optional<unsigned>(widest->type.rank() - 1);
  if (!place)
    return Value::error(range);
  return joinAt(exprs, widest->type, *place, kind, range);
}

Value Forms::joinAt(core::Exprs exprs, const core::Type &widest, unsigned axis,
                    Elem::Kind kind, Range range) {
  unsigned fromEnd = widest.rank() - axis;
  auto *node = e.program.make<core::Join>(widest, range);
  node->axis = axis;
  Dim size = e.dims.constant(0), low, high;
  for (auto [i, x] : llvm::enumerate(exprs)) {
    x = e.convert(x, kind);
    // The joined axis is at the same place; the others meet by name.
    llvm::SmallVector<Axis, 4> target(widest.axes);
    unsigned own = over0(x->type, fromEnd, widest.rank());
    target[axis] = x->type.axes[own];
    size = size + x->type.axes[own].dim;
    core::Type types[] = {core::Type::real(target), x->type};
    core::Alignment whole, part;
    core::Alignment *alignments[] = {&whole, &part};
    ++e.session.muted;
    auto met = x->type.rank() <= target.size()
                   ? e.meet(types, alignments, range, {})
                   : std::nullopt;
    --e.session.muted;
    if (!met) {
      e.report(Rule::meet_c4, range,
               "parts differ outside the joined dimension: " +
                   exprs[0]->type.str() + " and " + x->type.str());
      return Value::error(range);
    }
    node->operands.push_back(x);
    node->alignments.push_back(part);
    Dim least = x->type.elem.low, most = x->type.elem.high;
    low = i == 0 ? least : low && least ? e.dims.min(low, least) : Dim();
    high = i == 0 ? most : high && most ? e.dims.max(high, most) : Dim();
  }
  node->type.elem = {kind, kind == Elem::Whole ? low : Dim(),
                     kind == Elem::Whole ? high : Dim()};
  node->type.axes[axis].dim = size;
  return e.runTimeValue(node);
}

unsigned Forms::over0(const core::Type &type, unsigned fromEnd, unsigned rank) {
  // A part with fewer axes has the joined one as near to its end, or as its
  // last.
  return fromEnd <= type.rank() ? type.rank() - fromEnd : type.rank() - 1;
}

Value Forms::formOrder(llvm::StringRef name, const Args &args, Range range) {
  bool isTop = name == "top";
  core::Expr *x = tensorArg(args, isTop ? 1 : 0, name, range);
  auto axis = x ? formAxis(args, x, range) : std::nullopt;
  if (!axis)
    return Value::error(range);
  core::Type values = x->type, places = x->type;
  Dim size = x->type.axes[*axis].dim, count;
  if (isTop) {
    const EvaluatedArg *k = findArg(args, "k", 0);
    count = e.dimensionOf(k->value);
    if (!count) {
      e.report(Rule::const_c1, k->range,
               "how many 'top' takes has to be a size, and "
               "this is " +
                   k->value.describe());
      return Value::error(range);
    }
    if (!e.provesNotNegative(size - count)) {
      e.report(Rule::range_c1, k->range,
               "'top' takes " + count.size().str() + " of " +
                   size.size().str());
      return Value::error(range);
    }
    values.axes[*axis].dim = count;
    places.axes[*axis].dim = count;
  }
  places.elem = {Elem::Whole, e.dims.constant(0), size - 1};
  const Symbol names[] = {"values", "places"};
  auto *node =
      structured(isTop ? StructuredKind::Top : StructuredKind::Sort, {x},
                 core::Type::tuple({values, places}, names), range);
  node->axis = *axis;
  node->count = count;
  if (const EvaluatedArg *d = isTop ? nullptr : findArg(args, "descending", 99))
    node->descending =
        e.forceTruth(d->value, d->range, "'descending'").value_or(false);
  return e.named(name, e.runTimeValue(node), range);
}

/// `transpose`, `diagonal`.
Value Forms::formLastTwo(llvm::StringRef name, core::Expr *x, Range range) {
  core::Type type = x->type;
  if (type.rank() < 2) {
    e.report(Rule::call_c3, range,
             "'" + name + "'" + name + "' needs two dimensions, and this is " +
                 type.str());
    return Value::error(range);
  }
  if (name == "diagonal")
    type.axes.pop_back();
  else
    std::swap(type.axes[type.rank() - 1], type.axes[type.rank() - 2]);
  return e.runTimeValue(structured(
      name == "diagonal" ? StructuredKind::Diagonal : StructuredKind::Transpose,
      {x}, type, range));
}

Value Forms::formOneHot(const Args &args, core::Expr *x, Range range) {
  const EvaluatedArg *n = findArg(args, "n", 1);
  Dim size = n ? e.dimensionOf(n->value) : Dim();
  if (!size)
    return e.notSupported(range, "'one_hot' without a size");
  core::Type type = x->type;
  type.elem = {};
  type.axes.push_back({size, ""});
  return e.runTimeValue(structured(StructuredKind::OneHot, {x}, type, range));
}

Value Forms::formRepeat(const Args &args, core::Expr *x, Range range) {
  const EvaluatedArg *n = findArg(args, "count", 1);
  Dim count = n ? e.dimensionOf(n->value) : Dim();
  if (!count)
    return e.notSupported(range, "'repeat' without a size");
  core::Type type = x->type;
  type.axes[0].dim = type.axes[0].dim * count;
  auto *node = structured(StructuredKind::Repeat, {x}, type, range);
  node->count = count;
  return e.runTimeValue(node);
}

/// `interpolate(points, x)`.
Value Forms::formInterpolate(const Args &args, core::Expr *x, Range range) {
  core::Expr *points = tensorArg(args, 0, "interpolate", range);
  if (!points)
    return Value::error(range);
  core::Type type = x->type;
  type.elem = {};
  return e.runTimeValue(structured(
      StructuredKind::Interpolate,
      {e.convert(points, Elem::Real), e.convert(x, Elem::Real)}, type, range));
}

Value Forms::formShape(llvm::StringRef name, const Args &args, Range range) {
  core::Expr *x = tensorArg(args, name == "interpolate" ? 1 : 0, name, range);
  if (!x)
    return Value::error(range);
  if (name == "transpose" || name == "diagonal")
    return formLastTwo(name, x, range);
  if (name == "reverse") {
    auto axis = formAxis(args, x, range);
    if (!axis)
      return Value::error(range);
    auto *node = structured(StructuredKind::Reverse, {x}, x->type, range);
    node->axis = *axis;
    return e.runTimeValue(node);
  }
  if (name == "inverse_permutation")
    return e.runTimeValue(
        structured(StructuredKind::InversePermutation, {x}, x->type, range));
  if (name == "one_hot")
    return formOneHot(args, x, range);
  if (name == "repeat" && x->type.rank())
    return formRepeat(args, x, range);
  if (name == "interpolate")
    return formInterpolate(args, x, range);
  if (name == "ragged")
    return formRagged(args, x, range);
  return e.notSupported(range, "'" + name + "' of this");
}

Value Forms::formRagged(const Args &args, core::Expr *x, Range range) {
  auto axis = formAxis(args, x, range);
  const EvaluatedArg *lengths = findArg(args, "lengths", 1);
  if (!axis || !lengths)
    return Value::error(range);
  core::Expr *counts = e.runTime(lengths->value, lengths->range);
  if (!counts->type.isTensor() || counts->type.rank() != 1 || *axis == 0) {
    e.report(
        Rule::ragged_c1, range,
        "'ragged' needs one length for each sample of the first dimension");
    return Value::error(range);
  }
  Dim full = x->type.axes[*axis].size();
  Dim over = e.dims.size("samples", x->type.axes[0].size(),
                         x->type.axes[0].size(), 0, range);
  Dim size =
      e.dims.size(x->type.axes[*axis].name.empty() ? Symbol("length")
                                                   : x->type.axes[*axis].name,
                  e.dims.constant(0), full, 0, range, over.atom());
  if (auto *known = llvm::dyn_cast<core::Constant>(counts))
    for (double count : known->values)
      e.knownLengths[size.atom()].push_back(int64_t(count));
  core::Type type = x->type;
  type.axes[*axis].dim = size;
  auto *node = structured(StructuredKind::Ragged, {x, counts}, type, range);
  node->axis = *axis;
  return e.named("ragged", e.runTimeValue(node), range);
}

} // namespace lamina::sema
