// SPDX-License-Identifier: Apache-2.0
//
// What only tests call.
//
// `trained` is a loop of updates on one fixed loss; `gradient_error` compares
// the derivative along the gradient with a central difference, by evaluating
// the value again on moved weights.

#include "frontend/Sema/Entries.h"

namespace lamina::sema {

/// `trained(net, n -> loss, rule: r, steps: k)`
Value Evaluator::trained(const ast::CallExpr *expr) {
  Args args = arguments(expr);
  const EvaluatedArg *rule = nullptr, *steps = nullptr;
  for (const EvaluatedArg &arg : args) {
    if (arg.value.isError())
      return arg.value;
    if (arg.name == "rule")
      rule = &arg;
    if (arg.name == "steps")
      steps = &arg;
  }
  bool fits = args.size() == 4 && rule && steps &&
              args[0].value.kind == Value::Field &&
              args[1].value.kind == Value::Function;
  if (!fits) {
    report(Rule::call_c6, expr->range,
           "'trained' is written 'trained(net, n -> "
           "loss, rule: …, steps: k)'");
    return Value::error(expr->range);
  }
  Dim count = dimensionOf(steps->value);
  if (!count) {
    report(Rule::loop_c1, steps->range,
           "'steps' is a size or a number, and this "
           "is " +
               steps->value.describe());
    return Value::error(expr->range);
  }
  const Value &net = args[0].value;
  core::Type type = core::Type::tree(net.field->slot);
  core::Local *current =
      program.makeLocal(core::Local::Copy, "n", type, expr->range);
  auto *ref = program.make<core::LocalRef>(type, expr->range);
  ref->local = current;
  Statements inner;
  core::Expr *loss;
  {
    llvm::SaveAndRestore<Statements *> out(statements, &inner);
    Value tree = fieldValue(net.field, ref, expr->range, &net);
    loss = runTime(apply(args[1].value,
                         {{"", tree, nullptr, nullptr, expr->range}},
                         args[1].range),
                   args[1].range);
  }
  if (loss->type.isError())
    return Value::error(expr->range);
  if (!loss->type.isScalar() || !loss->type.elem.isReal()) {
    report(Rule::train_c1, args[1].range,
           "a loss is one real number, and this is " + loss->type.str());
    return Value::error(expr->range);
  }
  auto *node = program.make<core::Trained>(type, expr->range);
  node->tree = imported(net).expr;
  node->current = current;
  node->loss = block(std::move(inner), loss, args[1].range);
  node->steps = count;
  node->pipeline = makePipeline(*this, rule->value, ref, nullptr, rule->range);
  if (!node->pipeline)
    return Value::error(expr->range);
  Value tree = let("trained", node, expr->range);
  return fieldValue(net.field, tree.expr, expr->range, &net);
}

/// The value of `y` in `gradient_error(y, w)` with w moved by `step` along
/// `direction`.
Value Evaluator::moved(const ast::CallExpr *expr, const Value &weights,
                       const Value &direction, double step) {
  auto *name =
      llvm::cast<ast::NameExpr>(ast::withoutParens(expr->arguments[1].value));
  Value size = Value::number(step, expr->range);
  Value shift = binary(core::Primitive::Mul, size, direction, expr->range);
  Value other = named(name->name,
                      binary(core::Primitive::Add, weights, shift, expr->range),
                      expr->range);
  if (other.isError())
    return other;
  if (weights.kind == Value::Field)
    other = fieldValue(weights.field, other.expr, expr->range, &weights);
  Scope *inner = session.make<Scope>(Scope::Block, scope);
  inner->bind(name->name, other, Binding::Name, name->range);
  llvm::SaveAndRestore<Scope *> in(scope, inner);
  Value value = evaluate(expr->arguments[0].value);
  return value.isError() ? value
                         : reduce(core::FoldKind::Sum, value, nullptr, nullptr,
                                  expr->range);
}

Value Evaluator::gradientError(const ast::CallExpr *expr) {
  if (!llvm::isa<ast::NameExpr>(ast::withoutParens(expr->arguments[1].value))) {
    report(Rule::grad_c1, expr->arguments[1].range,
           "the error of a gradient is with respect to a name");
    return Value::error(expr->range);
  }
  Value weights = evaluate(expr->arguments[1].value);
  Value slope = gradient(expr);
  if (weights.isError() || slope.isError())
    return Value::error(expr->range);
  slope = named("slope", slope, expr->range);
  Range range = expr->range;
  Value length = named(
      "length", reduce(core::FoldKind::Norm, slope, nullptr, nullptr, range),
      range);
  Value unit = binary(core::Primitive::Div, slope, length, range);
  unit = named("direction", unit, range);
  constexpr double step = 1e-4;
  Value ahead = moved(expr, weights, unit, step);
  Value back = moved(expr, weights, unit, -step);
  if (ahead.isError() || back.isError())
    return Value::error(range);
  using core::Primitive;
  Value difference =
      binary(Primitive::Div, binary(Primitive::Sub, ahead, back, range),
             Value::number(2 * step, range), range);
  Value error = unary(Primitive::Abs,
                      binary(Primitive::Sub, difference, length, range), range);
  Value scale =
      binary(Primitive::Max, Value::number(1.0, range), length, range);
  return binary(Primitive::Div, error, scale, range);
}

} // namespace lamina::sema
