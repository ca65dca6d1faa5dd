// SPDX-License-Identifier: Apache-2.0
//
// Members of layers, models, sizes of weights.
//
// Names in types of members are dims of the layer: read in the call's frame,
// and fixed by the first call that binds them. Initial values are settled at
// the end, when every size is known.

#include "frontend/Sema/Bind.h"
#include "frontend/Sema/LayerMembers.h"
#include "frontend/Sema/Mentions.h"

namespace lamina::sema {

static const ast::Decl *findMember(const ast::LayerDecl &layer, Symbol name,
                                   const ast::Weight **weight = nullptr) {
  for (const ast::Decl *member : layer.members) {
    if (auto *field = llvm::dyn_cast<ast::FieldDecl>(member)) {
      for (const ast::Name &n : field->names)
        if (n.text == name)
          return member;
    } else if (auto *weights = llvm::dyn_cast<ast::WeightDecl>(member)) {
      for (const ast::Weight &w : weights->weights)
        if (w.name.text == name) {
          if (weight)
            *weight = &w;
          return member;
        }
    } else if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member)) {
      if (!name.empty() && call->name.text == name)
        return member;
    }
  }
  return nullptr;
}

const ast::WeightDecl *LayerMembers::stateDecl(LayerState &layer, Symbol name) {
  auto *decl =
      llvm::dyn_cast_or_null<ast::WeightDecl>(findMember(*layer.decl, name));
  return decl && decl->isState ? decl : nullptr;
}

/// A name on the way out through the scope of a layer; none if it has no such
/// member.
std::optional<Value> LayerMembers::layerMember(LayerScope &layer, Symbol name) {
  if (!layer.state)
    return std::nullopt;
  if (name == "self")
    return selfValue(*layer.state, {});
  if (!findMember(*layer.state->decl, name))
    return std::nullopt;
  return evaluateMember(*layer.state, name, {});
}

FrameScope *LayerMembers::frameOf(LayerState &layer) {
  for (Scope *at = e.scope; at; at = at->outer)
    if (at->kind == Scope::Frame &&
        static_cast<FrameScope *>(at)->layer == &layer &&
        static_cast<FrameScope *>(at)->self)
      return static_cast<FrameScope *>(at);
  return nullptr;
}

Value LayerMembers::selfValue(LayerState &layer, Range range) {
  FrameScope *in = frameOf(layer);
  FieldInfo *info = e.selfInfos[&layer];
  if (!info) {
    e.program.slots.emplace_back();
    info = e.session.make<FieldInfo>();
    info->slot = &e.program.slots.back();
    info->slot->instance = layer.instance;
    info->state = &layer;
    e.selfInfos[&layer] = info;
  }
  Value value;
  value.kind = Value::Field;
  value.range = range;
  value.expr = in->self;
  value.owner = in->selfOwner;
  value.field = info;
  Callable callable(Callable::Layer, layer.scope->outer);
  callable.layer = layer.decl;
  for (auto &[name, binding] : layer.scope->names)
    callable.given.push_back({name, binding.value});
  value.callable = std::make_shared<const Callable>(std::move(callable));
  return value;
}

static Range memberRange(const ast::Decl *member, Symbol name) {
  if (auto *field = llvm::dyn_cast<ast::FieldDecl>(member))
    for (const ast::Name &n : field->names)
      if (n.text == name)
        return n.range;
  return member->range;
}

