// SPDX-License-Identifier: Apache-2.0
//
// Layers, their trees, their calls.
//
// One `model.layer` for each instance of Core, made when the first tree of it
// is named. Chains, `L | F` and tuples of trees have no declaration; each shape
// of them is a layer with fields only, shared by all slots of that shape.

#include "frontend/IRGen/ModuleEmitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// Trees
//===----------------------------------------------------------------------===//

model::TreeType ModuleEmitter::treeType(const core::Slot &slot) {
  switch (slot.kind) {
  case core::Slot::Layer:
    assert(slot.instance && "a field that is used has been called");
    return model::TreeType::get(
        FlatSymbolRefAttr::get(layerOf(*slot.instance)));
  case core::Slot::Repeat:
    return model::TreeType::get(treeType(*slot.parts.front().slot).getLayer(),
                                slot.count);
  default:
    return model::TreeType::get(groupLayer(slot));
  }
}

std::string ModuleEmitter::filterName(unsigned number) {
  return ("filter." + Twine(number)).str();
}

static bool hasWeights(const core::Slot &slot) {
  if (slot.kind == core::Slot::Layer)
    return slot.instance;
  return llvm::any_of(slot.parts, [](const core::Slot::Part &part) {
    return part.slot && hasWeights(*part.slot);
  });
}

/// The tree of a filter: a weight of a repeated layer has one for each copy.
model::TreeType ModuleEmitter::filterType(const core::Slot &filtered,
                                          unsigned number) {
  const core::Slot::Filter &filter = filtered.filters[number];
  FlatSymbolRefAttr layer = treeType(*filter.slot).getLayer();
  const Weight &weight = weightAt(*filtered.parts.front().slot, filter.leaf);
  assert(weight.copies.size() <= 1 && "filters of nested copies are refused");
  return weight.copies.empty()
             ? model::TreeType::get(layer)
             : model::TreeType::get(layer, weight.copies.front());
}

