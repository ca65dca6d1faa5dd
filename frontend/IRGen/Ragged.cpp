// SPDX-License-Identifier: Apache-2.0
//
// Sizes that differ from sample to sample.
//
// A ragged size is the padded size in types; its lengths are a tensor beside
// it. Where elements of different positions meet, the emitters ask here for the
// condition that a position is inside.
//
// Padding may hold anything, NaN too, and so may derivatives there. Where a
// value without a ragged axis meets one that has it, the derivative of the
// former is a sum over that axis: there the padding is hidden (decision 0155).

#include "frontend/IRGen/Emitter.h"

using namespace mlir;

namespace lamina::irgen {

const core::Atom *Emitter::raggedAtom(core::Dim dim) const {
  const core::Atom *atom = dim.size().atom();
  return atom && (atom->raggedOver || lengthValues.count(atom)) ? atom
                                                                : nullptr;
}

/// A number of samples that is known has no name, and is compared by value.
bool Emitter::isAlongSamples(core::Dim dim, const core::Atom &ragged) {
  const core::Atom *samples = ragged.raggedOver;
  if (!samples || dim.size().atom() == samples)
    return samples != nullptr;
  std::optional<int64_t> known = dim.size().constant();
  return known && samples->low && samples->low == samples->high &&
         samples->low.constant() == known;
}

/// The lengths, with the axis they run along as the axis of an index in scope
/// if there is one of that size.
Emitted Emitter::lengthsUnder(const core::Atom *ragged,
                              ArrayRef<const core::IndexVar *> indices) {
  Emitted result = lengths(ragged);
  if (rankOf(result.value) == result.ambient.size() || !ragged->raggedOver)
    return result;
  for (const core::IndexVar *index : indices)
    if (isAlongSamples(index->extent, *ragged)) {
      result.ambient.push_back(index);
      return result;
    }
  return result;
}

const Emitted &Emitter::lengths(const core::Atom *ragged) {
  auto [it, isNew] = lengthValues.try_emplace(ragged);
  if (isNew)
    it->second = Emitted::tensor(around.lengths(*this, *ragged));
  return it->second;
}

Emitted Emitter::bothTrue(const Emitted &a, const Emitted &c) {
  if (!a.isTensor())
    return c;
  if (!c.isTensor())
    return a;
  Ambient ambient = unite(a.ambient, c.ambient);
  const Emitted &wide =
      rankOf(a.value) - a.ambient.size() < rankOf(c.value) - c.ambient.size()
          ? c
          : a;
  Value x = align(wide, ambient);
  const Emitted &other = &wide == &a ? c : a;
  Sizes own = sizesBehind(x, ambient.size());
  SmallVector<unsigned> alignment;
  for (unsigned i = 0; i < rankOf(other.value) - other.ambient.size(); ++i)
    alignment.push_back(i);
  return Emitted::tensor(b.bothTrue(x, align(other, ambient, alignment, own)),
                         ambient);
}

Emitted Emitter::insideOf(const core::IndexVar *index) {
  const core::Atom *ragged = index->raggedSize.size().atom();
  Emitted length = lengthsUnder(ragged, scope);
  Ambient ambient = unite(length.ambient, {index});
  Sizes sizes = ambientSizes(ambient);
  Value place = b.iota(sizes, axisOf(ambient, index));
  return Emitted::tensor(b.compare(arith::CmpIPredicate::slt,
                                   arith::CmpFPredicate::OLT, place,
                                   align(length, ambient)),
                         ambient);
}

/// In the shape of `x`, whose own axis `axis` has the size `ragged`.
Emitted Emitter::insideOf(const Emitted &x, const core::Type &type,
                          unsigned axis, const core::Atom *ragged) {
  Emitted length = lengthsUnder(ragged, x.ambient);
  Ambient ambient = unite(x.ambient, length.ambient);
  Value whole = align(x, ambient);
  Sizes sizes = graph::getShape(whole);
  SmallVector<unsigned> alignment;
  if (rankOf(length.value) > length.ambient.size())
    for (auto [other, candidate] : llvm::enumerate(type.axes))
      if (alignment.empty() && isAlongSamples(candidate.dim, *ragged))
        alignment.push_back(other);
  Value end = align(length, ambient, alignment,
                    ArrayRef(sizes).drop_front(ambient.size()));
  Value place = b.iota(sizes, ambient.size() + axis);
  return Emitted::tensor(b.compare(arith::CmpIPredicate::slt,
                                   arith::CmpFPredicate::OLT, place, end),
                         ambient);
}

static Value isBelow(TensorBuilder &b, Value place, Value ends) {
  Value places = b.broadcast(place, graph::getShape(ends), {});
  return b.compare(arith::CmpIPredicate::slt, arith::CmpFPredicate::OLT, places,
                   ends);
}

/// Whether the round of a loop is inside, for each sample.
Emitted Emitter::insideOfRound(const core::IndexVar *index) {
  Emitted length = lengthsUnder(index->raggedSize.size().atom(), scope);
  Value round = b.convert(loopValues.lookup(index), types().whole());
  return Emitted::tensor(isBelow(b, round, length.value), length.ambient);
}

Emitted Emitter::isInside(core::Dim position, core::Dim size,
                          const Ambient &indices) {
  const core::Atom *ragged = raggedAtom(size);
  if (!ragged || !ragged->raggedOver)
    return {};
  Emitted length = lengthsUnder(ragged, indices);
  Value place = b.convert(emitDim(position), types().whole());
  return Emitted::tensor(isBelow(b, place, length.value), length.ambient);
}

/// Those of a value of `type` under `ambient` whose lengths are known for each
/// of its samples.
SmallVector<RaggedAxis, 2> Emitter::raggedAxes(const Ambient &ambient,
                                               const core::Type &type) {
  SmallVector<core::Dim> dims;
  SmallVector<const core::Atom *> sizes;
  for (const core::IndexVar *index : ambient) {
    dims.push_back(index->extent);
    sizes.push_back(index->raggedOver ? index->raggedSize.size().atom()
                                      : nullptr);
  }
  for (const core::Axis &axis : type.axes) {
    dims.push_back(axis.dim);
    sizes.push_back(raggedAtom(axis.dim));
  }
  SmallVector<RaggedAxis, 2> result;
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    if (!size)
      continue;
    const Emitted &length = lengths(size);
    if (!length.ambient.empty())
      continue;
    if (rankOf(length.value) == 0) {
      result.push_back({unsigned(axis), std::nullopt, size});
      continue;
    }
    for (auto [samples, dim] : llvm::enumerate(dims))
      if (samples != axis && isAlongSamples(dim, *size)) {
        result.push_back({unsigned(axis), unsigned(samples), size});
        break;
      }
  }
  return result;
}