Value LayerMembers::evaluateMember(LayerState &layer, Symbol name,
                                   Range range) {
  FrameScope *in = frameOf(layer);
  if (!in)
    return Value::none(layer.decl->range);
  if (auto it = in->fields.find(name); it != in->fields.end())
    return it->second;
  const ast::Weight *weight = nullptr;
  const ast::Decl *decl = findMember(*layer.decl, name, &weight);
  llvm::SaveAndRestore<Scope *> inScope(e.scope, in);
  llvm::SaveAndRestore<FrameScope *> inFrame(e.frame, in);
  if (llvm::is_contained(in->evaluating, name))
    return needsItself(name, memberRange(decl, name));
  llvm::SaveAndRestore<std::vector<Symbol>> isOpen(in->evaluating);
  in->evaluating.push_back(name);
  Value value;
  if (auto *field = llvm::dyn_cast<ast::FieldDecl>(decl))
    value = memberField(layer, *in, *field, name);
  else if (weight)
    value =
        memberWeight(layer, *in, *llvm::cast<ast::WeightDecl>(decl), *weight);
  else
    value = memberCallable(layer, *in, *llvm::cast<ast::FunctionDecl>(decl));
  // A state is read where it is named: its value changes with the updates
  // above.
  auto *state = llvm::dyn_cast<ast::WeightDecl>(decl);
  if (!state || !state->isState)
    in->fields[name] = value;
  return value;
}

/// `drop: Dropout(drop)`, where the name is the field, whatever is around.
Value LayerMembers::needsItself(Symbol name, Range range) {
  if (!e.reportedCalls.insert(range.begin).second)
    return Value::error(range);
  auto &diag = e.report(Rule::layer_c8, range,
                        "'" + name +
                            "' needs its own value: inside of the "
                            "layer the name is this member");
  if (ast::Decl *outer = e.session.findDecl(*e.currentFile(), name).second)
    diag.note(outer->range, "it hides this; give one another name");
  return Value::error(range);
}

/// `when c`: whether the member is there.
bool LayerMembers::isThere(const ast::Expr *when) {
  if (!when)
    return true;
  auto known =
      e.forceTruth(e.evaluate(when), when->range, "what follows 'when'");
  return known.value_or(true);
}

Value LayerMembers::memberField(LayerState &layer, FrameScope &in,
                                const ast::FieldDecl &decl, Symbol name) {
  if (!isThere(decl.when))
    return Value::none(decl.range);
  Value value = e.evaluate(decl.value);
  if (value.isError())
    return value;
  if (value.kind == Value::Function) {
    layer.fields.insert({name, nullptr});
    return value;
  }
  if (value.kind != Value::Layer && value.kind != Value::Field) {
    e.report(Rule::call_c8, decl.value->range,
             "a field is a layer or a function, and this is " +
                 value.describe());
    return Value::error(decl.range);
  }
  FieldInfo *&info = layer.fields[name];
  if (!info)
    info = e.fieldInfo(value, name, decl.range);
  e.fieldsBySlot[info->slot] = info;
  auto *tree =
      e.program.make<core::TreePart>(core::Type::tree(info->slot), decl.range);
  tree->tree = in.self;
  tree->name = name;
  Value field = e.fieldValue(info, tree, decl.range, &value);
  field.owner = in.selfOwner;
  return field;
}

Value LayerMembers::memberCallable(LayerState &layer, FrameScope &in,
                                   const ast::FunctionDecl &decl) {
  Callable callable(Callable::Function, &in);
  callable.function = &decl;
  callable.self = std::make_shared<Value>(selfValue(layer, decl.range));
  return Value::ofCallable(Value::Function, std::move(callable), decl.range);
}

/// The type of a weight in this frame. Sizes that the frame does not bind are
/// those that an earlier call fixed.
core::Type LayerMembers::weightType(LayerState &layer, FrameScope &in,
                                    const ast::Weight &weight) {
  if (!weight.type)
    return core::Type::real();
  auto fresh = [&](ast::Name name) -> Dim {
    auto it = layer.sizes.find(name.text);
    return it == layer.sizes.end()
               ? Dim()
               : e.dims.name(name.text, it->second.size(), name.range);
  };
  core::Type type = e.resolve(weight.type, fresh);
  if (type.isError())
    return type;
  for (auto &axis : type.axes)
    for (const core::Atom *atom : e.dims.atoms(axis.dim))
      if (atom->kind == core::Atom::Name &&
          layer.sizes.insert({atom->symbol, atom->x}).second)
        layer.sizedAt[atom->symbol] = in.call;
  return type;
}

