// SPDX-License-Identifier: Apache-2.0
//
// Leaves, elementwise nodes, axes under indices.

#include "frontend/IRGen/Emitter.h"
#include "frontend/IRGen/ModuleEmitter.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

Emitter::Emitter(ModuleEmitter &module, Surroundings &around)
    : module(module), around(around), b(module.types) {}

Emitted Emitter::emit(const core::Expr *expr) {
  Location outer = b.place;
  if (expr->range.isKnown())
    b.place = types().loc(expr->range);
  Emitted result = dispatch(expr);
  b.place = outer;
  return result;
}

Emitted Emitter::dispatch(const core::Expr *expr) {
  switch (expr->kind) {
#define EXPR(KIND)                                                             \
  case core::ExprKind::KIND:                                                   \
    return emit##KIND(llvm::cast<core::KIND>(expr));
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every kind is handled");
}

Emitted Emitter::emitError(const core::Error *) {
  llvm_unreachable("IRGen runs only after a compilation without errors");
}

SmallVector<Emitted> Emitter::emitAll(ArrayRef<core::Expr *> exprs) {
  SmallVector<Emitted> values;
  for (const core::Expr *expr : exprs)
    values.push_back(emit(expr));
  return values;
}

std::optional<double> writtenNumber(const core::Expr *expr) {
  if (auto *constant = llvm::dyn_cast_or_null<core::Constant>(expr))
    return constant->values.size() == 1
               ? std::optional(constant->values.front())
               : std::nullopt;
  if (auto *convert = llvm::dyn_cast_or_null<core::Convert>(expr))
    return convert->type.elem.isReal() ? writtenNumber(convert->operand)
                                       : std::nullopt;
  if (auto *broadcast = llvm::dyn_cast_or_null<core::Broadcast>(expr))
    return writtenNumber(broadcast->operand);
  if (auto *retype = llvm::dyn_cast_or_null<core::Retype>(expr))
    return writtenNumber(retype->operand);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

const Emitted &Emitter::get(const core::Local *local) const {
  auto it = locals.find(local);
  assert(it != locals.end() && "a local is defined before it is read");
  return it->second;
}

void Emitter::open(const core::IndexVar *index) {
  bind(index);
  scope.push_back(index);
}

Emitted Emitter::emitLocalRef(const core::LocalRef *e) {
  auto it = roots.find(e->local);
  return it != roots.end() ? it->second : get(e->local);
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

Sizes Emitter::ambientSizes(ArrayRef<const core::IndexVar *> ambient) const {
  Sizes sizes;
  for (const core::IndexVar *index : ambient)
    sizes.push_back(extent(index));
  return sizes;
}

Ambient Emitter::unite(const Ambient &a, const Ambient &b) const {
  Ambient result = a;
  for (const core::IndexVar *index : b)
    if (!llvm::is_contained(result, index))
      result.push_back(index);
  llvm::sort(result, [&](const core::IndexVar *x, const core::IndexVar *y) {
    return order.lookup(x) < order.lookup(y);
  });
  return result;
}

Ambient Emitter::ambientOf(ArrayRef<Emitted> values) const {
  Ambient result;
  for (const Emitted &value : values) {
    result = unite(result, value.ambient);
    result = unite(result, ambientOf(value.parts));
  }
  return result;
}

int64_t Emitter::axisOf(ArrayRef<const core::IndexVar *> ambient,
                        const core::IndexVar *index) const {
  const auto *it = llvm::find(ambient, index);
  assert(it != ambient.end() && "the value depends on this index");
  return it - ambient.begin();
}

Value Emitter::align(const Emitted &x, ArrayRef<const core::IndexVar *> target,
                     ArrayRef<unsigned> alignment, ArrayRef<SizeExpr> own) {
  assert(x.isTensor());
  SmallVector<int64_t> axes;
  for (const core::IndexVar *index : x.ambient)
    axes.push_back(axisOf(target, index));
  for (unsigned axis : alignment)
    axes.push_back(target.size() + axis);
  Sizes sizes = ambientSizes(target);
  sizes.append(own.begin(), own.end());
  return b.broadcast(x.value, sizes, axes);
}

Value Emitter::align(const Emitted &x,
                     ArrayRef<const core::IndexVar *> target) {
  Sizes own = sizesBehind(x.value, x.ambient.size());
  SmallVector<unsigned> alignment(own.size());
  std::iota(alignment.begin(), alignment.end(), 0);
  return align(x, target, alignment, own);
}

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

Emitted Emitter::emitConstant(const core::Constant *e) {
  return Emitted::tensor(b.table(types().sizes(e->type),
                                 types().element(e->type.elem), e->values));
}

Emitted Emitter::emitScalarRef(const core::ScalarRef *e) {
  Type element = types().element(e->type.elem);
  if (e->scalar->fixedAt.isKnown())
    return Emitted::tensor(b.number(element, e->scalar->value));
  return Emitted::tensor(b.convert(around.scalar(*this, *e->scalar), element));
}

Emitted Emitter::emitSizeOf(const core::SizeOf *e) {
  core::Dim dim = e->dim.size();
  Type element = types().element(e->type.elem);
  bool hasRounds =
      llvm::any_of(dim.context().atoms(dim), [](const core::Atom *atom) {
        return atom->kind == core::Atom::Index ||
               atom->kind == core::Atom::Value;
      });
  if (!hasRounds && dim.constant())
    return Emitted::tensor(b.number(element, double(*dim.constant())));
  return Emitted::tensor(hasRounds ? b.convert(emitDim(dim), element)
                                   : b.sizeValue(types().size(dim), element));
}

Emitted Emitter::emitLength(const core::Length *e) {
  return lengths(e->ragged.size().atom());
}

Emitted Emitter::emitPhase(const core::Phase *) {
  return Emitted::tensor(
      b.make<model::PhaseOp>(types().scalar(types().truth())));
}

Emitted Emitter::emitIndexValue(const core::IndexValue *e) {
  const core::IndexVar *index = e->index;
  Type element = types().element(e->type.elem);
  if (auto it = loopValues.find(index); it != loopValues.end())
    return Emitted::tensor(b.convert(it->second, element));
  Value line = b.iota({extent(index)}, 0);
  if (!index->low.isConstant(0)) {
    Value low = b.convert(emitDim(index->low), types().whole());
    line = b.add(line, b.broadcast(low, {extent(index)}, {}));
  }
  return Emitted::tensor(b.convert(line, element), {index});
}

/// A polynomial over sizes and loop indices. Sizes alone are one `graph.size`,
/// so that the rest of the compiler sees the polynomial.
Value Emitter::emitDim(core::Dim dim) {
  dim = dim.size();
  core::DimContext &context = dim.context();
  bool onlySizes = llvm::all_of(context.atoms(dim), [](const core::Atom *atom) {
    return atom->kind == core::Atom::Size || atom->kind == core::Atom::Div ||
           atom->kind == core::Atom::Mod;
  });
  if (onlySizes)
    return b.sizeValue(types().size(dim), b.getI64Type());
  Value sum;
  for (const core::Monomial &term : dim.monomials()) {
    assert(term.coefficient.isWhole() && "a number of the program is whole");
    Value product;
    for (const core::Monomial::Power &power : term.powers)
      for (unsigned i = 0; i < power.exponent; ++i) {
        Value factor = emitAtom(*power.atom, context);
        product = product ? b.multiply(product, factor) : factor;
      }
    if (!product || term.coefficient.num != 1) {
      Value number = b.wide(term.coefficient.num);
      product = product ? b.multiply(number, product) : number;
    }
    sum = sum ? b.add(sum, product) : product;
  }
  return sum ? sum : b.wide(0);
}

Value Emitter::emitAtom(const core::Atom &atom, core::DimContext &context) {
  using core::Atom;
  switch (atom.kind) {
  case Atom::Size:
    return b.sizeValue(types().size(context.atom(&atom)), b.getI64Type());
  case Atom::Index: {
    auto it = loopValues.find(static_cast<const core::IndexVar *>(atom.owner));
    assert(it != loopValues.end() &&
           "an index of a definition has no single value");
    return it->second;
  }
  case Atom::Value:
    return b.convert(emitScalar(static_cast<const core::Expr *>(atom.owner)),
                     b.getI64Type());
  case Atom::Div:
    return b.make<arith::FloorDivSIOp>(emitDim(atom.x), emitDim(atom.y));
  case Atom::Mod: {
    Value x = emitDim(atom.x), y = emitDim(atom.y);
    return b.subtract(x, b.multiply(y, b.make<arith::FloorDivSIOp>(x, y)));
  }
  case Atom::Min:
    return b.make<arith::MinSIOp>(emitDim(atom.x), emitDim(atom.y));
  case Atom::Max:
    return b.make<arith::MaxSIOp>(emitDim(atom.x), emitDim(atom.y));
  default:
    llvm_unreachable("no other atom is left after Sema");
  }
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// Whether no derivative by the value is asked for.
static bool isFixed(const core::Expr *e) {
  return !e->type.isTensor() || !e->type.elem.isReal() || writtenNumber(e) ||
         llvm::isa<core::Constant, core::ScalarRef, core::SizeOf>(e);
}

Emitted Emitter::emitElementwise(const core::Elementwise *e) {
  ArrayRef<core::Expr *> emitted = e->operands;
  // A written exponent becomes products, and no operand.
  if (e->primitive == core::Primitive::Pow && writtenExponent(e->operands))
    emitted = emitted.take_front();
  SmallVector<Emitted> operands = emitAll(emitted);
  Ambient ambient = ambientOf(operands);
  Sizes own = types().sizes(e->type);
  SmallVector<RaggedAxis, 2> ragged = raggedAxes(ambient, e->type);
  SmallVector<Value, 3> values;
  for (auto [operand, alignment, written] :
       llvm::zip(operands, e->alignments, e->operands)) {
    Value value = align(operand, ambient, alignment, own);
    if (!ragged.empty() && !isFixed(written)) {
      SmallVector<int64_t> axes;
      for (const core::IndexVar *index : operand.ambient)
        axes.push_back(axisOf(ambient, index));
      for (unsigned axis : alignment)
        axes.push_back(ambient.size() + axis);
      SmallVector<RaggedAxis, 2> met;
      for (const RaggedAxis &each : ragged)
        if (!each.isWithin(axes))
          met.push_back(each);
      value = hidePadding(value, met);
    }
    values.push_back(value);
  }
  Type element = types().element(e->type.elem);
  return Emitted::tensor(arithmetic(e->primitive, values, element, e->operands),
                         ambient);
}

Emitted Emitter::emitChoice(const core::Choice *e) {
  Emitted condition = emit(e->condition), yes = emit(e->yes), no = emit(e->no);
  if (!yes.isTensor() || !no.isTensor())
    return choose(condition, yes, no);
  Ambient ambient = ambientOf({condition, yes, no});
  Sizes own = types().sizes(e->type);
  Type element = types().element(e->type.elem);
  yes.value = b.convert(yes.value, element);
  no.value = b.convert(no.value, element);
  return Emitted::tensor(
      b.select(align(condition, ambient, e->conditionAlignment, own),
               align(yes, ambient, e->yesAlignment, own),
               align(no, ambient, e->noAlignment, own)),
      ambient);
}

Emitted Emitter::choose(const Emitted &condition, const Emitted &yes,
                        const Emitted &no) {
  if (yes.kind == Emitted::Tuple) {
    std::vector<Emitted> parts;
    for (auto [a, c] : llvm::zip_equal(yes.parts, no.parts))
      parts.push_back(choose(condition, a, c));
    return Emitted::tuple(std::move(parts));
  }
  if (!yes.isTensor())
    return chooseTree(condition, yes, no);
  Ambient ambient = ambientOf({condition, yes, no});
  Value a = align(yes, ambient), c = align(no, ambient);
  Value test = align(condition, ambient, {}, sizesBehind(a, ambient.size()));
  return Emitted::tensor(b.select(test, a, c), ambient);
}

Emitted Emitter::emitConvert(const core::Convert *e) {
  Type element = types().element(e->type.elem);
  // A number that is written as a whole one: 2 in `2 * x`.
  if (auto *constant = llvm::dyn_cast<core::Constant>(e->operand);
      constant && e->type.elem.isReal())
    return Emitted::tensor(
        b.table(types().sizes(e->type), element, constant->values));
  Emitted operand = emit(e->operand);
  operand.value = b.convert(operand.value, element);
  return operand;
}

Emitted Emitter::emitBroadcast(const core::Broadcast *e) {
  Emitted operand = emit(e->operand);
  Value value =
      align(operand, operand.ambient, e->alignment, types().sizes(e->type));
  return Emitted::tensor(value, operand.ambient);
}

Emitted Emitter::emitStop(const core::Stop *e) {
  return mapTensors(emit(e->operand), [&](const Emitted &x) {
    return Emitted::tensor(
        isReal(x.value) ? Value(b.make<graph::StopOp>(x.value)) : x.value,
        x.ambient);
  });
}

Emitted Emitter::emitRetype(const core::Retype *e) { return emit(e->operand); }

/// A mask or a score is written out where it is applied: its value, no access.
Emitted Emitter::emitMaskAt(const core::MaskAt *e) { return emit(e->value); }

//===----------------------------------------------------------------------===//
// Tuples
//===----------------------------------------------------------------------===//

Emitted Emitter::emitTuple(const core::Tuple *e) {
  SmallVector<Emitted> parts = emitAll(e->elements);
  return Emitted::tuple({parts.begin(), parts.end()});
}

Emitted Emitter::emitTreeOf(const core::TreeOf *e) {
  SmallVector<Emitted> parts = emitAll(e->elements);
  return Emitted::tuple({parts.begin(), parts.end()});
}

Emitted Emitter::emitTupleElement(const core::TupleElement *e) {
  return emit(e->operand).parts[e->position];
}

} // namespace lamina::irgen
