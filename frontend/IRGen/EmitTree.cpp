// SPDX-License-Identifier: Apache-2.0
//
// Trees of weights, their leaves and places.
//
// A tree is one value as long as it is only handed on; arithmetic takes it
// apart into its params and `implode` puts them back with `model.with`.

#include "frontend/IRGen/ModuleEmitter.h"
#include "frontend/IRGen/ScanBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Emitted Emitter::emitTreeSelf(const core::TreeSelf *e) {
  return rootValue(nullptr, e);
}
Emitted Emitter::emitTreeModel(const core::TreeModel *e) {
  return rootValue(e->model, e);
}
Emitted Emitter::emitTreeState(const core::TreeState *e) {
  return rootValue(e->state, e);
}

Emitted Emitter::rootValue(Root root, const core::Expr *tree) {
  if (auto it = roots.find(root); it != roots.end())
    return it->second;
  Emitted value =
      tree->kind == core::ExprKind::TreeState
          ? around.trainState(*this, *llvm::cast<core::TreeState>(tree)->state)
          : around.modelTree(*this, *llvm::cast<core::TreeModel>(tree)->model);
  setRoot(root, value);
  return value;
}

std::optional<Emitter::Place> Emitter::placeOf(const core::Expr *expr) const {
  using core::ExprKind;
  switch (expr->kind) {
  case ExprKind::TreeSelf:
    return Place{nullptr, ""};
  case ExprKind::TreeModel:
    return Place{llvm::cast<core::TreeModel>(expr)->model, ""};
  case ExprKind::TreeState:
    return Place{llvm::cast<core::TreeState>(expr)->state, ""};
  case ExprKind::LocalRef: {
    Root root = llvm::cast<core::LocalRef>(expr)->local;
    return roots.count(root) ? std::optional(Place{root, ""}) : std::nullopt;
  }
  case ExprKind::Retype:
    return placeOf(llvm::cast<core::Retype>(expr)->operand);
  case ExprKind::TreePart:
  case ExprKind::Leaf: {
    auto *part = llvm::dyn_cast<core::TreePart>(expr);
    auto *leaf = llvm::dyn_cast<core::Leaf>(expr);
    std::optional<Place> place = placeOf(part ? part->tree : leaf->tree);
    if (!place)
      return std::nullopt;
    core::Symbol name = part ? part->name : leaf->name;
    place->path += (place->path.empty() ? "" : ".") + name.str();
    return place;
  }
  default:
    return std::nullopt;
  }
}

void Emitter::store(const core::Expr *expr, Emitted value, StringRef field) {
  std::optional<Place> place = placeOf(expr);
  // What a call makes of the states of a tree that is no place is forgotten,
  // and so is what it makes of them under an index, where there are many of it.
  if (!place || !scope.empty())
    return;
  if (!field.empty())
    place->path += (place->path.empty() ? "" : ".") + field.str();
  if (place->path.empty()) {
    setRoot(place->root, value);
    return;
  }
  Emitted tree = roots.count(place->root) ? roots[place->root]
                                          : rootValue(place->root, expr);
  Value leafOrTree = value.isTensor() ? value.plain() : implode(value);
  tree = Emitted::tree(implode(tree), tree.slot);
  tree.value = treeWith(tree.value, place->path, leafOrTree);
  setRoot(place->root, tree);
}

//===----------------------------------------------------------------------===//
// Parts and leaves
//===----------------------------------------------------------------------===//

Emitted Emitter::emitTreePart(const core::TreePart *e) {
  Emitted tree = emit(e->tree);
  core::Slot *part = e->type.slot ? e->type.slot : partOf(*tree.slot, e->name);
  auto name = FlatSymbolRefAttr::get(b.getContext(), e->name);
  return Emitted::tree(
      b.make<model::PartOp>(module.treeType(*part), implode(tree), name), part);
}

core::Slot *Emitter::partOf(const core::Slot &slot, core::Symbol name) {
  for (const core::Slot::Part &part : slot.parts)
    if (part.name == name)
      return part.slot;
  if (slot.instance)
    for (const core::Member &member : slot.instance->members)
      if (member.slot && member.name == name)
        return member.slot;
  llvm_unreachable("Sema names only parts that are there");
}

