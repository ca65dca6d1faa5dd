// SPDX-License-Identifier: Apache-2.0
//
// Definitions by elements, and accesses.
//
// An access is a chain of views of its base, axis by axis: a subscript of first
// degree in one index is a slice, in two a window, parts are a reshape. What is
// no view is a gather, made last, when all axes that it shares with its ids
// have their index.

#include "frontend/IRGen/Access.h"

#include <numeric>

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
  Type type = elementOf(x);
  TypedAttr fill;
  if (guarded)
    fill = isa<FloatType>(type)
               ? TypedAttr(b.getFloatAttr(type, outside.value_or(0)))
               : b.getIntegerAttr(type, int64_t(outside.value_or(0)));
  x = b.make<graph::WindowOp>(emitter.types().tensor(sizes, type), x,
                              int64_t(axis), *places, first.coefficient,
                              dilation, -*start, fill);
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

  Ambient ambient;
  for (const Label &label : labels)
    if (label.kind == Label::Index)
      ambient = emitter.unite(ambient, {label.index});
  SmallVector<int64_t> order(labels.size());
  for (auto [axis, label] : llvm::enumerate(labels))
    order[label.kind == Label::Kept ? ambient.size() + label.number
                                    : emitter.axisOf(ambient, label.index)] =
        axis;
  Emitted result = Emitted::tensor(b.transpose(x, order), ambient);
  if (!needsTest)
    return result;
  Emitted otherwise = emitter.emit(element.otherwise);
  otherwise.value = b.convert(otherwise.value, elementOf(result.value));
  return emitter.choose(inRange(), result, otherwise);
}

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
