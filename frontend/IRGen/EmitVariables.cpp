// SPDX-License-Identifier: Apache-2.0
//
// Weights as variables, and how they start.
//
// Every weight of a model is a `program.variable`. One that does not start as a
// number has an entry that makes its first value; copies of a repeated layer
// are made together, under an index that counts them.

#include "dialects/Program/ProgramOps.h"
#include "frontend/IRGen/Entry.h"

using namespace mlir;

namespace lamina::irgen {

namespace {

/// First value of one variable.
class InitEntry : public Entry {
public:
  InitEntry(ModuleEmitter &module, StringRef name, StringRef prefix,
            const Weight &weight)
      : Entry(module, name, "init", weight.member->range), prefix(prefix),
        weight(weight) {
    for (int64_t count : weight.copies) {
      copies.push_back(module.makeIndex(module.constant(count)));
      emitter.open(copies.back());
    }
  }

  FlatSymbolRefAttr emit() {
    core::Type type = weight.member->type;
    Emitted value =
        emitter.cast(emitter.emit(weight.member->initial.value), type);
    Sizes own = module.types.sizes(type);
    // A number fills the whole weight; axes are given in full otherwise.
    bool isNumber = rankOf(value.value) == value.ambient.size();
    result(isNumber ? emitter.align(value, copies, {}, own)
                    : emitter.align(value, copies));
    return finish();
  }

  /// Weights declared above in the same layer.
  Emitted ownWeight(Emitter &, StringRef name, Type type) override {
    StringRef owner = StringRef(weight.treePath).rsplit('.').first;
    bool isTop = owner == weight.treePath;
    std::string variable =
        (prefix + "." + (isTop ? "" : owner + ".") + name).str();
    Sizes sizes(weight.copies.begin(), weight.copies.end());
    auto tensor = llvm::cast<RankedTensorType>(type);
    return Emitted::tensor(
        load(graph::withLeadingSizes(tensor, sizes), variable), copies);
  }

  /// By the weight's own path; the copies are numbers in it.
  Value drawKey(Emitter &, StringRef path, Ambient &keyed) override {
    keyed = copies;
    std::string names;
    SmallVector<Value> numbers;
    unsigned copy = 0;
    for (core::Symbol part : weight.path.parts) {
      int64_t number;
      if (part == "*")
        numbers.push_back(copyNumber(copy++));
      else if (!part.getAsInteger(10, number))
        numbers.push_back(b.wide(number));
      else
        names += (names.empty() ? "" : ".") + part.str();
    }
    if (!path.empty())
      names += "." + path.str();
    Value key = argument(module.types.key(), "program.scalar", "key");
    key = deriveKey(key, names);
    for (Value number : numbers)
      key = deriveKey(key, number);
    return key;
  }

private:
  Value copyNumber(unsigned copy) {
    Sizes sizes(weight.copies.begin(), weight.copies.begin() + copy + 1);
    return b.convert(b.iota(sizes, copy), b.getI64Type());
  }

  StringRef prefix;
  const Weight &weight;
  Ambient copies;
};

/// First value of a slot, from its weight.
class SlotInitEntry : public Entry {
public:
  using Entry::Entry;

  FlatSymbolRefAttr emit(const core::StageInstance &stage,
                         const core::StageInstance::SlotInit &slot,
                         const Weight &weight, StringRef variable) {
    Ambient copies;
    for (int64_t count : weight.copies) {
      copies.push_back(module.makeIndex(module.constant(count)));
      emitter.open(copies.back());
    }
    Value start = load(module.weightType(weight), variable);
    emitter.define(stage.weight, Emitted::tensor(start, copies));
    Emitted value = emitter.cast(emitter.emit(slot.init), slot.local->type);
    Sizes own = module.types.sizes(slot.local->type);
    bool isNumber = rankOf(value.value) == value.ambient.size();
    result(isNumber ? emitter.align(value, copies, {}, own)
                    : emitter.align(value, copies));
    return finish();
  }
};

/// First value of a `state` of a body, or of a weight of one that is a tree.
class StateInitEntry : public Entry {
public:
  using Entry::Entry;

