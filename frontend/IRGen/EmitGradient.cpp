// SPDX-License-Identifier: Apache-2.0
//
// Derivatives as ops.
//
// A `graph.gradient` stands in the block where the value that is differentiated
// was computed. Inside a loop over values of outside that block is an outer
// one: there the op keeps all axes of the value apart (`each`), and the loop
// reads its row of the result.

#include "frontend/IRGen/Access.h"
#include "frontend/IRGen/ModuleEmitter.h"
#include "frontend/IRGen/ScanBuilder.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

namespace {

/// `wrt` as operands of the op: one for a tensor or tree, several for a tuple.
void collectTargets(const Emitted &wrt,
                    SmallVectorImpl<const Emitted *> &targets) {
  if (wrt.kind == Emitted::Tuple)
    for (const Emitted &part : wrt.parts)
      collectTargets(part, targets);
  else
    targets.push_back(&wrt);
}

} // namespace

/// Derivatives of the sum of `of` over its own axes, for each of the indices it
/// depends on and the target does not.
Emitted Emitter::gradientOf(const Emitted &of, const Emitted &wrt) {
  if (wrt.kind == Emitted::Tuple) {
    Emitted result = wrt;
    for (Emitted &part : result.parts)
      part = gradientOf(of, part);
    return result;
  }
  Ambient apart;
  for (const core::IndexVar *index : of.ambient)
    if (!llvm::is_contained(wrt.ambient, index))
      apart.push_back(index);
  if (!wrt.isTensor() && !apart.empty()) {
    // No type of tree has axes in front: leaf by leaf.
    Emitted result = explode(wrt);
    for (Emitted &leaf : result.parts)
      leaf = gradientOf(of, leaf);
    return result;
  }
  Emitted target = wrt;
  if (wrt.kind == Emitted::Leaves)
    target = Emitted::tree(implode(wrt), wrt.slot);
  Value value = bringToFront(of, apart);
  Type type = target.value.getType();
  if (!apart.empty())
    type = graph::withLeadingSizes(llvm::cast<RankedTensorType>(type),
                                   ambientSizes(apart));
  IntegerAttr each =
      apart.empty() ? IntegerAttr() : b.getI64IntegerAttr(apart.size());
  auto gradient =
      b.make<graph::GradientOp>(TypeRange(type), ValueRange(value),
                                ValueRange(), ValueRange(target.value), each);
  if (!target.isTensor())
    return Emitted::tree(gradient.getResult(0), target.slot);
  return inOrder(gradient.getResult(0), apart, target.ambient);
}

/// The axes of `apart` first, then those of the other indices, then its own.
Value Emitter::bringToFront(const Emitted &x, const Ambient &apart) {
  SmallVector<int64_t> order;
  for (const core::IndexVar *index : apart)
    order.push_back(axisOf(x.ambient, index));
  for (int64_t axis = 0; axis < int64_t(rankOf(x.value)); ++axis)
    if (!llvm::is_contained(order, axis))
      order.push_back(axis);
  return b.transpose(x.value, order);
}

/// A tensor with the axes of two sets of indices in front, put in their order.
Emitted Emitter::inOrder(Value x, const Ambient &first, const Ambient &second) {
  Ambient ambient = unite(first, second);
  SmallVector<int64_t> order(rankOf(x));
  std::iota(order.begin(), order.end(), 0);
  unsigned axis = 0;
  for (const Ambient *list : {&first, &second})
    for (const core::IndexVar *index : *list)
      order[axisOf(ambient, index)] = axis++;
  return Emitted::tensor(b.transpose(x, order), ambient);
}

Emitted Emitter::emitGradient(const core::Gradient *e) {
  if (std::optional<Emitted> lifted = liftGradient(e))
    return *lifted;
  Emitted of = emit(e->of);
  return gradientOf(of, emit(e->wrt));
}

/// `grad(l[i], w)` in a loop over i, with l and w of outside.
std::optional<Emitted> Emitter::liftGradient(const core::Gradient *e) {
  auto *element = llvm::dyn_cast<core::Element>(e->of);
  auto *base = llvm::dyn_cast<core::LocalRef>(element ? element->base : e->of);
  if (loops.empty() || !base || roots.count(base->local))
    return std::nullopt;
  Emitted value = get(base->local);
  ScanBuilder &loop = *loops.back();
  if (!value.isTensor() || !value.ambient.empty() ||
      !loop.isOutside(value.value))
    return std::nullopt;
  // Every element of `l` apart, under indices of our own; then the access.
  if (element)
    for (const core::Axis &axis : element->base->type.axes) {
      value.ambient.push_back(module.makeIndex(axis.dim));
      bind(value.ambient.back());
    }
  Emitted all;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getProvisional());
    auto inside = roots;
    loop.restoreRoots();
    all = gradientOf(value, emit(e->wrt));
    roots = inside;
  }
  if (!element)
    return all;
  return mapTensors(all, [&](const Emitted &derivative) {
    return Access(*this, *element, Emitted::tensor(derivative.value),
                  writtenNumber(element->otherwise))
        .emit();
  });
}

Emitted Emitter::emitPushforward(const core::Pushforward *e) {
  Emitted of = emit(e->of), wrt = emit(e->wrt), tangent = emit(e->tangent);
  SmallVector<const Emitted *> targets, tangents;
  collectTargets(wrt, targets);
  collectTargets(tangent, tangents);
  SmallVector<Value> sources, directions;
  for (auto [target, direction] : llvm::zip_equal(targets, tangents)) {
    if (!target->isTensor()) {
      sources.push_back(implode(*target));
      directions.push_back(implode(*direction));
      continue;
    }
    sources.push_back(target->value);
    Value along = align(*direction, target->ambient);
    if (rankOf(along) < rankOf(target->value))
      along = b.broadcast(along, graph::getShape(target->value), {});
    directions.push_back(along);
  }
  auto op = b.make<graph::PushforwardOp>(
      TypeRange(of.value.getType()), ValueRange(of.value), sources, directions);
  return Emitted::tensor(op.getResult(0), of.ambient);
}

} // namespace lamina::irgen