Value LayerMembers::memberWeight(LayerState &layer, FrameScope &in,
                                 const ast::WeightDecl &decl,
                                 const ast::Weight &weight) {
  Symbol name = weight.name.text;
  if (!isThere(decl.when))
    return Value::number(e.dims.constant(0), weight.range);
  core::Type type = weightType(layer, in, weight);
  if (type.isError())
    return Value::error(weight.range);
  auto [known, isNew] = layer.weights.insert({name, type});
  bool isEmpty = llvm::any_of(type.axes, [](const core::Axis &axis) {
    return axis.size().isConstant(0);
  });
  if (isNew && isEmpty && !decl.isState) {
    if (e.reportedCalls.insert(in.call.begin).second)
      e.report(Rule::weight_c5, in.call,
               "'" + name + "' of '" + layer.decl->name.text + "' would be " +
                   type.str(true) + ", which holds no number");
    return Value::error(weight.range);
  }
  if (!isNew && !core::sameSizes(known->second, type)) {
    e.report(Rule::weight_c2, in.call,
             "'" + name + "' of '" + layer.decl->name.text + "' is " +
                 known->second.str(true) + ", and this call needs " +
                 type.str(true))
        .note(layer.firstFrame ? layer.firstFrame->call : Range(),
              "its size comes from the first call");
    return Value::error(weight.range);
  }
  auto *leaf = e.program.make<core::Leaf>(type, weight.range);
  leaf->tree = in.self;
  leaf->name = name;
  e.weightPlaces[{&in, name}] = leaf;
  Value value = e.runTimeValue(leaf);
  value.owner = in.selfOwner;
  if (decl.isState && in.selfOwner == e.context)
    return e.let(name, leaf, weight.range);
  return value;
}

//===-- Models ------------------------------------------------------------===//

Value LayerMembers::modelValue(const ast::LayerDecl *decl, FileScope *file) {
  Callable callable(Callable::Layer, file);
  callable.layer = decl;
  Value layer =
      Value::ofCallable(Value::Layer, std::move(callable), decl->range);
  core::Model *&model = e.session.models[decl];
  FieldInfo *&info = e.modelInfos[decl];
  if (!model) {
    e.program.models.emplace_back();
    model = &e.program.models.back();
    model->name = decl->name.text;
    model->range = decl->name.range;
    info = e.fieldInfo(layer, decl->name.text, decl->range);
    model->slot = info->slot;
  }
  Context *root = e.context;
  while (root && root->caller)
    root = root->caller;
  Value &known = e.modelTrees[{decl, root, e.modelVersion}];
  if (known.kind == Value::Field)
    return known;
  auto *tree = e.program.make<core::TreeModel>(core::Type::tree(info->slot),
                                               decl->range);
  tree->model = model;
  tree->version = e.modelVersion;
  known = e.fieldValue(info, tree, decl->range, &layer);
  known.owner = root;
  return known;
}

//===-- Settling ----------------------------------------------------------===//

/// A frame of the layer with every size bound, for members that no call reads.
FrameScope *LayerMembers::settlingFrame(LayerState &layer) {
  FrameScope *in = e.session.make<FrameScope>(layer.scope);
  in->layer = &layer;
  in->name = layer.decl->name.text.str();
  if (layer.firstFrame)
    in->call = layer.firstFrame->call;
  in->self = e.program.make<core::TreeSelf>(core::Type::tree(nullptr), Range());
  Context *inner = e.session.make<Context>();
  inner->layer = &layer;
  in->selfOwner = inner;
  for (auto &[symbol, size] : layer.sizes)
    in->bind(symbol, Value::number(e.dims.name(symbol, size.size(), {}), {}),
             Binding::Dimension, {});
  return in;
}

/// The names that an initial value reads in the frame of the first call: the
/// call's arguments as they came, and nothing that its body defines.
static llvm::MapVector<Symbol, Binding> namesBefore(const FrameScope &in) {
  llvm::MapVector<Symbol, Binding> names = in.names;
  names.remove_if([](auto &it) { return it.second.kind == Binding::Name; });
  for (auto &[name, binding] : in.given)
    names[name] = binding;
  return names;
}

