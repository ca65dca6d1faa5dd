// SPDX-License-Identifier: Apache-2.0
//
// Calls of layers with weights.
//
// Calls with equal keys (settings, types in sizes, code of function arguments)
// share an instance, whose body is evaluated once.

#include "frontend/Sema/Arguments.h"
#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LayerCalls.h"

#include "llvm/ADT/StringExtras.h"

namespace lamina::sema {

static const ast::FunctionDecl *findCall(const ast::LayerDecl &layer,
                                         Symbol name) {
  for (const ast::Decl *member : layer.members)
    if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member))
      if (call->name.text == name)
        return call;
  return nullptr;
}

/// A scope with the settings of a layer; symbolic ones become atoms of their
/// own.
LayerScope *LayerCalls::settingsScope(const Callable &callable,
                                      FrameScope &callee, std::string &key) {
  LayerScope *settings = e.session.make<LayerScope>(callable.home);
  key += llvm::utohexstr(uintptr_t(callable.layer));
  for (const NamedValue &given : callable.given) {
    Value value = given.value;
    key += ";" + given.name.str() + "=" + e.keyOf(value);
    if (value.isWhole() && !value.dim.constant()) {
      Dim atom = e.dims.setting(given.name, value.dim.size(), value.range);
      callee.back.push_back({atom, value.dim});
      value.dim = atom;
    }
    settings->bind(given.name, value, Binding::Setting, value.range);
  }
  return settings;
}

