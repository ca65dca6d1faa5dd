// SPDX-License-Identifier: Apache-2.0
//
// Accesses.
//
// An access is a chain of views of its base, axis by axis: a subscript of first
// degree in one index is a slice, in two a window, parts are a reshape. What is
// no view is a gather, made last, when all axes that it shares with its ids
// have their index.

#include "frontend/IRGen/Access.h"

using namespace mlir;

namespace lamina::irgen {

//===----------------------------------------------------------------------===//
// Subscripts
//===----------------------------------------------------------------------===//

Affine Affine::of(core::Dim position) {
  Affine result;
  result.rest = position = position.size();
  core::DimContext &context = position.context();
  for (const core::Atom *atom : context.atoms(position)) {
    if (atom->kind == core::Atom::Value)
      return {};
    if (atom->kind != core::Atom::Index)
      continue;
    auto *index = static_cast<const core::IndexVar *>(atom->owner);
    if (index->kind == core::IndexVar::Iteration)
      continue;
    auto split = context.linearIn(result.rest, atom);
    if (!split || !split->first.constant())
      return {};
    // 0 where the atom stands below a quotient that has cancelled.
    if (*split->first.constant() != 0)
      result.terms.push_back({index, *split->first.constant()});
    result.rest = split->second;
  }
  result.isAffine = true;
  return result;
}

Access::Access(Emitter &emitter, const core::Element &element, Emitted base,
               std::optional<double> outside)
    : emitter(emitter), b(emitter.b), element(element), x(base.value),
      outside(outside) {
  for (const core::IndexVar *index : base.ambient)
    labels.push_back({Label::Index, index, nullptr, 0});
  for (const core::Subscript &subscript : element.subscripts)
    labels.push_back({Label::Open, nullptr, &subscript, 0});
  // Derivatives have the axes of their target behind those that are read.
  static const core::Subscript all;
  while (labels.size() < rankOf(x))
    labels.push_back({Label::Open, nullptr, &all, 0});
  guarded = element.proof != core::Proof::Always;
  // A value that is computed is put there at the end, by a test of the ranges.
  needsTest = element.proof == core::Proof::Else && !outside;
}

std::optional<unsigned> Access::nextOpen() const {
  for (auto [axis, label] : llvm::enumerate(labels))
    if (label.kind == Label::Open)
      return axis;
  return std::nullopt;
}

void Access::keep(unsigned axis) {
  labels[axis] = {Label::Kept, nullptr, nullptr, kept++};
}

/// Splits an axis into its parts, which are read like axes of the base.
void Access::splitParts(unsigned axis) {
  const core::Subscript &subscript = *labels[axis].subscript;
  Sizes sizes = graph::getShape(x);
  sizes.erase(sizes.begin() + axis);
  labels.erase(labels.begin() + axis);
  for (auto [i, part] : llvm::enumerate(subscript.parts)) {
    sizes.insert(sizes.begin() + axis + i, emitter.types().size(part.extent));
    labels.insert(labels.begin() + axis + i, {Label::Open, nullptr, &part, 0});
  }
  x = b.reshape(x, sizes);
}

void Access::readSlice(unsigned axis) {
  const core::Subscript &subscript = *labels[axis].subscript;
  SizeExpr length = emitter.types().size(subscript.length);
  if (std::optional<int64_t> low = subscript.low.size().constant())
    x = b.slice(x, axis, *low, length);
  else
    x = b.dynamicSlice(x, axis, emitter.emitDim(subscript.low), length);
  keep(axis);
}

/// No index but those of loops: one place of the axis.
bool Access::readPlace(unsigned axis, const Affine &position) {
  if (guarded)
    return false;
  if (std::optional<int64_t> start = position.rest.constant())
    x = b.dropAxis(b.slice(x, axis, *start, 1), axis);
  else if (Value row = emitter.rowOfRound(x, axis, position.rest))
    x = row;
  else
    x = b.dropAxis(b.dynamicSlice(x, axis, emitter.emitDim(position.rest), 1),
                   axis);
  const core::Subscript &subscript = *labels[axis].subscript;
  labels.erase(labels.begin() + axis);
  if (!position.rest.constant())
    hidePadding(subscript, position);
  return true;
}

/// A loop over a ragged size has as many rounds as the longest sample: one that
/// has ended reads 0, so that nothing of its padding reaches a derivative.
void Access::hidePadding(const core::Subscript &read, const Affine &position) {
  auto whole = llvm::find_if(element.subscripts,
                             [&](const auto &each) { return &each == &read; });
  if (whole == element.subscripts.end())
    return; // a part of an axis
  const core::Axis &from =
      element.base->type.axes[whole - element.subscripts.begin()];
  Ambient indices;
  for (const Label &label : labels)
    if (label.kind == Label::Index)
      indices.push_back(label.index);
  Emitted inside = emitter.isInside(position.rest, from.dim, indices);
  if (!inside.isTensor())
    return;
  Sizes sizes = graph::getShape(x);
  int64_t samples = -1;
  for (int64_t axis = rankOf(x) - 1; axis >= 0; --axis)
    if (inside.ambient.empty()
            ? labels[axis].kind != Label::Index &&
                  sizes[axis] == graph::getShape(inside.value)[0]
            : labels[axis].index == inside.ambient.front())
      samples = axis;
  if (samples < 0 || rankOf(inside.value) != 1)
    return;
  Value test = b.broadcast(inside.value, sizes, {samples});
  x = elementOf(x).isInteger(1) ? b.bothTrue(test, x)
                                : b.select(test, x, b.constantLike(x, 0));
}

/// `a*i + c`: a part of the axis with a step, mirrored for a < 0, padded where
/// it may be outside.
bool Access::readStrided(unsigned axis, const Affine &position) {
  auto [index, stride] = position.terms.front();
  SizeExpr count = emitter.extent(index), size = graph::getShape(x)[axis];
  core::Dim rest = position.rest + index->low.size() * stride;
  std::optional<int64_t> start = rest.constant();
  if (!start && (guarded || stride != 1))
    return false;
  if (!start) {
    x = b.dynamicSlice(x, axis, emitter.emitDim(rest), count);
    labels[axis] = {Label::Index, index, nullptr, 0};
    return true;
  }
  Value source = x;
  if (stride < 0) {
    std::optional<int64_t> last = (size - SizeExpr(1 + *start)).getConstant();
    if (!last)
      return false;
    source = b.reverse(source, axis);
    start = *last;
    stride = -stride;
  }
  if (guarded) {
    // The last place read lies `over` places behind the last one that is there.
    std::optional<int64_t> over =
        ((count - 1) * SizeExpr(stride) + SizeExpr(*start) - (size - 1))
            .getConstant();
    if (!over)
      return false;
    int64_t low = std::max<int64_t>(0, -*start);
    source = b.pad(source, axis, low, std::max<int64_t>(0, *over),
                   outside.value_or(0));
    *start += low;
  }
  x = b.slice(source, axis, *start, count, stride);
  labels[axis] = {Label::Index, index, nullptr, 0};
  return true;
}

/// What is read outside of the base, if anything is.
TypedAttr Access::outsideFill() {
  if (!guarded)
    return {};
  Type type = elementOf(x);
  return isa<FloatType>(type)
             ? TypedAttr(b.getFloatAttr(type, outside.value_or(0)))
             : b.getIntegerAttr(type, int64_t(outside.value_or(0)));
}

/// `α*i + β*j + γ`: windows.
bool Access::readWindow(unsigned axis, const Affine &position) {
  auto [first, second] = std::pair(position.terms[0], position.terms[1]);
  // The places of a window are those of the index with a size known now; of two
  // the shorter, which is what a filter's is.
  auto known = [&](const Affine::Term &term) {
    return emitter.extent(term.index).getConstant();
  };
  bool isLonger =
      known(first) && known(second) && *known(first) < *known(second);
  if (!known(second) || isLonger || (first.coefficient < 0 && known(first)))
    std::swap(first, second);
  core::Dim rest = position.rest + first.index->low.size() * first.coefficient +
                   second.index->low.size() * second.coefficient;
  std::optional<int64_t> places = known(second), start = rest.constant();
  if (!places || !start || first.coefficient < 0)
    return false;
  bool mirrored = second.coefficient < 0;
  int64_t dilation = std::abs(second.coefficient);
  if (mirrored)
    *start -= dilation * (*places - 1);
  if (*start > 0) {
    SizeExpr left = graph::getShape(x)[axis] - SizeExpr(*start);
    x = b.slice(x, axis, *start, left);
    start = 0;
  }
  Sizes sizes = graph::getShape(x);
  sizes[axis] = emitter.extent(first.index);
  sizes.insert(sizes.begin() + axis + 1, SizeExpr(*places));
  x = b.make<graph::WindowOp>(emitter.types().tensor(sizes, elementOf(x)), x,
                              int64_t(axis), *places, first.coefficient,
                              dilation, -*start, outsideFill());
  if (mirrored)
    x = b.reverse(x, axis + 1);
  labels[axis] = {Label::Index, first.index, nullptr, 0};
  labels.insert(labels.begin() + axis + 1,
                {Label::Index, second.index, nullptr, 0});
  return true;
}

bool Access::readByView(unsigned axis) {
  const core::Subscript &subscript = *labels[axis].subscript;
  Affine position = Affine::of(subscript.position);
  if (!position.isAffine)
    return false;
  switch (position.terms.size()) {
  case 0:
    return readPlace(axis, position);
  case 1:
    return readStrided(axis, position);
  case 2:
    return readWindow(axis, position);
  default:
    return false;
  }
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

/// Brings the axes of `shared` to the front of x.
void Access::bringToFront(const Ambient &shared) {
  SmallVector<int64_t> order;
  for (const core::IndexVar *index : shared)
    for (auto [axis, label] : llvm::enumerate(labels))
      if (label.kind == Label::Index && label.index == index) {
        order.push_back(axis);
        break;
      }
  for (int64_t axis = 0; axis < int64_t(labels.size()); ++axis)
    if (!llvm::is_contained(order, axis))
      order.push_back(axis);
  SmallVector<Label, 6> moved;
  for (int64_t axis : order)
    moved.push_back(labels[axis]);
  x = b.transpose(x, order);
  labels = moved;
}

void Access::readByValue(const core::Subscript *subscript) {
  Emitted ids = emitter.emit(subscript->value);
  Ambient shared, further;
  for (const core::IndexVar *index : ids.ambient)
    (llvm::any_of(labels, [&](const Label &l) { return l.index == index; })
         ? shared
         : further)
        .push_back(index);
  bringToFront(shared);
  SmallVector<int64_t> order;
  for (const Ambient *list : {&shared, &further})
    for (const core::IndexVar *index : *list)
      order.push_back(emitter.axisOf(ids.ambient, index));
  Value places =
      b.convert(b.transpose(ids.value, order), emitter.types().whole());

  unsigned axis = llvm::find_if(labels,
                                [&](const Label &label) {
                                  return label.subscript == subscript;
                                }) -
                  labels.begin();
  if (guarded && outside.value_or(0) != 0)
    needsTest = true;
  x = b.gather(x, places, axis, shared.size(), guarded);
  labels.erase(labels.begin() + axis);
  for (auto [i, index] : llvm::enumerate(further))
    labels.insert(labels.begin() + axis + i, {Label::Index, index, nullptr, 0});
}

//===----------------------------------------------------------------------===//
// The whole access
//===----------------------------------------------------------------------===//

/// `x[i, i]`: two axes of one index become one.
void Access::takeDiagonals() {
  for (unsigned first = 0; first < labels.size(); ++first)
    for (unsigned second = first + 1; second < labels.size(); ++second) {
      if (labels[first].kind != Label::Index ||
          labels[second].kind != Label::Index ||
          labels[first].index != labels[second].index)
        continue;
      Sizes sizes = graph::getShape(x);
      Value same =
          b.compare(arith::CmpIPredicate::eq, arith::CmpFPredicate::OEQ,
                    b.iota(sizes, first), b.iota(sizes, second));
      if (elementOf(x).isInteger(1)) {
        x = b.reduce(graph::ReduceKind::Any, b.bothTrue(same, x),
                     int64_t(second));
      } else {
        Value diagonal = b.select(same, x, b.constantLike(x, 0));
        x = b.reduce(graph::ReduceKind::Sum, diagonal, int64_t(second));
      }
      labels.erase(labels.begin() + second--);
    }
}

/// True where every subscript is inside its axis.
Emitted Access::inRange() {
  Emitted all;
  for (auto [axis, subscript] : llvm::enumerate(element.subscripts)) {
    if (!subscript.value)
      continue;
    Emitted place = emitter.emit(subscript.value);
    Sizes sizes = graph::getShape(place.value);
    Value zero = b.constantLike(place.value, 0);
    SizeExpr extent = emitter.types().size(element.base->type.axes[axis].dim);
    Value end =
        b.broadcast(b.sizeValue(extent, elementOf(place.value)), sizes, {});
    Value above = b.compare(arith::CmpIPredicate::sge,
                            arith::CmpFPredicate::OGE, place.value, zero);
    Value below = b.compare(arith::CmpIPredicate::slt,
                            arith::CmpFPredicate::OLT, place.value, end);
    all = emitter.bothTrue(
        all, Emitted::tensor(b.bothTrue(above, below), place.ambient));
  }
  return all;
}

/// The axes of the indices in their order, then those of the result.
Emitted Access::arranged() {
  Ambient ambient;
  for (const Label &label : labels)
    if (label.kind == Label::Index)
      ambient = emitter.unite(ambient, {label.index});
  SmallVector<int64_t> order(labels.size());
  for (auto [axis, label] : llvm::enumerate(labels))
    order[label.kind == Label::Kept ? ambient.size() + label.number
                                    : emitter.axisOf(ambient, label.index)] =
        axis;
  return Emitted::tensor(b.transpose(x, order), ambient);
}

Emitted Access::emit() {
  SmallVector<const core::Subscript *> byValue;
  while (std::optional<unsigned> axis = nextOpen()) {
    const core::Subscript &subscript = *labels[*axis].subscript;
    switch (subscript.kind) {
    case core::Subscript::All:
      keep(*axis);
      break;
    case core::Subscript::Slice:
      readSlice(*axis);
      break;
    case core::Subscript::Parts:
      splitParts(*axis);
      break;
    case core::Subscript::Linear:
      if (readByView(*axis))
        break;
      [[fallthrough]];
    case core::Subscript::ByValue:
      labels[*axis].kind = Label::Waiting;
      byValue.push_back(&subscript);
    }
  }
  takeDiagonals();
  for (const core::Subscript *subscript : byValue)
    readByValue(subscript);
  takeDiagonals();

  Emitted result = arranged();
  if (!needsTest)
    return result;
  Emitted otherwise = emitter.emit(element.otherwise);
  otherwise.value = b.convert(otherwise.value, elementOf(result.value));
  return emitter.choose(inRange(), result, otherwise);
}

} // namespace lamina::irgen
