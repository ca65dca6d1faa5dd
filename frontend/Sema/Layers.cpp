//===- Layers.cpp - Fields, and calls of layers ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// A field's weights are fixed by its first call. Calls with equal keys (settings,
// types in sizes, code of function arguments) share an instance, whose body is
// evaluated once.
//
//===----------------------------------------------------------------------===//

#include "frontend/Sema/Bind.h"

#include "llvm/ADT/StringExtras.h"

namespace lamina::sema {

//===-- Places for weights ------------------------------------------------===//

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
  auto addPart = [&](const Value &part, Symbol number) {
    FieldInfo *inner = fieldInfo(part, number, range);
    info->parts.push_back(inner);
    if (inner)
      slot->parts.push_back({number, inner->slot});
  };
  switch (callable.kind) {
  case Callable::Chain:
  case Callable::Copies:
    slot->kind = core::Slot::Chain;
    for (auto [i, part] : llvm::enumerate(callable.parts))
      addPart(part, program.intern(std::to_string(i)));
    break;
  case Callable::Repeat:
    slot->kind = core::Slot::Repeat;
    slot->count = forceWhole(callable.count, range, "the number of copies")
                      .value_or(1);
    addPart(callable.parts[0], "*");
    break;
  case Callable::Filtered:
    slot->kind = core::Slot::Filtered;
    addPart(callable.parts[0], "");
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
      args.push_back({extra.name, extra.value, nullptr, nullptr, extra.value.range});
  switch (field.callable->kind) {
  case Callable::Chain:
  case Callable::Copies:
    return callChain(field, std::move(args), range);
  case Callable::Repeat:
    return callRepeat(field, std::move(args), range);
  case Callable::Filtered:
    return notSupported(range, "a call of 'L | F'");
  default:
    return callLayer(field, call, std::move(args), range);
  }
}

Value Evaluator::callChain(const Value &field, Args args, Range range) {
  Value current;
  for (unsigned i = 0; i < field.callable->parts.size(); ++i) {
    Value callee = part(field, i, range);
    Args own;
    for (const EvaluatedArg &arg : args)
      if (arg.name.empty() ? i == 0 : takes(callee, arg.name))
        own.push_back(arg);
    if (i)
      own.insert(own.begin(), EvaluatedArg{"", current, nullptr, nullptr, range});
    current = named("", apply(callee, std::move(own), range), range);
    if (current.isError())
      return current;
  }
  for (const EvaluatedArg &arg : args)
    if (!arg.name.empty() && !takes(field, arg.name)) {
      report(Rule::call_c6, arg.range,
             "no part of this chain has a parameter '" + arg.name + "'");
      return Value::error(range);
    }
  return current;
}

/// `L * n`: one copy is evaluated. If it gives back the type that it takes, the
/// copies are a loop; else each is a part of its own.
Value Evaluator::callRepeat(const Value &field, Args args, Range range) {
  FieldInfo *info = field.field;
  core::Slot *slot = info->slot;
  if (slot->kind == core::Slot::Chain)
    return callCopies(field, std::move(args), range);
  if (args.empty() || !args[0].value.isRunTime())
    return notSupported(range, "a repeated layer that takes no tensor");
  Value input = named("", args[0].value, range);
  core::Expr *start = imported(input).expr;
  core::Local *carry =
      program.makeLocal(core::Local::Carry, "x", start->type, range);
  FieldInfo *inner = info->parts[0];
  core::Local *copy = program.makeLocal(
      core::Local::Copy, slot->name, core::Type::tree(inner->slot), range);
  auto ref = [&](core::Local *local) {
    auto *node = program.make<core::LocalRef>(local->type, range);
    node->local = local;
    return node;
  };
  args[0].value = runTimeValue(ref(carry));
  Statements statementsOfBody;
  Value result;
  {
    llvm::SaveAndRestore<Statements *> in(statements, &statementsOfBody);
    fieldsBySlot[inner->slot] = inner;
    Value one = fieldValue(inner, ref(copy), range, &field.callable->parts[0]);
    result = apply(one, args, range);
  }
  if (result.isError())
    return result;
  core::Expr *body = block(std::move(statementsOfBody),
                           runTime(result, range), range);
  if (!core::sameSizes(body->type, start->type)) {
    unroll(info, range);
    args[0].value = input;
    return callCopies(field, std::move(args), range);
  }
  auto *node = program.make<core::Copies>(start->type, range);
  node->tree = imported(field).expr;
  node->input = start;
  node->copy = copy;
  node->carry = carry;
  node->body = body;
  return runTimeValue(node);
}

/// Copies that differ in their sizes are parts of a chain.
void Evaluator::unroll(FieldInfo *info, Range range) {
  core::Slot *slot = info->slot;
  int64_t count = slot->count;
  Value part = info->layer.callable->parts[0];
  slot->kind = core::Slot::Chain;
  slot->count = 1;
  slot->parts.clear();
  info->parts.clear();
  for (int64_t i = 0; i < count; ++i) {
    Symbol number = program.intern(std::to_string(i));
    FieldInfo *inner = fieldInfo(part, number, range);
    info->parts.push_back(inner);
    slot->parts.push_back({number, inner->slot});
  }
}

Value Evaluator::callCopies(const Value &field, Args args, Range range) {
  Value current;
  for (auto [i, inner] : llvm::enumerate(field.field->parts)) {
    auto *tree =
        program.make<core::TreePart>(core::Type::tree(inner->slot), range);
    tree->tree = imported(field).expr;
    tree->name = inner->slot->name;
    fieldsBySlot[inner->slot] = inner;
    Value copy = fieldValue(inner, tree, range, &field.callable->parts[0]);
    if (i)
      args[0].value = current;
    current = named("", apply(copy, args, range), range);
    if (current.isError())
      return current;
  }
  return current;
}

core::Expr *Evaluator::block(Statements inner, core::Expr *result, Range range) {
  if (inner.empty())
    return result;
  auto *node = program.make<core::Block>(result->type, range);
  node->statements = std::move(inner);
  node->result = result;
  return node;
}

static const ast::FunctionDecl *findCall(const ast::LayerDecl &layer,
                                         Symbol name) {
  for (const ast::Decl *member : layer.members)
    if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member))
      if (call->name.text == name)
        return call;
  return nullptr;
}

