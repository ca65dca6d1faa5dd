// SPDX-License-Identifier: Apache-2.0
//
// What only tests call.
//
// `trained` is a loop of updates on one fixed loss; `gradient_error` compares
// the derivative along the gradient with a central difference, by evaluating
// the value again on moved weights.

#include "frontend/Sema/Entries.h"
#include "frontend/Sema/Forms.h"
#include "frontend/Sema/Trees.h"

namespace lamina::sema {

namespace {
/// `trained(net, n -> loss, rule: r, steps: k)`
struct TrainedArgs {
  const EvaluatedArg *net = nullptr, *loss = nullptr, *rule = nullptr;
  Dim steps;
};
} // namespace

/// False after a diagnostic, or if an argument is in error.
static bool readTrained(Evaluator &e, const Args &args, Range range,
                        TrainedArgs &out) {
  const EvaluatedArg *steps = nullptr;
  for (const EvaluatedArg &arg : args) {
    if (arg.value.isError())
      return false;
    if (arg.name == "rule")
      out.rule = &arg;
    if (arg.name == "steps")
      steps = &arg;
  }
  bool fits = args.size() == 4 && out.rule && steps &&
              args[0].value.kind == Value::Field &&
              args[1].value.kind == Value::Function;
  if (!fits) {
    e.report(Rule::call_c6, range,
             "'trained' is written 'trained(net, n -> loss, rule: …, "
             "steps: k)'");
    return false;
  }
  out.net = &args[0];
  out.loss = &args[1];
  out.steps = e.dimensionOf(steps->value);
  if (out.steps)
    return true;
  e.report(Rule::loop_c1, steps->range,
           "'steps' is a size or a number, and this is " +
               steps->value.describe());
  return false;
}

/// The loss of the weights `tree`; null after a diagnostic.
static core::Expr *lossOf(Evaluator &e, const TrainedArgs &args,
                          core::Expr *weights, Range range) {
  const Value &net = args.net->value;
  Statements inner;
  core::Expr *loss;
  {
    llvm::SaveAndRestore<Statements *> out(e.statements, &inner);
    Value tree = e.fieldValue(net.field, weights, range, &net);
    loss = e.runTime(e.apply(args.loss->value,
                             {{"", tree, nullptr, nullptr, range}},
                             args.loss->range),
                     args.loss->range);
  }
  if (loss->type.isError())
    return nullptr;
  if (loss->type.isScalar() && loss->type.elem.isReal())
    return e.block(std::move(inner), loss, args.loss->range);
  e.report(Rule::train_c1, args.loss->range,
           "a loss is one real number, and this is " + loss->type.str());
  return nullptr;
}

/// `trained(net, n -> loss, rule: r, steps: k)`
Value Forms::trained(const ast::CallExpr *expr) {
  Args given = e.arguments(expr);
  TrainedArgs args;
  if (!readTrained(e, given, expr->range, args))
    return Value::error(expr->range);
  const Value &net = args.net->value;
  core::Type type = core::Type::tree(net.field->slot);
  core::Local *current =
      e.program.makeLocal(core::Local::Copy, "n", type, expr->range);
  auto *ref = e.program.make<core::LocalRef>(type, expr->range);
  ref->local = current;
  core::Expr *loss = lossOf(e, args, ref, expr->range);
  if (!loss)
    return Value::error(expr->range);
  auto *node = e.program.make<core::Trained>(type, expr->range);
  node->tree = e.imported(net).expr;
  node->current = current;
  node->loss = loss;
  node->steps = args.steps;
  node->pipeline =
      makePipeline(e, args.rule->value, ref, nullptr, args.rule->range);
  if (!node->pipeline)
    return Value::error(expr->range);
  Value tree = e.let("trained", node, expr->range);
  return e.fieldValue(net.field, tree.expr, expr->range, &net);
}

/// The value of `y` in `gradient_error(y, w)` with w moved by `step` along
/// `direction`.
Value Forms::moved(const ast::CallExpr *expr, const Value &weights,
                   const Value &direction, double step) {
  auto *name =
      llvm::cast<ast::NameExpr>(ast::withoutParens(expr->arguments[1].value));
  Value size = Value::number(step, expr->range);
  Value shift = e.binary(core::Primitive::Mul, size, direction, expr->range);
  Value other = e.named(
      name->name, e.binary(core::Primitive::Add, weights, shift, expr->range),
      expr->range);
  if (other.isError())
    return other;
  if (weights.kind == Value::Field)
    other = e.fieldValue(weights.field, other.expr, expr->range, &weights);
  Scope *inner = e.session.make<Scope>(Scope::Block, e.scope);
  inner->bind(name->name, other, Binding::Name, name->range);
  llvm::SaveAndRestore<Scope *> in(e.scope, inner);
  Value value = e.evaluate(expr->arguments[0].value);
  return value.isError() ? value
                         : e.reduce(core::FoldKind::Sum, value, nullptr,
                                    nullptr, expr->range);
}

Value Forms::gradientError(const ast::CallExpr *expr) {
  if (!llvm::isa<ast::NameExpr>(ast::withoutParens(expr->arguments[1].value))) {
    e.report(Rule::grad_c1, expr->arguments[1].range,
             "the error of a gradient is with respect to a name");
    return Value::error(expr->range);
  }
  Value weights = e.evaluate(expr->arguments[1].value);
  Value slope = Trees(e).gradient(expr);
  if (weights.isError() || slope.isError())
    return Value::error(expr->range);
  slope = e.named("slope", slope, expr->range);
  Range range = expr->range;
  Value length = e.named(
      "length", e.reduce(core::FoldKind::Norm, slope, nullptr, nullptr, range),
      range);
  Value unit = e.binary(core::Primitive::Div, slope, length, range);
  unit = e.named("direction", unit, range);
  constexpr double step = 1e-4;
  Value ahead = moved(expr, weights, unit, step);
  Value back = moved(expr, weights, unit, -step);
  if (ahead.isError() || back.isError())
    return Value::error(range);
  using core::Primitive;
  Value difference =
      e.binary(Primitive::Div, e.binary(Primitive::Sub, ahead, back, range),
               Value::number(2 * step, range), range);
  Value error =
      e.unary(Primitive::Abs,
              e.binary(Primitive::Sub, difference, length, range), range);
  Value scale =
      e.binary(Primitive::Max, Value::number(1.0, range), length, range);
  return e.binary(Primitive::Div, error, scale, range);
}

} // namespace lamina::sema
