// SPDX-License-Identifier: Apache-2.0
//
// Definitions by elements, and accesses.
//
// A definition is its body under the axes of its indices. An access is made by
// `Access`; here is what it reads behind the end of a sample.

#include "frontend/IRGen/Access.h"

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// Definitions
//===----------------------------------------------------------------------===//

Emitted Emitter::emitTabulate(const core::Tabulate *e) {
  Ambient inner;
  for (const auto &group : e->groups)
    for (const core::IndexVar *index : group) {
      open(index);
      inner.push_back(index);
    }
  Emitted body = emit(e->body);
  close(inner.size());
  Ambient all = unite(body.ambient, inner);
  Value x = b.convert(align(body, all), types().element(e->type.elem));

  Ambient outer;
  SmallVector<int64_t> order;
  for (auto [axis, index] : llvm::enumerate(all))
    if (!llvm::is_contained(inner, index)) {
      outer.push_back(index);
      order.push_back(axis);
    }
  for (const core::IndexVar *index : inner)
    order.push_back(axisOf(all, index));
  for (int64_t axis = all.size(); axis < int64_t(rankOf(x)); ++axis)
    order.push_back(axis);
  Sizes sizes = ambientSizes(outer), own = types().sizes(e->type);
  sizes.append(own.begin(), own.end());
  return Emitted::tensor(b.reshape(b.transpose(x, order), sizes), outer);
}

//===----------------------------------------------------------------------===//
// Accesses under ragged sizes
//===----------------------------------------------------------------------===//

/// True up to the ends of the ragged axes that are read at places that may lie
/// behind them, in the shape of the base. Nothing if there is no such axis.
Emitted Emitter::insideOfRead(const core::Element &e, const Emitted &base) {
  Emitted all;
  for (auto [axis, subscript] : llvm::enumerate(e.subscripts)) {
    const core::Atom *ragged = raggedAtom(e.base->type.axes[axis].dim);
    if (!ragged || !subscript.value)
      continue;
    const core::Atom *own =
        subscript.position ? subscript.position.size().atom() : nullptr;
    if (own && own->kind == core::Atom::Index &&
        static_cast<const core::IndexVar *>(own->owner)->raggedSize ==
            e.base->type.axes[axis].size())
      continue; // as far as the index goes, so does the axis
    all = bothTrue(all, insideOf(base, e.base->type, axis, ragged));
  }
  return all;
}

/// What stands behind the end of a sample counts as outside, like what would
/// stand behind that of the tensor.
Emitted Emitter::readElement(const core::Element *e) {
  Emitted base = emit(e->base), inside;
  if (e->proof != core::Proof::Else)
    return Access(*this, *e, base, std::nullopt).emit();
  std::optional<double> number = writtenNumber(e->otherwise);
  inside = insideOfRead(*e, base);
  if (!inside.isTensor())
    return Access(*this, *e, base, number).emit();
  Value filled = b.constantLike(base.value, number.value_or(0));
  base.value = b.select(inside.value, base.value, filled);
  Emitted result = Access(*this, *e, base, number.value_or(0)).emit();
  if (number)
    return result;
  Emitted isThere = Access(*this, *e, inside, 0).emit();
  Emitted otherwise = emit(e->otherwise);
  Ambient ambient = unite(result.ambient, otherwise.ambient);
  Value value = b.convert(otherwise.value, elementOf(result.value));
  return Emitted::tensor(
      b.select(align(isThere, ambient), align(result, ambient),
               align(Emitted::tensor(value, otherwise.ambient), ambient)),
      ambient);
}

/// Whether the only place that is read for the position `index` is its own.
static bool isReadInPlace(const core::Element &e, const core::IndexVar *index) {
  return llvm::any_of(llvm::enumerate(e.subscripts), [&](auto each) {
    const core::Dim &position = each.value().position;
    return position && position == index->value &&
           e.base->type.axes[each.index()].size() == index->raggedSize.size();
  });
}

/// Where padding reads another place, as a row of a table or what stands
/// before it, it reads 0: nothing of its derivative gets there.
Emitted Emitter::emitElement(const core::Element *e) {
  Emitted result = readElement(e);
  if (!isReal(result.value))
    return result;
  SmallVector<RaggedAxis, 2> moved;
  for (const RaggedAxis &each : raggedAxes(result.ambient, e->type))
    if (each.axis < result.ambient.size() &&
        !isReadInPlace(*e, result.ambient[each.axis]))
      moved.push_back(each);
  result.value = hidePadding(result.value, moved);
  return result;
}

} // namespace lamina::irgen