/// A scope with the settings of a layer; symbolic ones become atoms of their own.
LayerScope *Evaluator::settingsScope(const Callable &callable, FrameScope &callee,
                                     std::string &key) {
  LayerScope *settings = session.make<LayerScope>(callable.home);
  key += llvm::utohexstr(uintptr_t(callable.layer));
  for (const NamedValue &given : callable.given) {
    Value value = given.value;
    key += ";" + given.name.str() + "=" + keyOf(value);
    if (value.isWhole() && !value.dim.constant()) {
      Dim atom = dims.setting(given.name, value.dim.size(), value.range);
      callee.back.push_back({atom, value.dim});
      value.dim = atom;
    }
    settings->bind(given.name, value, Binding::Setting, value.range);
  }
  return settings;
}

/// Defaults that need the dims of a call (`width = n`) wait for it.
void Evaluator::settingDefaults(LayerScope &settings, const ast::LayerDecl &layer,
                                Scope &in, bool early) {
  for (const ast::Parameter &parameter : layer.settings.list) {
    if (settings.find(parameter.name.text))
      continue;
    if (!parameter.value) {
      if (!early)
        report(Rule::call_c6, parameter.range,
               "'" + layer.name.text + "' is not given its setting '" +
                   parameter.name.text + "'");
      continue;
    }
    llvm::SaveAndRestore<Scope *> inner(scope, &in);
    unsigned before = session.numMuted;
    session.muted += early;
    Value value = evaluate(parameter.value);
    session.muted -= early;
    if (early && session.numMuted != before) {
      in.names.clear();
      continue;
    }
    settings.bind(parameter.name.text, value, Binding::Setting,
                  parameter.name.range);
  }
}

/// A setting of type `mask` or `score` that is given by name where the layer is
/// called; then it is put among the settings.
static bool givesMask(Callable &callable, const EvaluatedArg &arg) {
  for (const ast::Parameter &setting : callable.layer->settings.list) {
    if (arg.name.empty() || setting.name.text != arg.name || !setting.type)
      continue;
    llvm::erase_if(callable.given, [&](auto &g) { return g.name == arg.name; });
    callable.given.push_back({arg.name, arg.value});
    return true;
  }
  return false;
}

