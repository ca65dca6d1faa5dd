// SPDX-License-Identifier: Apache-2.0
//
// Fields, and calls of layers.
//
// A field's weights are fixed by its first call. Calls with equal keys
// (settings, types in sizes, code of function arguments) share an instance,
// whose body is evaluated once.

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LayerCalls.h"

#include "llvm/ADT/StringExtras.h"

namespace lamina::sema {

//===-- Places for weights ------------------------------------------------===//

static int64_t countOf(Evaluator &e, const Callable &repeat, Range range) {
  int64_t count =
      e.forceWhole(repeat.count, range, "the number of copies").value_or(1);
  if (count >= 0)
    return count;
  e.report(Rule::const_c1, range,
           "a layer has 0 copies or more, and this is " + llvm::Twine(count));
  return 1;
}

static void addPart(Evaluator &e, FieldInfo &info, const Value &part,
                    Symbol number) {
  FieldInfo *inner = e.fieldInfo(part, number, info.slot->range);
  info.parts.push_back(inner);
  if (inner)
    info.slot->parts.push_back({number, inner->slot});
}

FieldInfo *Evaluator::fieldInfo(const Value &layer, Symbol name, Range range) {
  if (layer.kind == Value::Field)
    return layer.field;
  if (layer.kind != Value::Layer)
    return nullptr;
  program.slots.emplace_back();
  core::Slot *slot = &program.slots.back();
  slot->name = name;
  slot->range = range;
  FieldInfo *info = session.make<FieldInfo>();
  info->slot = slot;
  info->layer = layer;
  const Callable &callable = *layer.callable;
  switch (callable.kind) {
  case Callable::Chain:
  case Callable::Copies:
    slot->kind = core::Slot::Chain;
    for (auto [i, part] : llvm::enumerate(callable.parts))
      addPart(*this, *info, part, program.intern(std::to_string(i)));
    break;
  case Callable::Repeat:
    slot->kind = core::Slot::Repeat;
    slot->count = countOf(*this, callable, range);
    addPart(*this, *info, callable.parts[0], "*");
    break;
  case Callable::Filtered:
    slot->kind = core::Slot::Filtered;
    addPart(*this, *info, callable.parts[0], "");
    filteredFields.push_back(info);
    break;
  default:
    break;
  }
  return info;
}

Value Evaluator::fieldValue(FieldInfo *info, core::Expr *tree, Range range,
                            const Value *layer) {
  Value value;
  value.kind = Value::Field;
  value.range = range;
  value.expr = tree;
  value.field = info;
  value.callable = (layer ? *layer : info->layer).callable;
  value.owner = context;
  return value;
}

/// The field that a tree-typed run-time value can be called as.
Value Evaluator::treeField(const Value &tree, Range range) {
  FieldInfo *info = fieldsBySlot.lookup(tree.expr->type.slot);
  if (!info) {
    notSupported(range, "a call of this tree");
    return Value::error(range);
  }
  Value value = fieldValue(info, tree.expr, range);
  value.owner = tree.owner;
  return value;
}

Value Evaluator::part(const Value &field, unsigned position, Range range) {
  const Value &layer = field.callable->parts[position];
  FieldInfo *info = field.field->parts[position];
  if (!info)
    return layer;
  auto *tree =
      program.make<core::TreePart>(core::Type::tree(info->slot), range);
  fieldsBySlot[info->slot] = info;
  tree->tree = imported(field).expr;
  tree->name = info->slot->name;
  return fieldValue(info, tree, range, &layer);
}

//===-- Calls -------------------------------------------------------------===//

Value Evaluator::callField(const Value &field, Symbol call, Args args,
                           Range range) {
  for (auto &arg : args)
    if (arg.value.isError())
      return arg.value;
  fieldsBySlot[field.field->slot] = field.field;
  for (const NamedValue &extra : field.callable->extra)
    if (llvm::none_of(args, [&](auto &arg) { return arg.name == extra.name; }))
      args.push_back(
          {extra.name, extra.value, nullptr, nullptr, extra.value.range});
  switch (field.callable->kind) {
  case Callable::Chain:
  case Callable::Copies:
    return LayerCalls(*this).callChain(field, std::move(args), range);
  case Callable::Repeat:
    return LayerCalls(*this).callRepeat(field, std::move(args), range);
  case Callable::Filtered:
    return LayerCalls(*this).callFiltered(field, call, std::move(args), range);
  default:
    return LayerCalls(*this).callLayer(field, call, std::move(args), range);
  }
}

Value LayerCalls::callChain(const Value &field, Args args, Range range) {
  Value current;
  for (unsigned i = 0; i < field.callable->parts.size(); ++i) {
    Value callee = e.part(field, i, range);
    Args own;
    for (const EvaluatedArg &arg : args)
      if (arg.name.empty() ? i == 0 : e.takes(callee, arg.name))
        own.push_back(arg);
    if (i)
      own.insert(own.begin(),
                 EvaluatedArg{"", current, nullptr, nullptr, range});
    current = e.named("", e.apply(callee, std::move(own), range), range);
    if (current.isError())
      return current;
  }
  for (const EvaluatedArg &arg : args)
    if (!arg.name.empty() && !e.takes(field, arg.name)) {
      e.report(Rule::call_c6, arg.range,
               "no part of this chain has a parameter '" + arg.name + "'");
      return Value::error(range);
    }
  return current;
}

/// What one copy of a repeated layer gives, as an expression of its own; null
/// after a diagnostic.
static core::Expr *evaluateCopy(Evaluator &e, const Value &field,
                                core::Expr *tree, Args args, Range range) {
  FieldInfo *inner = field.field->parts[0];
  Statements statements;
  Value result;
  {
    llvm::SaveAndRestore<Statements *> in(e.statements, &statements);
    e.fieldsBySlot[inner->slot] = inner;
    Value one = e.fieldValue(inner, tree, range, &field.callable->parts[0]);
    result = e.apply(one, std::move(args), range);
  }
  if (result.isError())
    return nullptr;
  return e.block(std::move(statements), e.runTime(result, range), range);
}

/// `L * n`: one copy is evaluated. If it gives back the type that it takes, the
/// copies are a loop; else each is a part of its own.
Value LayerCalls::callRepeat(const Value &field, Args args, Range range) {
  FieldInfo *info = field.field;
  core::Slot *slot = info->slot;
  if (slot->kind == core::Slot::Chain)
    return callCopies(field, std::move(args), range);
  if (args.empty() || !args[0].value.isRunTime())
    return e.notSupported(range, "a repeated layer that takes no tensor");
  Value input = e.named("", args[0].value, range);
  core::Expr *start = e.imported(input).expr;
  core::Local *carry =
      e.program.makeLocal(core::Local::Carry, "x", start->type, range);
  core::Local *copy =
      e.program.makeLocal(core::Local::Copy, slot->name,
                          core::Type::tree(info->parts[0]->slot), range);
  auto ref = [&](core::Local *local) {
    auto *node = e.program.make<core::LocalRef>(local->type, range);
    node->local = local;
    return node;
  };
  args[0].value = e.runTimeValue(ref(carry));
  core::Expr *body = evaluateCopy(e, field, ref(copy), args, range);
  if (!body)
    return Value::error(range);
  if (!core::sameSizes(body->type, start->type)) {
    unroll(info, range);
    args[0].value = input;
    return callCopies(field, std::move(args), range);
  }
  auto *node = e.program.make<core::Copies>(start->type, range);
  node->tree = e.imported(field).expr;
  node->input = start;
  node->copy = copy;
  node->carry = carry;
  node->body = body;
  return e.runTimeValue(node);
}

/// Copies that differ in their sizes are parts of a chain.
void LayerCalls::unroll(FieldInfo *info, Range range) {
  core::Slot *slot = info->slot;
  int64_t count = slot->count;
  Value part = info->layer.callable->parts[0];
  slot->kind = core::Slot::Chain;
  slot->count = 1;
  slot->parts.clear();
  info->parts.clear();
  for (int64_t i = 0; i < count; ++i) {
    Symbol number = e.program.intern(std::to_string(i));
    FieldInfo *inner = e.fieldInfo(part, number, range);
    info->parts.push_back(inner);
    slot->parts.push_back({number, inner->slot});
  }
}

Value LayerCalls::callCopies(const Value &field, Args args, Range range) {
  Value current;
  for (auto [i, inner] : llvm::enumerate(field.field->parts)) {
    auto *tree =
        e.program.make<core::TreePart>(core::Type::tree(inner->slot), range);
    tree->tree = e.imported(field).expr;
    tree->name = inner->slot->name;
    e.fieldsBySlot[inner->slot] = inner;
    Value copy = e.fieldValue(inner, tree, range, &field.callable->parts[0]);
    if (i)
      args[0].value = current;
    current = e.named("", e.apply(copy, args, range), range);
    if (current.isError())
      return current;
  }
  return current;
}

core::Expr *Evaluator::block(Statements inner, core::Expr *result,
                             Range range) {
  if (inner.empty())
    return result;
  auto *node = program.make<core::Block>(result->type, range);
  node->statements = std::move(inner);
  node->result = result;
  return node;
}

} // namespace lamina::sema
