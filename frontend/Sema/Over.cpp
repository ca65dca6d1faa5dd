// SPDX-License-Identifier: Apache-2.0
//
// Axes after `over`, and reductions of whole axes.
//
// `over t` takes the axis that is named t, else the one whose dimension it is,
// else the only one of that size.

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

using core::Axis;
using core::FoldKind;

using AxisList = llvm::SmallVector<unsigned, 4>;

static AxisList matching(llvm::ArrayRef<Axis> axes,
                         llvm::function_ref<bool(const Axis &)> matches) {
  AxisList found;
  for (auto [i, axis] : llvm::enumerate(axes))
    if (matches(axis))
      found.push_back(i);
  return found;
}

/// The one axis that a word or a size after `over` means.
std::optional<unsigned> Evaluator::axisOver(const core::Type &type,
                                            const ast::Expr *over,
                                            const ast::Expr *source) {
  Symbol word;
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(over))
    word = name->name;
  AxisList found;
  if (!word.empty())
    found = matching(type.axes, [&](auto &axis) { return axis.name == word; });
  if (found.empty() && word == "last" && type.rank())
    return type.rank() - 1;
  if (found.empty() && word == "first" && type.rank())
    return 0;
  if (found.empty()) {
    auto value = word.empty() ? std::optional(evaluate(over)) : lookUp(word);
    Dim dim = value ? dimensionOf(*value) : Dim();
    if (dim) {
      found =
          matching(type.axes, [&](auto &axis) { return same(axis.dim, dim); });
      if (found.empty())
        found = matching(type.axes,
                         [&](auto &axis) { return axis.size() == dim.size(); });
    }
  }
  if (found.size() == 1)
    return found[0];
  std::string what = source ? "'" + text(source) + "'" : "this";
  if (found.empty())
    report(Rule::over_c1, over->range,
           what + " has no dimension " + text(over) + ": " + type.str());
  else
    report(Rule::over_c2, over->range,
           what + " has " + text(over) + " more than once: " + type.str())
        .note("say which with an index: 'm[i] = max[j](x[i, j])'");
  return std::nullopt;
}

std::optional<AxisList> Evaluator::axesOver(const core::Type &type,
                                            const ast::Expr *over,
                                            const ast::Expr *source) {
  over = ast::withoutParens(const_cast<ast::Expr *>(over));
  AxisList axes;
  if (auto *tuple = llvm::dyn_cast<ast::TupleExpr>(over)) {
    for (auto &entry : tuple->entries) {
      auto axis = axisOver(type, entry.value, source);
      if (!axis)
        return std::nullopt;
      axes.push_back(*axis);
    }
    llvm::sort(axes);
    return axes;
  }
  if (llvm::isa<ast::EllipsisExpr>(over)) {
    if (frame)
      for (auto &pack : frame->pack)
        for (auto [i, axis] : llvm::enumerate(type.axes))
          if (axis.dim == pack.dim)
            axes.push_back(i);
    llvm::sort(axes);
    return axes;
  }
  auto axis = axisOver(type, over, source);
  if (!axis)
    return std::nullopt;
  axes.push_back(*axis);
  return axes;
}

/// What a reduction of `operand` is made of, and whether it may be.
static std::optional<core::Elem> foldedElem(Evaluator &e, FoldKind kind,
                                            const core::Elem &elem, Dim count,
                                            Range range) {
  bool wantsTruth =
      kind == FoldKind::Any || kind == FoldKind::All || kind == FoldKind::Count;
  if (wantsTruth != elem.isTruth()) {
    e.report(Rule::call_c8, range,
             "'" + core::spelling(kind) + "' works on " +
                 (wantsTruth ? "truth values" : "numbers") + ", and this is " +
                 (elem.isTruth() ? "truth values" : "numbers"));
    return std::nullopt;
  }
  switch (kind) {
  case FoldKind::Any:
  case FoldKind::All:
    return core::Elem{core::Elem::Truth, {}, {}};
  case FoldKind::Count:
    return core::Elem{core::Elem::Whole, e.dims.constant(0), count};
  case FoldKind::ArgMax:
  case FoldKind::ArgMin:
    return core::Elem{core::Elem::Whole, e.dims.constant(0),
                      count ? count - 1 : Dim()};
  case FoldKind::Sum:
    // A sum of things that are not negative is not negative.
    if (elem.isWhole()) {
      bool positive = elem.low && e.provesNotNegative(elem.low);
      return core::Elem{
          core::Elem::Whole, positive ? e.dims.constant(0) : Dim(),
          positive && elem.high && count ? elem.high * count : Dim()};
    }
    return elem;
  case FoldKind::Product:
    return core::Elem{elem.kind, {}, {}};
  case FoldKind::Min:
  case FoldKind::Max:
    return elem;
  default:
    return core::Elem{};
  }
}

std::optional<core::Elem> Evaluator::foldElem(FoldKind kind,
                                              const core::Elem &elem, Dim count,
                                              Range range) {
  return foldedElem(*this, kind, elem, count, range);
}

Value Evaluator::reduce(FoldKind kind, const Value &operand,
                        const ast::Expr *over, const ast::Expr *source,
                        Range range) {
  if (operand.isError())
    return operand;
  if (kind == FoldKind::Norm &&
      (operand.kind == Value::Field ||
       (operand.kind == Value::RunTime && !operand.expr->type.isTensor()))) {
    auto *node = program.make<core::TreeFold>(core::Type::real(), range);
    node->isNorm = true;
    node->operands = {runTime(operand, range)};
    return runTimeValue(node);
  }
  core::Expr *expr = runTime(operand, source ? source->range : range);
  if (!expr->type.isTensor()) {
    if (!expr->type.isError())
      report(Rule::call_c8, range,
             "'" + core::spelling(kind) + "' works on tensors, and this is " +
                 expr->type.str());
    return Value::error(range);
  }
  AxisList axes;
  if (over) {
    auto chosen = axesOver(expr->type, over, source);
    if (!chosen)
      return Value::error(range);
    axes = *chosen;
  } else if (kind == FoldKind::Softmax) {
    if (expr->type.rank())
      axes = {expr->type.rank() - 1};
  } else {
    for (unsigned i = 0; i < expr->type.rank(); ++i)
      axes.push_back(i);
  }
  return reduceAxes(kind, expr, axes, range);
}

Value Evaluator::reduceAxes(FoldKind kind, core::Expr *expr,
                            llvm::ArrayRef<unsigned> axes, Range range) {
  bool isArg = kind == FoldKind::ArgMax || kind == FoldKind::ArgMin;
  if (isArg && axes.size() != 1) {
    report(Rule::over_c2, range,
           "'" + core::spelling(kind) +
               "' gives a place along one dimension, "
               "and this is " +
               expr->type.str())
        .note("say which with 'over'");
    return Value::error(range);
  }
  Dim count = dims.constant(1);
  for (unsigned axis : axes)
    count = count * expr->type.axes[axis].dim;
  auto elem = foldElem(kind, expr->type.elem, count, range);
  if (!elem)
    return Value::error(range);
  if (elem->isReal())
    expr = convert(expr, core::Elem::Real);
  core::Type type = core::Type::tensor(*elem);
  for (auto [i, axis] : llvm::enumerate(expr->type.axes))
    if (kind == FoldKind::Softmax || !llvm::is_contained(axes, i))
      type.axes.push_back(axis);
  auto *node = program.make<core::Reduce>(type, range);
  node->fold = kind;
  node->operand = expr;
  node->axes.assign(axes.begin(), axes.end());
  return runTimeValue(node);
}

} // namespace lamina::sema