bool Evaluator::prepareCall(const Value &field, Symbol call, const Args &args,
                            Range range, LayerCall &out) {
  // A mask or a score of the settings may be given at the call.
  Callable callable = *field.callable;
  Args own;
  for (const EvaluatedArg &arg : args)
    if (!givesMask(callable, arg))
      own.push_back(arg);
  out.layer = callable.layer;
  out.decl = findCall(*callable.layer, call);
  if (!out.decl) {
    report(Rule::layer_c2, range,
           call.empty() ? "'" + callable.layer->name.text +
                              "' has no call without a name"
                        : "'" + callable.layer->name.text + "' has no '" + call +
                              "'")
        .note(callable.layer->name.range, "declared here");
    return false;
  }
  // The frame stands inside the settings, which may need its dims.
  FrameScope probe(nullptr);
  std::string key;
  out.settings = settingsScope(callable, probe, key);
  out.settingsKey = key;
  out.frame = session.make<FrameScope>(out.settings);
  out.frame->back = probe.back;
  out.frame->name = callable.layer->name.text.str();
  out.frame->call = range;
  out.frame->layer = field.field->state;
  out.settings->state = field.field->state;
  Scope *early = session.make<Scope>(Scope::Block, out.settings);
  settingDefaults(*out.settings, *out.layer, *early, true);
  if (!matchArguments(out.decl->parameters.list, {}, own,
                      callable.layer->name.text, range, out.bound))
    return false;
  addTypedDefaults(*out.frame, out.decl->parameters.list, out.bound);
  for (const ast::Parameter &parameter : out.decl->parameters.list)
    if (!parameter.value && llvm::none_of(out.bound, [&](auto &b) {
          return b.parameter == &parameter;
        })) {
      report(Rule::call_c6, range, "'" + callable.layer->name.text +
                                       "' is not given '" + parameter.name.text +
                                       "'")
          .note(parameter.range, "declared here");
      return false;
    }
  if (!bindSignature(*out.frame, callable.layer->name.text, out.bound))
    return false;
  settingDefaults(*out.settings, *out.layer, *out.frame, false);
  out.callKey = key + "|" + call.str() + "(";
  for (BoundArg &arg : out.bound)
    out.callKey += arg.parameter->name.text.str() + ":" +
                   (arg.isSetting ? keyOf(arg.value) : keyOf(arg.type)) + ",";
  return true;
}

LayerState *Evaluator::layerState(const Value &field, LayerCall &call,
                                  Range range) {
  FieldInfo *info = field.field;
  if (!info->state) {
    LayerState *&shared =
        session.layersByKey[call.settingsKey + "|" + call.callKey];
    // A model is its own instance, and a layer that is being made holds itself.
    if (!shared || call.layer->isModel) {
      session.layerStates.emplace_back();
      shared = &session.layerStates.back();
      program.layers.emplace_back();
      shared->instance = &program.layers.back();
      shared->instance->name = call.layer->name.text;
      shared->instance->id = program.layers.size() - 1;
      shared->instance->range = call.layer->name.range;
      shared->instance->invertible = call.layer->isInvertible;
      shared->decl = call.layer;
      shared->scope = call.settings;
      shared->firstFrame = call.frame;
    }
    info->state = shared;
    info->slot->instance = shared->instance;
    info->firstCall = range;
  }
  call.settings->state = info->state;
  call.frame->layer = info->state;
  return info->state;
}

Value Evaluator::callLayer(const Value &field, Symbol callName, Args args,
                           Range range) {
  LayerCall call;
  if (!prepareCall(field, callName, args, range, call))
    return Value::error(range);
  LayerState *state = layerState(field, call, range);
  if (!checkSizes(*state, call, range, field.field->firstCall))
    return Value::error(range);
  core::FunctionInstance *&known = state->calls[call.callKey];
  if (!known) {
    if (depth >= 200) {
      report(Rule::layer_c5, range,
             "'" + call.layer->name.text + "' holds itself without end");
      return Value::error(range);
    }
    program.functions.emplace_back();
    core::FunctionInstance *made = &program.functions.back();
    known = made;
    evaluateInstance(call, *state, *made);
  } else if (evaluatingInstances.contains(known)) {
    report(Rule::layer_c5, range, "'" + call.layer->name.text +
                                      "' calls itself with the same settings");
    return Value::error(range);
  }
  core::FunctionInstance *callee = state->calls[call.callKey];
  if (!callee->body) {
    // What failed in silence is evaluated again where it is said why.
    if (session.muted) {
      llvm::erase(state->instance->calls, callee);
      state->calls.erase(call.callKey);
    }
    return Value::error(range);
  }
  return callNode(field, *callee, call, range);
}

