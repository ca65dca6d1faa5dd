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

/// `f.begin(x over t, room: n)`: f is evaluated on the whole prompt; the pass
/// finds what later positions need.
Value Runs::begin(const Value &callee, Args args, Range range) {
  Dim room = e.dims.constant(0);
  const ast::Expr *over = nullptr;
  Args own;
  for (EvaluatedArg &arg : args) {
    if (arg.value.isError())
      return arg.value;
    if (arg.name == "room") {
      room = e.dimensionOf(arg.value);
      if (!room) {
        e.report(Rule::loop_c1, arg.range,
                 "'room' is a size or a number, and this "
                 "is " +
                     arg.value.describe());
        return Value::error(range);
      }
      continue;
    }
    over = arg.over ? arg.over : over;
    own.push_back(arg);
    own.back().over = nullptr; // it says what 'begin' reads along, not f
  }
  if (own.empty() || !over) {
    e.report(Rule::call_c6, range,
             "'begin' reads a prompt over a dimension: "
             "'f.begin(x over t, room: n)'");
    return Value::error(range);
  }
  core::Expr *prompt = e.runTime(own[0].value, own[0].range);
  auto axis = prompt->type.isTensor()
                  ? e.axisOver(prompt->type, over, own[0].source)
                  : std::nullopt;
  if (!axis)
    return Value::error(range);
  Statements ignored;
  Value whole;
  {
    llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
    whole = e.apply(callee, own, range);
  }
  if (whole.isError())
    return whole;
  core::Expr *call = e.runTime(whole, range);
  while (auto *retype = llvm::dyn_cast<core::Retype>(call))
    call = retype->operand;
  auto *node = llvm::dyn_cast<core::Call>(call);
  core::Type last = whole.expr->type;
  Dim read = prompt->type.axes[*axis].dim;
  auto *at = llvm::find_if(last.axes, [&](auto &a) {
    return a.name == prompt->type.axes[*axis].name || a.dim == read;
  });
  if (!node || at == last.axes.end())
    return e.notSupported(range,
                          "'begin' of this (it needs a layer whose result "
                          "has the dimension that is read)");
  last.axes.erase(at);
  auto run = std::make_shared<core::RunType>();
  run->call = node->callee->name;
  run->rows = prompt->type.axes[0].dim;
  run->position = prompt->type;
  run->position.axes.erase(run->position.axes.begin() + *axis);
  run->last = last;
  core::Type type;
  type.kind = core::Type::Run;
  type.run = run;
  auto *begin = e.program.make<core::Derived>(type, range);
  begin->which = core::Derived::Begin;
  begin->callee = node->callee;
  begin->tree = node->tree;
  begin->args = node->args;
  begin->captures = node->captures;
  begin->axis = *axis;
  begin->room = room;
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