  FlatSymbolRefAttr copyOf(Type type, StringRef variable) {
    result(load(type, variable));
    return finish();
  }
  FlatSymbolRefAttr valueOf(const core::Expr *init, const core::Type &type) {
    Emitted value = emitter.cast(emitter.emit(init), type);
    bool isNumber = rankOf(value.value) == 0;
    result(isNumber ? emitter.align(value, {}, {}, module.types.sizes(type))
                    : value.value);
    return finish();
  }
};

/// The variables that a tree of a model is loaded from: `generator` is
/// `Gan.generator`. Nothing if it is computed.
std::optional<std::string> prefixOf(const core::Expr *tree) {
  if (auto *model = llvm::dyn_cast<core::TreeModel>(tree))
    return model->model->name.str();
  auto *part = llvm::dyn_cast<core::TreePart>(tree);
  if (!part)
    return std::nullopt;
  std::optional<std::string> prefix = prefixOf(part->tree);
  if (prefix)
    *prefix += "." + part->name.str();
  return prefix;
}

} // namespace

TypedAttr ModuleEmitter::numberAttr(Type element, double value) {
  if (llvm::isa<FloatType>(element))
    return FloatAttr::get(element, value);
  return IntegerAttr::get(element, int64_t(value));
}

void ModuleEmitter::emitVariable(Location loc, StringRef name,
                                 RankedTensorType type, StringRef role,
                                 Attribute init, StringRef file, bool stacked) {
  OpBuilder builder = atEnd();
  StringAttr path =
      file.empty() || file == name ? StringAttr() : builder.getStringAttr(file);
  program::VariableOp::create(builder, loc, builder.getStringAttr(name),
                              TypeAttr::get(type), builder.getStringAttr(role),
                              init, stacked ? path : StringAttr(),
                              stacked ? StringAttr() : path);
}

void ModuleEmitter::emitVariables(StringRef prefix, const core::Slot &slot,
                                  bool allStates) {
  for (const Weight &weight : weights(slot)) {
    const core::Member &member = *weight.member;
    std::string name = (prefix + "." + weight.treePath).str();
    Attribute init = initOf(member);
    if (llvm::isa<FlatSymbolRefAttr>(init))
      init = member.initial.fromBatch
                 ? Attribute(numberAttr(types.element(member.type.elem), 0))
                 : InitEntry(*this, name + ".init", prefix, weight).emit();
    taken.insert(name);
    emitVariable(types.loc(member.range), name, weightType(weight),
                 weight.isParam && !allStates ? "param" : "state", init,
                 weight.path.str(), !weight.copies.empty());
  }
}

FlatSymbolRefAttr
ModuleEmitter::emitSlotInit(StringRef name, const core::StageInstance &stage,
                            const core::StageInstance::SlotInit &slot,
                            const Weight &weight, StringRef prefix) {
  SlotInitEntry entry(*this, (name + ".init").str(), "init", stage.range);
  return entry.emit(stage, slot, weight,
                    (prefix + "." + weight.treePath).str());
}

std::string ModuleEmitter::stateVariables(const core::TrainState &state,
                                          StringRef wanted) {
  std::string &name = stateNames[&state];
  if (!name.empty())
    return name;
  name = uniqueName(wanted);
  Location loc = types.loc(state.range);
  if (!state.type.isTree()) {
    std::optional<double> number = writtenNumber(state.init);
    Attribute init;
    if (number)
      init = numberAttr(types.element(state.type.elem), *number);
    else
      init = StateInitEntry(*this, name + ".init", "init", state.range)
                 .valueOf(state.init, state.type);
    emitVariable(loc, name, types.tensor(state.type), "state", init);
    return name;
  }
  std::optional<std::string> source =
      state.init ? prefixOf(state.init) : std::nullopt;
  if (!source) {
    emitVariables(name, *state.type.slot, /*allStates=*/true);
    return name;
  }
  for (const Weight &weight : weights(*state.type.slot)) {
    std::string variable = name + "." + weight.treePath;
    Attribute init =
        StateInitEntry(*this, variable + ".init", "init", state.range)
            .copyOf(weightType(weight), *source + "." + weight.treePath);
    emitVariable(loc, variable, weightType(weight), "state", init,
                 name + "." + weight.path.str(), !weight.copies.empty());
  }
  return name;
}

} // namespace lamina::irgen
