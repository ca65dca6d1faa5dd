// SPDX-License-Identifier: Apache-2.0
//
// Statements and bodies.

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LayerMembers.h"

namespace lamina::sema {

Value Evaluator::let(Symbol name, core::Expr *expr, Range range) {
  if (expr->type.isError())
    return Value::error(range);
  core::Local *local =
      program.makeLocal(core::Local::Value, name, expr->type, range);
  auto *stmt = program.makeStmt<core::Let>(range);
  stmt->local = local;
  stmt->value = expr;
  statements->push_back(stmt);
  localValues[local] = expr;
  auto *ref = program.make<core::LocalRef>(expr->type, range);
  ref->local = local;
  return runTimeValue(ref);
}

/// Cheap to repeat, so a name for it needs no Let.
static bool isAtomic(const core::Expr *expr) {
  if (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    return isAtomic(retype->operand);
  if (auto *element = llvm::dyn_cast<core::TupleElement>(expr))
    return isAtomic(element->operand);
  if (auto *part = llvm::dyn_cast<core::TreePart>(expr))
    return isAtomic(part->tree);
  if (auto *leaf = llvm::dyn_cast<core::Leaf>(expr))
    return isAtomic(leaf->tree);
  switch (expr->kind) {
  case core::ExprKind::LocalRef:
  case core::ExprKind::TreeSelf:
  case core::ExprKind::TreeModel:
  case core::ExprKind::TreeState:
  case core::ExprKind::IndexValue:
  case core::ExprKind::SizeOf:
  case core::ExprKind::ScalarRef:
    return true;
  case core::ExprKind::Constant:
    return expr->type.isScalar();
  default:
    return false;
  }
}

Value Evaluator::named(Symbol name, Value value, Range range) {
  if (value.kind == Value::TupleOf || value.kind == Value::List) {
    std::vector<Value> items;
    for (const Value &item : *value.items)
      items.push_back(named(name, item, range));
    value.items = std::make_shared<const std::vector<Value>>(std::move(items));
    return value;
  }
  if (!value.isRunTime() || isAtomic(value.expr))
    return value;
  Value result = let(name, value.expr, range);
  result.dim = value.dim;
  result.callable = value.callable;
  result.field = value.field;
  return result;
}

void Evaluator::bindName(Symbol name, Value value, Range range) {
  if (Binding *old = scope->find(name);
      old &&
      (old->kind == Binding::Dimension || old->kind == Binding::Setting)) {
    report(Rule::name_c3, range,
           "'" + name + "' is a " +
               (old->kind == Binding::Dimension ? "dimension" : "setting") +
               " here, and in one scope it cannot be redefined")
        .note(old->range, "'" + name + "' comes from here");
    return;
  }
  scope->bind(name, named(name, std::move(value), range), Binding::Name, range);
}

void Evaluator::bindTarget(const ast::Target &target, Value value,
                           Range range) {
  if (target.type)
    value = declare(std::move(value), target.type, range, Rule::call_c4, false);
  bindName(target.name.text, std::move(value), target.name.range);
}

void Evaluator::define(const ast::DefineStmt *stmt) {
  if (stmt->isDraw)
    return defineDraw(stmt);
  if (stmt->targets.size() == 1) {
    const ast::Target &target = stmt->targets[0];
    if (target.brackets) {
      Value value = collected && collected(target, stmt->value)
                        ? Value::none({})
                        : tabulate(target.name.text, target.brackets,
                                   stmt->value, stmt->range);
      if (value.kind != Value::None)
        bindTarget(target, value, stmt->value->range);
      return;
    }
    bindTarget(target, evaluate(stmt->value), stmt->value->range);
    return;
  }
  Value whole = named("", evaluate(stmt->value), stmt->value->range);
  std::vector<Value> parts = elements(whole, stmt->value->range);
  if (!whole.isError() && parts.size() != stmt->targets.size()) {
    report(Rule::call_c4, stmt->value->range,
           llvm::Twine(stmt->targets.size()) +
               " names stand left of '=', and "
               "this is " +
               whole.describe());
    parts.clear();
  }
  for (auto [i, target] : llvm::enumerate(stmt->targets))
    bindTarget(target, i < parts.size() ? parts[i] : Value::error(stmt->range),
               stmt->value->range);
}

void Evaluator::defineField(const ast::FieldStmt *stmt) {
  for (const ast::Name &name : stmt->names) {
    Value layer = evaluate(stmt->value);
    scope->bind(name.text, localField(layer, name), Binding::Name, name.range);
  }
}

/// `net: L(…)` in a test, a sample or a train body: weights of its own. As in a
/// layer, a function may stand there too.
Value Evaluator::localField(const Value &layer, ast::Name name) {
  if (layer.isError() || layer.kind == Value::Function)
    return layer;
  if (layer.kind != Value::Layer && layer.kind != Value::Field) {
    report(Rule::call_c8, name.range,
           "after ':' stands a layer, and this is " + layer.describe());
    return Value::error(name.range);
  }
  if (context->function) {
    report(Rule::layer_c1, name.range,
           "'" + name.text +
               "' has weights, and a call of a layer makes none: it runs many "
               "times")
        .note("make it a field of the layer, outside of the call");
    return Value::error(name.range);
  }
  program.states.emplace_back();
  core::TrainState *state = &program.states.back();
  state->name = name.text;
  state->range = name.range;
  FieldInfo *info = fieldInfo(layer, name.text, name.range);
  state->type = core::Type::tree(info->slot);
  if (entryStates)
    entryStates->push_back(state);
  auto *tree = program.make<core::TreeState>(state->type, name.range);
  tree->state = state;
  return fieldValue(info, tree, name.range);
}

void Evaluator::statement(const ast::Stmt *stmt) {
  if (entryStatement && entryStatement(stmt))
    return;
  if (auto *define = llvm::dyn_cast<ast::DefineStmt>(stmt))
    return this->define(define);
  if (auto *field = llvm::dyn_cast<ast::FieldStmt>(stmt))
    return defineField(field);
  if (auto *update = llvm::dyn_cast<ast::UpdateStmt>(stmt))
    return this->update(update);
  if (auto *loop = llvm::dyn_cast<ast::ForStmt>(stmt))
    return this->loop(loop);
  if (auto *value = llvm::dyn_cast<ast::ValueStmt>(stmt)) {
    evaluate(value->value);
    return;
  }
  if (llvm::isa<ast::ErrorStmt>(stmt))
    return;
  report(Rule::train_c4, stmt->range, "this statement has no meaning here");
}

Value Evaluator::run(llvm::ArrayRef<ast::Stmt *> body) {
  for (auto [i, stmt] : llvm::enumerate(body)) {
    auto *last = llvm::dyn_cast<ast::ValueStmt>(stmt);
    if (last && i + 1 == body.size())
      return evaluate(last->value);
    statement(stmt);
  }
  return Value::none({});
}

/// Evaluates a body. Lets of a straight body may stand in the list around it:
/// names of Core are unique, and nothing is evaluated that was not before.
Value Evaluator::body(const ast::Body &body) {
  if (body.expr)
    return evaluate(body.expr);
  return body.block ? run(body.block->statements) : Value::error();
}

void Evaluator::update(const ast::UpdateStmt *stmt) {
  Value value = evaluate(stmt->value);
  ast::Name name = stmt->place.names.front();
  LayerState *layer = frame ? frame->layer : nullptr;
  const ast::WeightDecl *decl =
      layer && stmt->place.names.size() == 1
          ? LayerMembers(*this).stateDecl(*layer, name.text)
          : nullptr;
  if (!decl) {
    report(Rule::name_c1, stmt->place.range,
           "'<-' gives a state its next value, and '" + name.text +
               "' is no state here");
    return;
  }
  Value old =
      LayerMembers(*this).evaluateMember(*layer, name.text, stmt->place.range);
  if (value.isError() || old.isError())
    return;
  core::Expr *expr = runTime(value, stmt->value->range);
  if (expr->type.isError())
    return;
  core::Expr *place = weightPlaces[{frame, name.text}];
  expr = shaped(convert(expr, place->type.elem.kind), place->type,
                stmt->value->range);
  if (!core::sameSizes(expr->type, place->type)) {
    report(Rule::call_c4, stmt->value->range,
           "this is " + expr->type.str(true) + ", and '" + name.text + "' is " +
               place->type.str(true));
    return;
  }
  Value next = let(name.text, retype(expr, place->type), stmt->range);
  auto *node = program.makeStmt<core::Update>(stmt->range);
  node->place = place;
  node->value = next.expr;
  statements->push_back(node);
  frame->fields[name.text] = next;
  if (context && context->function)
    context->function->updates = true;
}

} // namespace lamina::sema
