// SPDX-License-Identifier: Apache-2.0
//
// Reading position by position.
//
// `f.begin(x over t, room: n)`, `run.next(token)`, `run.last`, `run[rows]`: f
// is evaluated on the whole prompt, and a pass finds what later positions need.

#include "frontend/Sema/Runs.h"

#include "frontend/Sema/Bind.h"

namespace lamina::sema {

//===-- Runs --------------------------------------------------------------===//

namespace {
/// What `begin` is given: the arguments of the layer, the dimension that is
/// read along, and how many positions may follow.
struct Prompt {
  Args own;
  const ast::Expr *over = nullptr;
  Dim room;
  core::Expr *tensor = nullptr; ///< the first argument
  unsigned axis = 0;            ///< of `tensor`, the one that is read
};
} // namespace

/// False after a diagnostic, or if an argument is in error.
static bool readArguments(Evaluator &e, const Args &args, Range range,
                          Prompt &prompt) {
  prompt.room = e.dims.constant(0);
  for (const EvaluatedArg &arg : args) {
    if (arg.value.isError())
      return false;
    if (arg.name == "room") {
      prompt.room = e.dimensionOf(arg.value);
      if (prompt.room)
        continue;
      e.report(Rule::loop_c1, arg.range,
               "'room' is a size or a number, and this is " +
                   arg.value.describe());
      return false;
    }
    prompt.over = arg.over ? arg.over : prompt.over;
    prompt.own.push_back(arg);
    // It says what 'begin' reads along, not what the layer does.
    prompt.own.back().over = nullptr;
  }
  if (!prompt.own.empty() && prompt.over)
    return true;
  e.report(Rule::call_c6, range,
           "'begin' reads a prompt over a dimension: "
           "'f.begin(x over t, room: n)'");
  return false;
}

static bool readPrompt(Evaluator &e, const Args &args, Range range,
                       Prompt &prompt) {
  if (!readArguments(e, args, range, prompt))
    return false;
  const EvaluatedArg &first = prompt.own[0];
  prompt.tensor = e.runTime(first.value, first.range);
  auto axis = prompt.tensor->type.isTensor()
                  ? e.axisOver(prompt.tensor->type, prompt.over, first.source)
                  : std::nullopt;
  prompt.axis = axis.value_or(0);
  return axis.has_value();
}

/// A run of `call`, whose result at one position is `last`.
static core::Type typeOfRun(const core::Call &call, const Prompt &prompt,
                            const core::Type &last) {
  auto run = std::make_shared<core::RunType>();
  run->call = call.callee->name;
  run->rows = prompt.tensor->type.axes[0].dim;
  run->position = prompt.tensor->type;
  run->position.axes.erase(run->position.axes.begin() + prompt.axis);
  run->last = last;
  core::Type type;
  type.kind = core::Type::Run;
  type.run = run;
  return type;
}

/// `f.begin(x over t, room: n)`: f is evaluated on the whole prompt; the pass
/// finds what later positions need.
Value Runs::begin(const Value &callee, Args args, Range range) {
  Prompt prompt;
  if (!readPrompt(e, args, range, prompt))
    return Value::error(range);
  Statements ignored;
  Value whole;
  {
    llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
    whole = e.apply(callee, prompt.own, range);
  }
  if (whole.isError())
    return whole;
  core::Expr *call = e.runTime(whole, range);
  while (auto *retype = llvm::dyn_cast<core::Retype>(call))
    call = retype->operand;
  auto *node = llvm::dyn_cast<core::Call>(call);
  core::Type last = whole.expr->type;
  const core::Axis &read = prompt.tensor->type.axes[prompt.axis];
  auto *at = llvm::find_if(last.axes, [&](auto &a) {
    return a.name == read.name || a.dim == read.dim;
  });
  if (!node || at == last.axes.end())
    return e.notSupported(range,
                          "'begin' of this (it needs a layer whose result "
                          "has the dimension that is read)");
  last.axes.erase(at);
  auto *begin =
      e.program.make<core::Derived>(typeOfRun(*node, prompt, last), range);
  begin->which = core::Derived::Begin;
  begin->callee = node->callee;
  begin->tree = node->tree;
  begin->args = node->args;
  begin->captures = node->captures;
  begin->axis = prompt.axis;
  begin->room = prompt.room;
  return e.named("run", e.runTimeValue(begin), range);
}

Value Runs::next(const Value &run, Args args, Range range) {
  core::Expr *state = e.imported(run).expr;
  const core::RunType &type = *state->type.run;
  if (args.size() != 1 || args[0].value.isError())
    return Value::error(range);
  core::Expr *position = e.runTime(args[0].value, args[0].range);
  if (position->type.isError())
    return Value::error(range);
  bool fits = position->type.isTensor() &&
              position->type.rank() == type.position.rank();
  for (unsigned i = 0; fits && i < position->type.rank(); ++i)
    fits = position->type.axes[i].size() == type.position.axes[i].size();
  const core::Elem &wanted = type.position.elem;
  if (fits && wanted.isReal())
    position = e.convert(position, core::Elem::Real);
  if (!fits || position->type.elem.kind != wanted.kind) {
    e.report(Rule::call_c8, args[0].range,
             "the run reads " + type.position.str(true) +
                 " next, and this is " + position->type.str(true));
    return Value::error(range);
  }
  if (wanted.high &&
      !(position->type.elem.high &&
        e.provesNotNegative(wanted.high - position->type.elem.high))) {
    e.report(Rule::call_c5, args[0].range,
             "the run reads ids below " + (wanted.high + 1).size().str() +
                 ", and nothing says that these are");
    return Value::error(range);
  }
  auto *node = e.program.make<core::Derived>(state->type, range);
  node->which = core::Derived::Next;
  node->run = state;
  node->args = {position};
  return e.runTimeValue(node);
}

Value Runs::last(const Value &run, Range range) {
  core::Expr *state = e.imported(run).expr;
  auto *node = e.program.make<core::Derived>(state->type.run->last, range);
  node->which = core::Derived::Last;
  node->run = state;
  return e.runTimeValue(node);
}

/// `run[rows]`: the run of these rows.
Value Runs::rows(const Value &run, const ast::IndexExpr *expr) {
  core::Expr *state = e.imported(run).expr;
  const core::RunType &old = *state->type.run;
  if (expr->brackets.entries.size() != 1 || !expr->brackets.entries[0].value)
    return e.notSupported(expr->range, "this access of a run");
  core::Expr *rows = e.runTime(expr->brackets.entries[0].value);
  if (rows->type.isError())
    return Value::error(expr->range);
  if (!rows->type.isTensor() || rows->type.rank() != 1 ||
      !rows->type.elem.isWhole() || !rows->type.elem.high ||
      !e.provesNotNegative(old.rows - 1 - rows->type.elem.high)) {
    e.report(Rule::range_c2, expr->range,
             "nothing says that these rows are below " + old.rows.size().str());
    return Value::error(expr->range);
  }
  if (rows->type.axes[0].size() != old.rows.size())
    return e.notSupported(expr->range, "a run of " + old.rows.size().str() +
                                           " rows with " +
                                           rows->type.axes[0].size().str() +
                                           " others in their "
                                           "place");
  auto made = std::make_shared<core::RunType>(old);
  made->rows = rows->type.axes[0].dim;
  made->position.axes[0] = rows->type.axes[0];
  made->last.axes[0] = rows->type.axes[0];
  core::Type type = state->type;
  type.run = made;
  auto *node = e.program.make<core::Derived>(type, expr->range);
  node->which = core::Derived::Rows;
  node->run = state;
  node->args = {rows};
  return e.named("run", e.runTimeValue(node), expr->range);
}

} // namespace lamina::sema