/// 0 behind the ends. A select, so that what the padding holds reaches no
/// derivative of `x`, nor `x` a derivative of what it meets there.
Value Emitter::hidePadding(Value x, ArrayRef<RaggedAxis> axes) {
  Sizes sizes = graph::getShape(x);
  for (const RaggedAxis &each : axes) {
    SmallVector<int64_t, 1> along;
    if (each.samples)
      along.push_back(*each.samples);
    Value ends = b.broadcast(lengths(each.size).value, sizes, along);
    Value inside =
        b.compare(arith::CmpIPredicate::slt, arith::CmpFPredicate::OLT,
                  b.iota(sizes, each.axis), ends);
    x = b.select(inside, x, b.constantLike(x, 0));
  }
  return x;
}

Emitted Emitter::hidePadding(Emitted x, const core::Type &type) {
  if (isReal(x.value))
    x.value = hidePadding(x.value, raggedAxes(x.ambient, type));
  return x;
}

/// Each sample's own part of a ragged axis is turned round, its padding stays.
Value Emitter::reverseAxis(const Emitted &x, const core::Type &type,
                           unsigned axis) {
  unsigned place = x.ambient.size() + axis;
  const core::Atom *ragged = raggedAtom(type.axes[axis].dim);
  if (!ragged)
    return b.reverse(x.value, place);
  Emitted length = lengthsUnder(ragged, x.ambient);
  assert(rankOf(length.value) == 1 && place == 1 &&
         "Sema brings the axis behind its samples");
  SizeExpr samples = graph::getShape(x.value)[0],
           size = graph::getShape(x.value)[1];
  Value position = b.iota({samples, size}, 1);
  Value end = b.broadcast(length.value, {samples, size}, {0});
  Value mirrored =
      b.subtract(b.subtract(end, b.constantLike(end, 1)), position);
  Value inside = b.compare(arith::CmpIPredicate::slt, arith::CmpFPredicate::OLT,
                           position, end);
  return b.gather(x.value, b.select(inside, mirrored, position), 1, 1, false);
}

} // namespace lamina::irgen