/// The initial value of a weight, as written or drawn.
static Value initialOf(Evaluator &e, const core::Member &member,
                       const ast::Weight &weight) {
  if (weight.isDraw) {
    core::Type type = member.type;
    for (auto &axis : type.axes)
      axis.dim = axis.dim.size();
    e.drawPath.clear();
    return e.draw(member.name, type, weight.value, weight.range);
  }
  Value value = e.evaluate(weight.value);
  if (value.isError() || !weight.type)
    return value;
  return e.declare(value, weight.type, weight.value->range, Rule::weight_c1,
                   false);
}

void LayerMembers::settleInitial(LayerState &layer, core::Member &member,
                                 const ast::Weight &weight) {
  llvm::SmallVector<Symbol, 4> params;
  core::FunctionInstance *first =
      layer.instance->calls.empty() ? nullptr : layer.instance->calls.front();
  if (first)
    for (core::Local *param : first->params)
      params.push_back(param->name);
  bool fromBatch = !weight.isDraw && !freeNames(weight.value, params).empty();
  FrameScope *in = fromBatch ? layer.frames[first] : settlingFrame(layer);
  if (!in)
    return;
  llvm::SaveAndRestore<llvm::MapVector<Symbol, Binding>> names(in->names);
  llvm::SaveAndRestore<llvm::MapVector<Symbol, Value>> fields(in->fields);
  if (fromBatch) {
    in->names = namesBefore(*in);
    // States are those above, not what the body makes of them.
    in->fields.remove_if([&](auto &it) { return stateDecl(layer, it.first); });
  }
  Statements body;
  Evaluator::Entry entry(e, in->selfOwner, in, &body);
  e.drawPath = {member.name};
  llvm::SaveAndRestore<std::vector<Symbol>> keepPath(e.drawPath);
  Value value = initialOf(e, member, weight);
  if (value.isError())
    return;
  member.initial.value =
      e.block(std::move(body), e.runTime(value, weight.range), weight.range);
  member.initial.fromBatch = fromBatch ? first : nullptr;
}

void LayerMembers::settleLayer(LayerState &layer) {
  FrameScope *in = settlingFrame(layer);
  Statements ignored;
  Evaluator::Entry entry(e, in->selfOwner, in, &ignored);
  for (const ast::Decl *decl : layer.decl->members) {
    if (auto *field = llvm::dyn_cast<ast::FieldDecl>(decl)) {
      for (const ast::Name &name : field->names) {
        FieldInfo *info = layer.fields.lookup(name.text);
        // A field that is a function is read and has no info.
        bool isCalled = layer.fields.count(name.text) &&
                        (!info || info->slot->kind != core::Slot::Layer ||
                         info->slot->instance);
        bool isLibrary =
            e.session.sources.isLibrary(e.session.sources.getFile(name.range));
        if (!isCalled && !field->when && !isLibrary)
          e.report(Rule::weight_w1, name.range,
                   "nothing calls '" + name.text + "', so it has no weights");
        if (!info)
          continue;
        core::Member member;
        member.kind = core::Member::Field;
        member.name = name.text;
        member.slot = info->slot;
        member.range = name.range;
        layer.instance->members.push_back(member);
      }
      continue;
    }
    auto *weights = llvm::dyn_cast<ast::WeightDecl>(decl);
    if (!weights)
      continue;
    for (const ast::Weight &weight : weights->weights)
      settleWeight(layer, *in, *weights, weight);
  }
}

void LayerMembers::settleWeight(LayerState &layer, FrameScope &in,
                                const ast::WeightDecl &decl,
                                const ast::Weight &weight) {
  if (!layer.weights.count(weight.name.text)) {
    Statements ignored;
    llvm::SaveAndRestore<Statements *> out(e.statements, &ignored);
    if (evaluateMember(layer, weight.name.text, weight.range).kind !=
        Value::RunTime)
      return;
  }
  core::Member member;
  member.kind = decl.isState ? core::Member::State : core::Member::Param;
  member.name = weight.name.text;
  member.type = layer.weights[weight.name.text];
  member.range = weight.range;
  settleInitial(layer, member, weight);
  layer.instance->members.push_back(member);
}

} // namespace lamina::sema