/// A second call of a field has to agree with the sizes that the first fixed.
bool Evaluator::checkSizes(LayerState &state, LayerCall &call, Range range,
                           Range firstCall) {
  for (auto &[symbol, size] : state.sizes) {
    Binding *bound = call.frame->find(symbol);
    if (!bound || bound->kind != Binding::Dimension ||
        bound->value.dim.size() == size.size())
      continue;
    report(Rule::weight_c2, range,
           "'" + call.layer->name.text + "' has weights for " + symbol + " = " +
               size.size().str() + ", and here " + symbol + " is " +
               bound->value.dim.size().str())
        .note(firstCall, "the first call, with " + size.size().str());
    return false;
  }
  return true;
}

void Evaluator::evaluateInstance(LayerCall &call, LayerState &state,
                                 core::FunctionInstance &made) {
  made.layer = state.instance;
  made.name = call.decl->name.text;
  made.key = call.callKey;
  made.id = program.functions.size() - 1;
  made.range = call.decl->range;
  state.instance->calls.push_back(&made);
  evaluatingInstances.insert(&made);
  Context *inner = session.make<Context>();
  inner->function = &made;
  inner->caller = context;
  inner->layer = &state;
  Statements body;
  Value value;
  {
    Entry entry(*this, inner, call.frame, &body);
    llvm::SaveAndRestore<unsigned> deeper(depth, depth + 1);
    drawPath.clear();
    if (!made.name.empty())
      drawPath.push_back(made.name);
    auto *self = program.make<core::TreeSelf>(core::Type::tree(nullptr), {});
    call.frame->self = self;
    call.frame->selfOwner = inner;
    bindParams(call, made);
    value = this->body(call.decl->body);
    if (call.decl->result && !value.isError())
      value = declare(value, call.decl->result,
                      call.decl->body.expr ? call.decl->body.expr->range
                                           : call.decl->range,
                      Rule::call_c4, true);
    if (!value.isError()) {
      core::Expr *result = runTime(value, call.decl->range);
      made.result = result->type;
      made.body = block(std::move(body), result, call.decl->range);
    }
  }
  evaluatingInstances.erase(&made);
  state.frames[&made] = call.frame;
  captureSources[&made] = inner->captured;
}

/// Parameters of an instance: locals for tensors, values for the rest.
void Evaluator::bindParams(LayerCall &call, core::FunctionInstance &made) {
  for (BoundArg &arg : call.bound) {
    Symbol name = arg.parameter->name.text;
    Value value = arg.value;
    if (!arg.isSetting) {
      core::Local *local = program.makeLocal(core::Local::Param, name, arg.type,
                                             arg.parameter->name.range);
      made.params.push_back(local);
      auto *ref =
          program.make<core::LocalRef>(arg.type, arg.parameter->name.range);
      ref->local = local;
      value = runTimeValue(ref);
    }
    call.frame->bind(name, value, Binding::Given, arg.parameter->name.range);
  }
}

Value Evaluator::callNode(const Value &field, core::FunctionInstance &callee,
                          LayerCall &call, Range range) {
  // Dims of the instance beside those that this call was bound to.
  FrameScope *first = callee.layer ? field.field->state->frames[&callee] : nullptr;
  std::vector<std::pair<Dim, Dim>> pairs;
  if (first)
    for (auto [theirs, ours] : llvm::zip(first->back, call.frame->back))
      pairs.push_back({theirs.first, ours.second});
  auto *node = program.make<core::Call>(backType(pairs, callee.result), range);
  node->callee = &callee;
  node->tree = imported(field).expr;
  for (BoundArg &arg : call.bound)
    if (!arg.isSetting)
      node->args.push_back(arg.operand);
  for (const Value &source : captureSources[&callee])
    node->captures.push_back(imported(source).expr);
  if (callee.updates && context && context->function && rootIsSelf(node->tree))
    context->function->updates = true;
  Value result = runTimeValue(node);
  // A call with an effect on states happens once, where it stands.
  if (callee.updates)
    result = named("", result, range);
  return result;
}

bool Evaluator::rootIsSelf(const core::Expr *tree) {
  while (auto *part = llvm::dyn_cast<core::TreePart>(tree))
    tree = part->tree;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(tree))
    return ref->local->role == core::Local::Copy;
  return llvm::isa<core::TreeSelf>(tree);
}

} // namespace lamina::sema
