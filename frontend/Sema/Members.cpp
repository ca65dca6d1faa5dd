// SPDX-License-Identifier: Apache-2.0
//
// What stands after a dot.
//
// Names of imported files, calls and weights of layers, parts of tuples.

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LayerCalls.h"
#include "frontend/Sema/LayerMembers.h"
#include "frontend/Sema/Runs.h"

namespace lamina::sema {

//===-- Members -----------------------------------------------------------===//

Value Evaluator::member(const ast::MemberExpr *expr) {
  Value base = evaluate(expr->base);
  if (base.isError())
    return base;
  return memberOf(base, expr->member, expr->range);
}

static void reportNoMember(Evaluator &e, const Value &base, ast::Name member) {
  auto &diag = e.report(Rule::layer_c2, member.range,
                        base.describe() + " has no '" + member.text + "'");
  llvm::ArrayRef<Symbol> names;
  if (base.kind == Value::TupleOf)
    names = *base.names;
  else if (base.kind == Value::RunTime && base.expr->type.isTuple())
    names = base.expr->type.names;
  std::string has;
  for (Symbol name : names)
    if (!name.empty())
      has += (has.empty() ? "" : ", ") + name.str();
  if (!has.empty())
    diag.note("it has " + has);
  else if (base.kind == Value::RunTime && base.expr->type.isTensor() &&
           (member.text == "shape" || member.text == "size"))
    diag.note("a dimension's name is its size: 'n', or 'size(n)'");
}

Value Evaluator::memberOf(const Value &base, ast::Name member, Range range) {
  switch (base.kind) {
  case Value::Module: {
    if (auto value = session.lookUp(*base.module, member.text, *this))
      return imported(*value);
    report(Rule::name_c1, member.range,
           "the imported file has no '" + member.text + "'");
    return Value::error(range);
  }
  case Value::Field:
    return LayerMembers(*this).fieldMember(base, member, range);
  case Value::Run:
    if (member.text == "last")
      return Runs(*this).last(base, range);
    break;
  case Value::TupleOf:
    for (auto [name, item] : llvm::zip(*base.names, *base.items))
      if (name == member.text)
        return imported(item);
    break;
  case Value::RunTime:
    if (base.expr->type.isTree())
      return LayerMembers(*this).fieldMember(treeField(base, range), member,
                                             range);
    if (base.expr->type.isTuple())
      for (auto [i, name] : llvm::enumerate(base.expr->type.names))
        if (name == member.text)
          return elements(base, range)[i];
    break;
  default:
    break;
  }
  reportNoMember(*this, base, member);
  return Value::error(range);
}

/// `embed.project`, `net.kernel`, `flow.0`: a call, a weight, a field.
Value LayerMembers::fieldMember(const Value &field, ast::Name member,
                                Range range) {
  const Callable &callable = *field.callable;
  if (callable.kind == Callable::Filtered)
    return fieldMember(LayerCalls(e).filteredInner(field, range), member,
                       range);
  if (callable.kind != Callable::Layer) {
    for (auto [i, info] : llvm::enumerate(field.field->parts))
      if (info && info->slot->name == member.text)
        return e.part(field, i, range);
    e.report(Rule::layer_c2, member.range,
             "this chain has no part '" + member.text + "'");
    return Value::error(range);
  }
  for (const ast::Decl *decl : callable.layer->members) {
    if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(decl);
        call && call->name.text == member.text && !member.text.empty())
      return methodOf(field, *call, range);
    if (auto *weights = llvm::dyn_cast<ast::WeightDecl>(decl))
      for (const ast::Weight &weight : weights->weights)
        if (weight.name.text == member.text)
          return weightOf(field, weight, range);
    if (auto *inner = llvm::dyn_cast<ast::FieldDecl>(decl))
      for (const ast::Name &name : inner->names)
        if (name.text == member.text)
          return innerField(field, *inner, name, range);
  }
  e.report(Rule::layer_c2, member.range,
           "'" + callable.layer->name.text + "' has no '" + member.text + "'")
      .note(callable.layer->name.range, "declared here");
  return Value::error(range);
}

Value LayerMembers::methodOf(const Value &field, const ast::FunctionDecl &call,
                             Range range) {
  Callable callable(Callable::Function, field.callable->home);
  callable.function = &call;
  callable.self = std::make_shared<Value>(field);
  if (call.functionKind == ast::FunctionKind::Mask ||
      call.functionKind == ast::FunctionKind::Score) {
    FrameScope *inside = memberFrame(field, range);
    if (!inside)
      return Value::error(range);
    callable.home = inside;
  }
  return Value::ofCallable(Value::Function, std::move(callable), range);
}

/// A frame in which members of a field can be read from outside, with the tree
/// of that field; its sizes are those that a call fixed.
FrameScope *LayerMembers::memberFrame(const Value &field, Range range) {
  const Callable &callable = *field.callable;
  FrameScope *inside;
  std::string key;
  FrameScope probe(nullptr);
  LayerScope *settings = LayerCalls(e).settingsScope(callable, probe, key);
  Scope *early = e.session.make<Scope>(Scope::Block, settings);
  LayerCalls(e).settingDefaults(*settings, *callable.layer, *early, true);
  inside = e.session.make<FrameScope>(settings);
  inside->back = probe.back;
  if (!field.field->state) {
    LayerCall call;
    call.layer = callable.layer;
    call.decl = nullptr;
    call.settings = settings;
    call.frame = inside;
    call.settingsKey = key;
    call.callKey = "members";
    LayerCalls(e).layerState(field, call, range);
  }
  LayerState *state = field.field->state;
  settings->state = state;
  inside->layer = state;
  inside->name = callable.layer->name.text.str();
  inside->call = range;
  inside->self = e.imported(field).expr;
  inside->selfOwner = e.context;
  for (auto &[symbol, size] : state->sizes)
    inside->bind(symbol,
                 Value::number(e.dims.name(symbol, size.size(), range), range),
                 Binding::Dimension, range);
  return inside;
}

Value LayerMembers::weightOf(const Value &field, const ast::Weight &weight,
                             Range range) {
  FrameScope *inside = memberFrame(field, range);
  llvm::SaveAndRestore<Scope *> in(e.scope, inside);
  Value value = evaluateMember(*inside->layer, weight.name.text, range);
  // Sizes of weights are known outside by value.
  if (value.kind == Value::RunTime) {
    core::Type type = value.expr->type;
    for (auto &axis : type.axes)
      axis.dim = axis.dim.size();
    value.expr = e.retype(value.expr, type);
  }
  return value;
}

Value LayerMembers::innerField(const Value &field, const ast::FieldDecl &decl,
                               ast::Name name, Range range) {
  FrameScope *inside = memberFrame(field, range);
  llvm::SaveAndRestore<Scope *> in(e.scope, inside);
  return evaluateMember(*inside->layer, name.text, range);
}

} // namespace lamina::sema