Emitted Emitter::emitLeaf(const core::Leaf *e) {
  if (e->tree->kind == core::ExprKind::TreeSelf && !roots.count(nullptr))
    return around.ownWeight(*this, e->name, types().tensor(e->type));
  Emitted tree = emit(e->tree);
  if (tree.kind == Emitted::Leaves)
    for (auto [leaf, value] :
         llvm::zip_equal(module.params(*tree.slot), tree.parts))
      if (leaf.treePath == e->name)
        return value;
  return Emitted::tensor(
      leafOf(implode(tree), e->name, types().tensor(e->type)));
}

Value Emitter::leafOf(Value tree, StringRef path, Type type) {
  return b.make<model::LeafOp>(type, tree, b.getStringAttr(path));
}

Value Emitter::treeWith(Value tree, StringRef path, Value value) {
  return b.make<model::WithOp>(tree.getType(), tree, path, value);
}

Emitted Emitter::explode(const Emitted &tree) {
  if (tree.kind == Emitted::Leaves)
    return tree;
  assert(tree.kind == Emitted::Tree);
  Emitted result;
  result.kind = Emitted::Leaves;
  result.value = tree.value;
  result.slot = tree.slot;
  for (const Weight &weight : module.params(*tree.slot))
    result.parts.push_back(Emitted::tensor(
        leafOf(tree.value, weight.treePath, module.weightType(weight))));
  return result;
}

Value Emitter::implode(const Emitted &tree) {
  if (tree.kind != Emitted::Leaves)
    return tree.value;
  Value result = tree.value;
  for (auto [leaf, value] :
       llvm::zip_equal(module.params(*tree.slot), tree.parts))
    result = treeWith(result, leaf.treePath, value.plain());
  return result;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Emitted Emitter::mapTensors(const Emitted &x,
                            function_ref<Emitted(const Emitted &)> map) {
  if (x.isTensor())
    return map(x);
  Emitted result = x.kind == Emitted::Tree ? explode(x) : x;
  for (Emitted &part : result.parts)
    part = mapTensors(part, map);
  return result;
}

Emitted Emitter::emitTreeArith(const core::TreeArith *e) {
  SmallVector<Emitted, 2> operands;
  for (const core::Expr *operand : e->operands)
    operands.push_back(emit(operand));
  return treeArithmetic(e->primitive, operands);
}

Emitted Emitter::treeArithmetic(core::Primitive primitive,
                                ArrayRef<Emitted> operands) {
  SmallVector<Emitted, 2> exploded;
  const Emitted *shape = nullptr;
  for (const Emitted &operand : operands) {
    exploded.push_back(operand.kind == Emitted::Tree ? explode(operand)
                                                     : operand);
    if (!operand.isTensor() && !shape)
      shape = &operand;
  }
  if (!shape)
    return tensorArithmetic(primitive, exploded);
  Emitted result =
      *llvm::find_if(exploded, [](const Emitted &x) { return !x.isTensor(); });
  for (auto [i, part] : llvm::enumerate(result.parts)) {
    SmallVector<Emitted, 2> parts;
    for (const Emitted &operand : exploded)
      parts.push_back(operand.isTensor() ? operand : operand.parts[i]);
    part = treeArithmetic(primitive, parts);
  }
  return result;
}

/// Operands of one shape, or numbers.
Emitted Emitter::tensorArithmetic(core::Primitive primitive,
                                  ArrayRef<Emitted> operands) {
  Ambient ambient;
  unsigned rank = 0, widest = 0;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    ambient = unite(ambient, operand.ambient);
    if (unsigned own = rankOf(operand.value) - operand.ambient.size();
        own > rank)
      rank = own, widest = i;
  }
  Value shape = align(operands[widest], ambient);
  Sizes own = sizesBehind(shape, ambient.size());
  SmallVector<Value, 2> values;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    Emitted real = operand;
    real.value = b.convert(operand.value, types().real());
    bool isNumber = rankOf(operand.value) == operand.ambient.size();
    values.push_back(i == widest ? b.convert(shape, types().real())
                     : isNumber  ? align(real, ambient, {}, own)
                                 : align(real, ambient));
  }
  return Emitted::tensor(arithmetic(primitive, values, types().real()),
                         ambient);
}