/// Defaults that need the dims of a call (`width = n`) wait for it.
void LayerCalls::settingDefaults(LayerScope &settings,
                                 const ast::LayerDecl &layer, Scope &in,
                                 bool early) {
  for (const ast::Parameter &parameter : layer.settings.list) {
    if (settings.find(parameter.name.text))
      continue;
    if (!parameter.value)
      continue; // reported where the call is prepared
    llvm::SaveAndRestore<Scope *> inner(e.scope, &in);
    unsigned before = e.session.numMuted;
    e.session.muted += early;
    Value value = e.evaluate(parameter.value);
    e.session.muted -= early;
    if (early && e.session.numMuted != before) {
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

static bool isGivenSettings(Evaluator &e, const LayerCall &call, Range range) {
  for (const ast::Parameter &parameter : call.layer->settings.list)
    if (!parameter.value && !call.settings->find(parameter.name.text)) {
      e.report(Rule::call_c6, range,
               "'" + call.layer->name.text + "' is not given its setting '" +
                   parameter.name.text + "'")
          .note(parameter.range, "declared here")
          .note("write '" + call.layer->name.text + "(" + parameter.name.text +
                ": …)'");
      return false;
    }
  return true;
}

static bool isGivenArguments(Evaluator &e, const LayerCall &call, Range range) {
  for (const ast::Parameter &parameter : call.decl->parameters.list)
    if (!parameter.value && llvm::none_of(call.bound, [&](auto &b) {
          return b.parameter == &parameter;
        })) {
      e.report(Rule::call_c6, range,
               "'" + call.layer->name.text + "' is not given '" +
                   parameter.name.text + "'")
          .note(parameter.range, "declared here");
      return false;
    }
  return true;
}

/// The frame stands inside the settings, which may need its dims.
void LayerCalls::openFrame(const Callable &callable, LayerState *state,
                           LayerCall &out) {
  FrameScope probe(nullptr);
  out.settings = settingsScope(callable, probe, out.settingsKey);
  out.frame = e.session.make<FrameScope>(out.settings);
  out.frame->back = probe.back;
  out.frame->name = out.layer->name.text.str();
  out.frame->layer = state;
  out.settings->state = state;
}

/// Whole numbers that are given become sizes with the parameter's name.
static void nameSizes(Evaluator &e, LayerCall &call) {
  for (BoundArg &arg : call.bound)
    if (arg.isSetting && arg.value.isWhole() && !arg.value.dim.constant()) {
      Dim atom = e.dims.setting(arg.parameter->name.text, arg.value.dim.size(),
                                arg.range);
      call.frame->back.push_back({atom, arg.value.dim});
      arg.value.dim = atom;
    }
}

/// Equal calls of equal layers share an instance.
static std::string callKeyOf(Evaluator &e, const LayerCall &call, Symbol name) {
  std::string key = call.settingsKey + "|" + name.str() + "(";
  for (const BoundArg &arg : call.bound)
    key += arg.parameter->name.text.str() + ":" +
           (arg.isSetting ? e.keyOf(arg.value) : e.keyOf(arg.type)) + ",";
  return key;
}

/// Puts the masks and scores that a call gives among the settings; `own` are
/// the arguments of the call itself. False after a diagnostic.
static bool takeMasks(Evaluator &e, Callable &callable, const Args &args,
                      Args &own) {
  for (const EvaluatedArg &arg : args) {
    for (const ast::Parameter &setting : callable.layer->settings.list)
      if (setting.name.text == arg.name && !Arguments(e).fitsMask(setting, arg))
        return false;
    if (!givesMask(callable, arg))
      own.push_back(arg);
  }
  return true;
}

static void reportNoCall(Evaluator &e, const ast::LayerDecl &layer, Symbol call,
                         Range range) {
  e.report(Rule::layer_c2, range,
           "'" + layer.name.text +
               (call.empty() ? "' has no call without a name"
                             : "' has no '" + call.str() + "'"))
      .note(layer.name.range, "declared here");
}

bool LayerCalls::prepareCall(const Value &field, Symbol call, const Args &args,
                             Range range, LayerCall &out) {
  Callable callable = *field.callable;
  Args own;
  if (!takeMasks(e, callable, args, own))
    return false;
  out.layer = callable.layer;
  out.decl = findCall(*callable.layer, call);
  if (!out.decl) {
    reportNoCall(e, *callable.layer, call, range);
    return false;
  }
  openFrame(callable, field.field->state, out);
  out.frame->call = range;
  Range at = field.field->slot->range;
  if (!isGivenSettings(e, out, at.isKnown() ? at : range))
    return false;
  Scope *early = e.session.make<Scope>(Scope::Block, out.settings);
  settingDefaults(*out.settings, *out.layer, *early, true);
  if (!Arguments(e).match(out.decl->parameters.list, {}, own,
                          callable.layer->name.text, range, out.bound,
                          callable.layer->settings.list))
    return false;
  Arguments(e).addTypedDefaults(*out.frame, out.decl->parameters.list,
                                out.bound);
  if (!isGivenArguments(e, out, range))
    return false;
  if (!e.bindSignature(*out.frame, callable.layer->name.text, out.bound))
    return false;
  nameSizes(e, out);
  settingDefaults(*out.settings, *out.layer, *out.frame, false);
  out.callKey = callKeyOf(e, out, call);
  return true;
}

LayerState *LayerCalls::layerState(const Value &field, LayerCall &call,
                                   Range range) {
  FieldInfo *info = field.field;
  if (!info->state) {
    LayerState *&shared =
        e.session.layersByKey[call.settingsKey + "|" + call.callKey];
    // A model is its own instance, and a layer that is being made holds itself.
    if (!shared || call.layer->isModel) {
      e.session.layerStates.emplace_back();
      shared = &e.session.layerStates.back();
      e.program.layers.emplace_back();
      shared->instance = &e.program.layers.back();
      shared->instance->name = call.layer->name.text;
      shared->instance->id = e.program.layers.size() - 1;
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

Value LayerCalls::callLayer(const Value &field, Symbol callName, Args args,
                            Range range) {
  LayerCall call;
  if (!prepareCall(field, callName, args, range, call))
    return Value::error(range);
  LayerState *state = layerState(field, call, range);
  if (!checkSizes(*state, call, range, field.field->firstCall))
    return Value::error(range);
  core::FunctionInstance *&known = state->calls[call.callKey];
  if (!known) {
    if (e.depth >= 200) {
      e.report(Rule::layer_c5, range,
               "'" + call.layer->name.text + "' holds itself without end");
      return Value::error(range);
    }
    e.program.functions.emplace_back();
    core::FunctionInstance *made = &e.program.functions.back();
    known = made;
    evaluateInstance(call, *state, *made);
  } else if (e.evaluatingInstances.contains(known)) {
    e.report(Rule::layer_c5, range,
             "'" + call.layer->name.text +
                 "' calls itself with the same settings")
        .note("a layer may hold itself with others: 'rest: " +
              call.layer->name.text + "(k - 1) when k > 1'");
    return Value::error(range);
  }
  core::FunctionInstance *callee = state->calls[call.callKey];
  if (!callee->body) {
    // What failed in silence is evaluated again where it is said why.
    if (e.session.muted) {
      llvm::erase(state->instance->calls, callee);
      state->calls.erase(call.callKey);
    }
    return Value::error(range);
  }
  return callNode(field, *callee, call, range);
}

/// A second call of a field has to agree with the sizes that the first fixed.
bool LayerCalls::checkSizes(LayerState &state, LayerCall &call, Range range,
                            Range firstCall) {
  for (auto &[symbol, size] : state.sizes) {
    Binding *bound = call.frame->find(symbol);
    if (!bound || bound->kind != Binding::Dimension ||
        bound->value.dim.size() == size.size())
      continue;
    e.report(Rule::weight_c2, range,
             "'" + call.layer->name.text + "' has weights for " + symbol +
                 " = " + size.size().str() + ", and here " + symbol + " is " +
                 bound->value.dim.size().str())
        .note(firstCall, "the first call, with " + size.size().str());
    return false;
  }
  return true;
}

static void evaluateBody(Evaluator &e, const ast::FunctionDecl &decl,
                         Statements &statements, core::FunctionInstance &made) {
  Value value = e.body(decl.body);
  if (decl.result && !value.isError())
    value = e.declare(value, decl.result,
                      decl.body.expr ? decl.body.expr->range : decl.range,
                      Rule::call_c4, true);
  if (value.isError())
    return;
  core::Expr *result = e.runTime(value, decl.range);
  made.result = result->type;
  made.body = e.block(std::move(statements), result, decl.range);
}

void LayerCalls::evaluateInstance(LayerCall &call, LayerState &state,
                                  core::FunctionInstance &made) {
  made.layer = state.instance;
  made.name = call.decl->name.text;
  made.key = call.callKey;
  made.id = e.program.functions.size() - 1;
  made.range = call.decl->range;
  state.instance->calls.push_back(&made);
  e.evaluatingInstances.insert(&made);
  Context *inner = e.session.make<Context>();
  inner->function = &made;
  inner->caller = e.context;
  inner->layer = &state;
  Statements body;
  {
    Evaluator::Entry entry(e, inner, call.frame, &body);
    llvm::SaveAndRestore<unsigned> deeper(e.depth, e.depth + 1);
    e.drawPath.clear();
    if (!made.name.empty())
      e.drawPath.push_back(made.name);
    auto *self = e.program.make<core::TreeSelf>(core::Type::tree(nullptr), {});
    call.frame->self = self;
    call.frame->selfOwner = inner;
    bindParams(call, made);
    call.frame->given = call.frame->names;
    evaluateBody(e, *call.decl, body, made);
  }
  e.evaluatingInstances.erase(&made);
  state.frames[&made] = call.frame;
  e.captureSources[&made] = inner->captured;
}

/// Parameters of an instance: locals for tensors, values for the rest.
void LayerCalls::bindParams(LayerCall &call, core::FunctionInstance &made) {
  for (BoundArg &arg : call.bound) {
    Symbol name = arg.parameter->name.text;
    Value value = arg.value;
    if (!arg.isSetting) {
      core::Local *local = e.program.makeLocal(
          core::Local::Param, name, arg.type, arg.parameter->name.range);
      made.params.push_back(local);
      auto *ref =
          e.program.make<core::LocalRef>(arg.type, arg.parameter->name.range);
      ref->local = local;
      value = e.runTimeValue(ref);
    }
    value.mayBeNone = canBeNone(*arg.parameter);
    call.frame->bind(name, value, Binding::Given, arg.parameter->name.range);
  }
}

Value LayerCalls::callNode(const Value &field, core::FunctionInstance &callee,
                           LayerCall &call, Range range) {
  // Dims of the instance beside those that this call was bound to.
  FrameScope *first =
      callee.layer ? field.field->state->frames[&callee] : nullptr;
  std::vector<std::pair<Dim, Dim>> pairs;
  if (first)
    for (auto [theirs, ours] : llvm::zip(first->back, call.frame->back))
      pairs.push_back({theirs.first, ours.second});
  auto *node =
      e.program.make<core::Call>(e.backType(pairs, callee.result), range);
  node->callee = &callee;
  node->tree = e.imported(field).expr;
  for (BoundArg &arg : call.bound)
    if (!arg.isSetting)
      node->args.push_back(arg.operand);
  for (const Value &source : e.captureSources[&callee])
    node->captures.push_back(e.imported(source).expr);
  if (callee.updates && e.context && e.context->function &&
      rootIsSelf(node->tree))
    e.context->function->updates = true;
  Value result = e.runTimeValue(node);
  // A call with an effect on states happens once, where it stands.
  if (callee.updates)
    result = e.named("", result, range);
  return result;
}

bool LayerCalls::rootIsSelf(const core::Expr *tree) {
  while (auto *part = llvm::dyn_cast<core::TreePart>(tree))
    tree = part->tree;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(tree))
    return ref->local->role == core::Local::Copy;
  return llvm::isa<core::TreeSelf>(tree);
}

} // namespace lamina::sema