/// The layer of a slot without a declaration. Equal fields make equal layers.
FlatSymbolRefAttr ModuleEmitter::groupLayer(const core::Slot &slot) {
  SmallVector<std::pair<std::string, model::TreeType>> fields;
  if (slot.kind == core::Slot::Filtered) {
    fields.push_back({filteredBase.str(), treeType(*slot.parts.front().slot)});
    for (unsigned number = 0; number < slot.filters.size(); ++number)
      fields.push_back({filterName(number), filterType(slot, number)});
  } else {
    for (const core::Slot::Part &part : slot.parts)
      if (part.slot && hasWeights(*part.slot))
        fields.push_back({part.name.str(), treeType(*part.slot)});
  }
  std::string key;
  llvm::raw_string_ostream text(key);
  for (auto &[name, type] : fields)
    text << name << ':' << type << ';';
  Operation *&layer = groupLayers[key];
  if (!layer) {
    StringRef wanted = slot.name.empty() ? "chain" : slot.name;
    OpBuilder builder = atEnd();
    Location loc = types.loc(slot.range);
    auto op = model::LayerOp::create(builder, loc, uniqueName(wanted));
    layer = op;
    builder.setInsertionPointToEnd(&op.getBody().emplaceBlock());
    for (auto &[name, type] : fields)
      model::FieldOp::create(builder, loc, builder.getStringAttr(name),
                             TypeAttr::get(type));
  }
  return FlatSymbolRefAttr::get(layer);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

model::LayerOp ModuleEmitter::layerOf(const core::LayerInstance &instance) {
  if (Operation *known = layers.lookup(&instance))
    return llvm::cast<model::LayerOp>(known);
  OpBuilder builder = atEnd();
  auto layer = model::LayerOp::create(builder, types.loc(instance.range),
                                      uniqueName(instance.name));
  layers[&instance] = layer;
  if (!instance.key.empty())
    layer->setAttr("instance", builder.getStringAttr(instance.key));
  builder.setInsertionPointToEnd(&layer.getBody().emplaceBlock());
  for (const core::Member &member : instance.members)
    emitMember(builder, member);
  return layer;
}

void ModuleEmitter::emitMember(OpBuilder &builder, const core::Member &member) {
  Location loc = types.loc(member.range);
  if (member.slot) {
    if (hasWeights(*member.slot))
      model::FieldOp::create(builder, loc, builder.getStringAttr(member.name),
                             TypeAttr::get(treeType(*member.slot)));
    return;
  }
  StringAttr name = builder.getStringAttr(member.name);
  TypeAttr type = TypeAttr::get(types.tensor(member.type));
  if (member.kind == core::Member::Param)
    model::ParamOp::create(builder, loc, name, type, initOf(member));
  else
    model::StateOp::create(builder, loc, name, type, initOf(member));
}

/// A number, or the name under which variables have their function. (The
/// function differs from variable to variable: by what it loads and by the keys
/// of draws.)
Attribute ModuleEmitter::initOf(const core::Member &member) {
  if (std::optional<double> number = writtenNumber(member.initial.value))
    return numberAttr(types.element(member.type.elem), *number);
  return FlatSymbolRefAttr::get(types.getContext(), "init");
}

//===----------------------------------------------------------------------===//
// Weights below a slot
//===----------------------------------------------------------------------===//

static Weight partOf(Weight at, StringRef name, StringRef treeName) {
  if (!name.empty())
    at.path.parts.push_back(name);
  if (!treeName.empty())
    at.treePath += (at.treePath.empty() ? "" : ".") + treeName.str();
  return at;
}

/// Weights of a layer, and of the layers that are its members.
void ModuleEmitter::collectMembers(const core::LayerInstance &layer,
                                   const Weight &at, bool isState,
                                   SmallVectorImpl<Weight> &result) {
  for (const core::Member &member : layer.members) {
    bool state = isState || member.kind == core::Member::State;
    Weight weight = partOf(at, member.name, member.name);
    if (member.slot) {
      collectWeights(*member.slot, weight, state, result);
      continue;
    }
    weight.member = &member;
    weight.isParam = !state;
    result.push_back(weight);
  }
}

/// Weights of the layers that the weights of `slot` pass through.
void ModuleEmitter::collectFilters(const core::Slot &slot, const Weight &at,
                                   bool isState,
                                   SmallVectorImpl<Weight> &result) {
  const core::Slot &base = *slot.parts.front().slot;
  for (auto [number, filter] : llvm::enumerate(slot.filters)) {
    Weight inner = partOf(at, "", filterName(number));
    inner.path.parts.append(filter.leaf.parts.begin(), filter.leaf.parts.end());
    inner.path.parts.push_back(filter.slot->name);
    inner.copies.append(weightAt(base, filter.leaf).copies);
    collectWeights(*filter.slot, inner, isState, result);
  }
}

void ModuleEmitter::collectWeights(const core::Slot &slot, Weight at,
                                   bool isState,
                                   SmallVectorImpl<Weight> &result) {
  auto below = [&](StringRef name, StringRef treeName, const core::Slot &part) {
    collectWeights(part, partOf(at, name, treeName), isState, result);
  };
  switch (slot.kind) {
  case core::Slot::Layer:
    if (slot.instance)
      collectMembers(*slot.instance, at, isState, result);
    return;
  case core::Slot::Repeat:
    at.copies.push_back(slot.count);
    below("*", "", *slot.parts.front().slot);
    return;
  case core::Slot::Filtered:
    below("", filteredBase, *slot.parts.front().slot);
    collectFilters(slot, at, isState, result);
    return;
  case core::Slot::Chain:
  case core::Slot::Group:
    for (const core::Slot::Part &part : slot.parts)
      if (part.slot)
        below(part.name, part.name, *part.slot);
  }
}

ArrayRef<Weight> ModuleEmitter::weights(const core::Slot &slot) {
  auto [it, isNew] = weightLists.try_emplace(&slot);
  if (isNew)
    collectWeights(slot, Weight{{}, "", nullptr, {}, true}, false, it->second);
  return it->second;
}

SmallVector<Weight> ModuleEmitter::params(const core::Slot &slot) {
  return SmallVector<Weight>(llvm::make_filter_range(
      weights(slot), [](const Weight &w) { return w.isParam; }));
}

SmallVector<Weight> ModuleEmitter::states(const core::Slot &slot) {
  return SmallVector<Weight>(llvm::make_filter_range(
      weights(slot), [](const Weight &w) { return !w.isParam; }));
}

const Weight &ModuleEmitter::weightAt(const core::Slot &slot,
                                      const core::Path &path) {
  ArrayRef<Weight> all = weights(slot);
  const Weight *found = llvm::find_if(
      all, [&](const Weight &w) { return w.path.parts == path.parts; });
  assert(found != all.end() && "a row of a pipeline is a weight of the model");
  return *found;
}

RankedTensorType ModuleEmitter::weightType(const Weight &weight) const {
  Sizes sizes(weight.copies.begin(), weight.copies.end());
  Sizes own = types.sizes(weight.member->type);
  sizes.append(own.begin(), own.end());
  return types.tensor(sizes, types.element(weight.member->type.elem));
}

Type ModuleEmitter::stackOf(Type row, const SizeExpr &count) {
  if (auto tree = llvm::dyn_cast<model::TreeType>(row))
    return model::TreeType::get(tree.getLayer(), *count.getConstant());
  return graph::withLeadingSizes(llvm::cast<RankedTensorType>(row), count);
}

void ModuleEmitter::flatTypes(const core::Type &type,
                              ArrayRef<SizeExpr> ambient,
                              SmallVectorImpl<Type> &result) {
  switch (type.kind) {
  case core::Type::Tensor: {
    Sizes sizes(ambient), own = types.sizes(type);
    sizes.append(own.begin(), own.end());
    result.push_back(types.tensor(sizes, types.element(type.elem)));
    return;
  }
  case core::Type::Tree:
    result.push_back(treeType(*type.slot));
    return;
  case core::Type::Tuple:
    for (const core::Type &part : type.parts)
      flatTypes(part, ambient, result);
    return;
  case core::Type::None:
    return;
  default:
    llvm_unreachable("a value of this type crosses no call");
  }
}

/// Dims are interned; a further constant changes nothing of the program.
core::Dim ModuleEmitter::constant(int64_t value) const {
  return const_cast<core::DimContext &>(program.dims).constant(value);
}

const core::IndexVar *ModuleEmitter::makeIndex(core::Dim extent,
                                               StringRef name) {
  core::IndexVar &index = indices.emplace_back();
  index.name = name;
  index.low = extent.context().constant(0);
  index.extent = extent;
  return &index;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {

/// A call of a layer asks its caller for what is not its own.
class CallSurroundings : public Surroundings {
public:
  CallSurroundings(ModuleEmitter &module, FunctionInfo &info)
      : module(module), info(info) {}

  Value scalar(Emitter &, const core::Scalar &scalar) override {
    auto *known = llvm::find(info.scalars, &scalar);
    if (known != info.scalars.end())
      return scalarArgs[known - info.scalars.begin()];
    info.scalars.push_back(&scalar);
    Type type = module.types.scalar(module.types.real());
    scalarArgs.push_back(
        block->addArgument(type, module.types.loc(scalar.range)));
    return scalarArgs.back();
  }

  Value lengths(Emitter &, const core::Atom &ragged) override {
    info.lengths.push_back(&ragged);
    Sizes sizes;
    if (const core::Atom *samples = ragged.raggedOver) {
      bool isKnown = samples->low && samples->low == samples->high;
      sizes.push_back(isKnown ? module.types.size(samples->low)
                              : module.types.atomSize(*samples));
    }
    Type type = module.types.tensor(sizes, module.types.whole());
    lengthArgs.push_back(
        block->addArgument(type, module.types.loc(ragged.range)));
    return lengthArgs.back();
  }

  Value drawKey(Emitter &emitter, StringRef path, Ambient &) override {
    return emitter.b.make<model::KeyOp>(
        module.types.key(), emitter.b.getStringAttr(path), emitter.rounds);
  }

  Block *block = nullptr;
  SmallVector<Value> scalarArgs, lengthArgs;

private:
  ModuleEmitter &module;
  FunctionInfo &info;
};

/// Puts the arguments of lengths behind those of scalars: in the order in which
/// they were asked for they are mixed.
SmallVector<Type> sortExtras(Block &block, const CallSurroundings &around) {
  unsigned first = block.getNumArguments() - around.scalarArgs.size() -
                   around.lengthArgs.size();
  SmallVector<Value> sorted = around.scalarArgs;
  sorted.append(around.lengthArgs);
  SmallVector<Value> fresh;
  for (Value old : sorted)
    fresh.push_back(block.addArgument(old.getType(), old.getLoc()));
  for (auto [old, argument] : llvm::zip_equal(sorted, fresh))
    old.replaceAllUsesWith(argument);
  block.eraseArguments(first, sorted.size());
  return SmallVector<Type>(block.getArgumentTypes());
}

} // namespace

const FunctionInfo &
ModuleEmitter::function(const core::FunctionInstance &callee,
                        const Ambient &ambient, bool firstBatch) {
  // Most layers start nothing from a batch; their functions serve here too.
  firstBatch = firstBatch && startsFromBatch(selfSlot(*callee.layer));
  std::string key = firstBatch ? "first," : "";
  for (const core::IndexVar *index : ambient)
    key += types.size(index->extent).str() + ",";
  auto [it, isNew] = functions.try_emplace({&callee, key});
  FunctionInfo &info = it->second;
  if (!isNew)
    return info;

  model::LayerOp layer = layerOf(*callee.layer);
  StringRef wanted = callee.name.empty() ? "call" : callee.name;
  info.updates = callee.updates || firstBatch;
  info.name = wanted.str();
  for (unsigned number = 2; SymbolTable::lookupSymbolIn(layer, info.name);
       ++number)
    info.name = (wanted + "." + Twine(number)).str();
  OpBuilder builder = OpBuilder::atBlockEnd(&layer.getBody().front());
  auto function =
      func::FuncOp::create(builder, types.loc(callee.range), info.name,
                           builder.getFunctionType({}, {}));
  emitCall(callee, ambient, layer, function, info, firstBatch);
  return info;
}

/// Params and captures are arguments of the function.
static void defineParams(Emitter &emitter, const core::FunctionInstance &callee,
                         const Ambient &indices, Block &block) {
  Sizes leading = emitter.ambientSizes(indices);
  for (const auto *list : {&callee.params, &callee.captures})
    for (const core::Local *param : *list) {
      SmallVector<Type> flat;
      emitter.module.flatTypes(param->type, leading, flat);
      SmallVector<Value> arguments;
      for (Type type : flat)
        arguments.push_back(
            block.addArgument(type, emitter.types().loc(param->range)));
      ValueRange values = arguments;
      emitter.define(param, emitter.unflatten(param->type, indices, values));
    }
}

void ModuleEmitter::emitCall(const core::FunctionInstance &callee,
                             const Ambient &ambient, model::LayerOp layer,
                             func::FuncOp function, FunctionInfo &info,
                             bool firstBatch) {
  CallSurroundings around(*this, info);
  Emitter emitter(*this, around);
  TensorBuilder &b = emitter.b;
  b.place = function.getLoc();
  Block *block = around.block = function.addEntryBlock();
  b.setInsertionPointToEnd(block);

  auto selfType = model::TreeType::get(FlatSymbolRefAttr::get(layer));
  core::Slot &self = selfSlot(*callee.layer);
  emitter.setRoot(nullptr,
                  Emitted::tree(block->addArgument(selfType, b.place), &self));
  // Indices of its own, since the function serves callers under other ones.
  Ambient indices;
  for (const core::IndexVar *index : ambient) {
    indices.push_back(makeIndex(index->extent, index->name));
    emitter.open(indices.back());
  }
  defineParams(emitter, callee, indices, *block);

  emitter.firstBatch = firstBatch;
  if (firstBatch)
    startWeights(callee, emitter);
  Emitted result = emitter.cast(emitter.emit(callee.body), callee.result);
  SmallVector<Value> results;
  emitter.flatten(result, indices, results);
  if (info.updates)
    results.push_back(emitter.implode(emitter.roots[nullptr]));
  func::ReturnOp::create(b, b.place, results);
  llvm::append_range(info.results, ValueRange(results).getTypes());
  SmallVector<Type> arguments = sortExtras(*block, around);
  function.setFunctionType(b.getFunctionType(arguments, info.results));
}

/// `param centre: [c] = mean(x over ...)`: from the arguments of the first
/// call.
void ModuleEmitter::startWeights(const core::FunctionInstance &callee,
                                 Emitter &emitter) {
  for (const core::Member &member : callee.layer->members) {
    if (member.slot || member.initial.fromBatch != &callee)
      continue;
    Emitted start =
        emitter.cast(emitter.emit(member.initial.value), member.type);
    Sizes sizes = types.sizes(member.type);
    Value value = rankOf(start.value) == 0 ? emitter.align(start, {}, {}, sizes)
                                           : start.plain();
    Emitted self = emitter.roots[nullptr];
    self.value = emitter.treeWith(self.value, member.name, value);
    emitter.setRoot(nullptr, self);
  }
}

bool ModuleEmitter::startsFromBatch(const core::Slot &slot) {
  return llvm::any_of(weights(slot), [](const Weight &weight) {
    return weight.member->initial.fromBatch;
  });
}

core::Slot &ModuleEmitter::selfSlot(const core::LayerInstance &instance) {
  core::Slot *&slot = selfSlots[&instance];
  if (!slot) {
    slot = &slots.emplace_back();
    slot->kind = core::Slot::Layer;
    slot->instance = const_cast<core::LayerInstance *>(&instance);
  }
  return *slot;
}

} // namespace lamina::irgen