/// The sum over all tensors of a value of the products with those of another.
Emitted Emitter::dotProduct(const Emitted &a, const Emitted &c) {
  if (a.isTensor()) {
    Emitted product = tensorArithmetic(core::Primitive::Mul, {a, c});
    SmallVector<int64_t> axes;
    for (int64_t axis = product.ambient.size();
         axis < int64_t(rankOf(product.value)); ++axis)
      axes.push_back(axis);
    product.value = b.reduce(graph::ReduceKind::Sum, product.value, axes);
    return product;
  }
  Emitted left = a.kind == Emitted::Tree ? explode(a) : a;
  Emitted right = c.kind == Emitted::Tree ? explode(c) : c;
  Emitted sum;
  for (auto [x, y] : llvm::zip_equal(left.parts, right.parts)) {
    Emitted part = dotProduct(x, y);
    sum = sum.isTensor() ? tensorArithmetic(core::Primitive::Add, {sum, part})
                         : part;
  }
  return sum.isTensor() ? sum : Emitted::tensor(b.number(types().real(), 0));
}

Emitted Emitter::emitTreeFold(const core::TreeFold *e) {
  Emitted first = emit(e->operands.front());
  Emitted second = e->isNorm ? first : emit(e->operands[1]);
  Emitted sum = dotProduct(first, second);
  if (e->isNorm)
    sum.value = b.make<math::SqrtOp>(sum.value);
  return sum;
}

Emitted Emitter::chooseTree(const Emitted &condition, const Emitted &yes,
                            const Emitted &no) {
  Emitted result = explode(yes), other = explode(no);
  for (auto [a, c] : llvm::zip_equal(result.parts, other.parts))
    a = choose(condition, a, c);
  if (!condition.ambient.empty() || yes.value == no.value)
    return result;
  // States of the two may differ as well.
  for (const Weight &state : module.states(*yes.slot)) {
    Type type = module.weightType(state);
    Emitted chosen = choose(
        condition, Emitted::tensor(leafOf(yes.value, state.treePath, type)),
        Emitted::tensor(leafOf(no.value, state.treePath, type)));
    result.value = treeWith(result.value, state.treePath, chosen.value);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Filters
//===----------------------------------------------------------------------===//

/// The tree of L with each weight of the group passed through F.
Emitted Emitter::emitFiltered(const core::Filtered *e) {
  Emitted filtered = emit(e->tree);
  const core::Slot &slot = *filtered.slot;
  core::Slot *base = slot.parts.front().slot;
  auto part = [&](model::TreeType type, StringRef name) -> Value {
    return b.make<model::PartOp>(type, filtered.value,
                                 FlatSymbolRefAttr::get(b.getContext(), name));
  };
  Value result = part(module.treeType(*base), ModuleEmitter::filteredBase);
  for (auto [number, filter] : llvm::enumerate(slot.filters)) {
    std::string name = ModuleEmitter::filterName(number);
    const Weight &weight = module.weightAt(*base, filter.leaf);
    Value tree = part(module.filterType(slot, number), name);
    Value old = leafOf(result, weight.treePath, module.weightType(weight));
    auto [value, after] = filterWeight(filter, old, tree);
    result = treeWith(result, weight.treePath, value);
    if (after)
      store(e->tree, Emitted::tree(after, filter.slot), name);
  }
  return Emitted::tree(result, base);
}

/// What F makes of a weight, and its tree with new states or null. Copies of a
/// repeated layer pass through one after the other.
std::pair<Value, Value> Emitter::filterWeight(const core::Slot::Filter &filter,
                                              Value weight, Value tree) {
  auto apply = [&](Value weight, Value tree) {
    CallResult call =
        callFunction(*filter.call, Emitted::tree(tree, filter.slot),
                     {Emitted::tensor(weight)}, {});
    return std::pair(call.result.plain(), call.tree);
  };
  auto type = llvm::cast<model::TreeType>(tree.getType());
  if (!type.isStack())
    return apply(weight, tree);
  ScanBuilder scan(*this, SizeExpr(type.getCopies()), nullptr, false, {});
  Value row = scan.row(weight), treeRow = scan.row(tree);
  Value round = rounds.pop_back_val();
  auto [value, after] = apply(row, treeRow);
  rounds.push_back(round);
  SmallVector<Value> rows{value};
  if (after)
    rows.push_back(after);
  ScanBuilder::Results results = scan.end({}, rows);
  return {results.stacks[0], after ? results.stacks[1] : Value()};
}

} // namespace lamina::irgen
