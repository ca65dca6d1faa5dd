// SPDX-License-Identifier: Apache-2.0
//
// The leaves of trees of weights.
//
// Layers are read once, inner ones first; a tree is then an offset into the
// list of its layer.

#include "dialects/Model/TreeLayout.h"

#include "dialects/Graph/Shape.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::model;

RankedTensorType lamina::model::getStackedType(RankedTensorType type,
                                               int64_t copies) {
  if (copies == 0)
    return type;
  return graph::withLeadingSizes(type, {graph::SizeExpr(copies)});
}

TreeLayout::TreeLayout(ModuleOp module) {
  std::map<std::string, LayerOp> ops;
  for (LayerOp op : module.getOps<LayerOp>())
    ops.try_emplace(op.getSymName().str(), op);
  for (auto &[name, op] : ops)
    if (!read(op, ops)) {
      valid = false;
      return;
    }
}

/// Adds the weights of a member layer; false after a diagnostic.
bool TreeLayout::addField(Layer &layer, FieldOp field,
                          const std::map<std::string, LayerOp> &ops) {
  auto tree = cast<TreeType>(field.getType());
  auto inner = ops.find(tree.getLayer().getValue().str());
  if (inner == ops.end()) {
    field.emitError("there is no layer '") << tree.getLayer().getValue() << "'";
    return false;
  }
  Layer *within = read(inner->second, ops);
  if (!within) {
    InFlightDiagnostic diag = field.emitError("field '")
                              << field.getSymName() << "' cannot be read";
    return false;
  }
  layer.members.push_back({field.getSymName().str(), tree,
                           unsigned(layer.leaves.size()),
                           unsigned(within->leaves.size())});
  for (const Leaf &leaf : within->leaves)
    layer.leaves.push_back({field.getSymName().str() + "." + leaf.path,
                            getStackedType(leaf.type, tree.getCopies()),
                            leaf.isState});
  return true;
}

TreeLayout::Layer *TreeLayout::read(LayerOp op,
                                    const std::map<std::string, LayerOp> &ops) {
  auto [it, isNew] = layers.try_emplace(op.getSymName().str());
  Layer &layer = it->second;
  if (!isNew) {
    if (!layer.isOpen)
      return &layer;
    op.emitError("layer '") << op.getSymName() << "' holds itself";
    return nullptr;
  }
  layer.op = op;
  auto addWeight = [&](StringRef name, Type type, bool isState) {
    layer.members.push_back(
        {name.str(), type, unsigned(layer.leaves.size()), 1});
    layer.leaves.push_back({name.str(), cast<RankedTensorType>(type), isState});
  };
  for (Operation &member : op.getBody().front()) {
    if (auto param = dyn_cast<ParamOp>(member))
      addWeight(param.getSymName(), param.getType(), false);
    if (auto state = dyn_cast<StateOp>(member))
      addWeight(state.getSymName(), state.getType(), true);
    auto field = dyn_cast<FieldOp>(member);
    if (field && !addField(layer, field, ops))
      return nullptr;
  }
  layer.isOpen = false;
  return &layer;
}

const TreeLayout::Layer &TreeLayout::at(TreeType tree) const {
  auto it = layers.find(tree.getLayer().getValue().str());
  assert(it != layers.end() && "a tree of an unknown layer");
  return it->second;
}

bool TreeLayout::hasLayer(TreeType tree) const {
  return layers.count(tree.getLayer().getValue().str()) != 0;
}

LayerOp TreeLayout::getLayer(TreeType tree) const { return at(tree).op; }

unsigned TreeLayout::getLeafCount(TreeType tree) const {
  return at(tree).leaves.size();
}

SmallVector<Leaf> TreeLayout::getLeaves(TreeType tree) const {
  const std::vector<Leaf> &own = at(tree).leaves;
  SmallVector<Leaf> leaves(own.begin(), own.end());
  for (Leaf &leaf : leaves)
    leaf.type = getStackedType(leaf.type, tree.getCopies());
  return leaves;
}

std::optional<Place> TreeLayout::find(TreeType tree, StringRef path) const {
  if (!hasLayer(tree))
    return std::nullopt;
  if (path.empty())
    return Place{0, getLeafCount(tree), tree};
  for (const Member &member : at(tree).members) {
    StringRef rest = path;
    // A name may hold dots itself, so it is tried whole.
    if (!rest.consume_front(member.name) ||
        !(rest.empty() || rest.consume_front(".")))
      continue;
    auto field = dyn_cast<TreeType>(member.type);
    if (!field) {
      if (!rest.empty())
        continue;
      return Place{member.first, 1,
                   getStackedType(cast<RankedTensorType>(member.type),
                                  tree.getCopies())};
    }
    std::optional<Place> inner = find(field, rest);
    if (!inner)
      continue;
    inner->first += member.first;
    if (tree.isStack()) {
      if (auto leaf = dyn_cast_or_null<RankedTensorType>(inner->type))
        inner->type = getStackedType(leaf, tree.getCopies());
      else if (auto part = dyn_cast_or_null<TreeType>(inner->type))
        inner->type =
            part.isStack()
                ? Type()
                : Type(TreeType::get(part.getLayer(), tree.getCopies()));
    }
    return inner;
  }
  return std::nullopt;
}
