// SPDX-License-Identifier: Apache-2.0
//
// Loops over rounds and over copies of a layer.

#include "frontend/IRGen/ModuleEmitter.h"
#include "frontend/IRGen/ScanBuilder.h"

using namespace mlir;

namespace lamina::irgen {

/// The value of the loop's index in a round.
Value Emitter::roundValue(const core::Loop &loop, Value round) {
  const core::IndexVar &index = *loop.index;
  if (loop.down)
    return b.subtract(emitDim(index.low + index.extent - 1), round);
  return index.low.size().isConstant(0) ? round
                                        : b.add(emitDim(index.low), round);
}

Value Emitter::rowOfRound(Value x, unsigned axis, core::Dim position) {
  return loops.empty() ? Value() : loops.back()->rowOf(x, axis, position);
}

/// A carry as it comes out of a round: over a ragged size that of a sample that
/// has ended stays. What has no axis of the samples goes on to the last round.
Emitted Emitter::frozen(const core::Loop &loop, const core::Type &type,
                        const Emitted &next, const Emitted &old) {
  if (type.isTuple()) {
    std::vector<Emitted> parts;
    for (auto [part, a, c] : llvm::zip_equal(type.parts, next.parts, old.parts))
      parts.push_back(frozen(loop, part, a, c));
    return Emitted::tuple(std::move(parts));
  }
  if (!loop.index->raggedOver || !type.isTensor())
    return next;
  Emitted inside = insideOfRound(loop.index);
  SmallVector<unsigned> alignment;
  if (rankOf(inside.value) > inside.ambient.size()) {
    const auto *samples = llvm::find_if(type.axes, [&](const core::Axis &axis) {
      return isAlongSamples(axis.dim, *loop.index->raggedSize.size().atom());
    });
    if (samples == type.axes.end())
      return next;
    alignment.push_back(samples - type.axes.begin());
  }
  Ambient ambient = ambientOf({inside, next, old});
  Value a = align(next, ambient), c = align(old, ambient);
  Value test =
      align(inside, ambient, alignment, sizesBehind(a, ambient.size()));
  return Emitted::tensor(b.select(test, a, c), ambient);
}

/// The carries after the loop, and what it has collected.
std::vector<Emitted> Emitter::loopParts(const core::Loop &loop,
                                        ArrayRef<Emitted> starts,
                                        ValueRange carried, ValueRange stacks,
                                        const Ambient &ambient) {
  std::vector<Emitted> parts;
  for (const Emitted &start : starts)
    parts.push_back(unflatten(start, ambient, carried));
  for (auto [collected, stack] : llvm::zip_equal(loop.collected, stacks)) {
    Emitted all = Emitted::tensor(
        placeRounds(stack, ambient.size(), collected.axis), ambient);
    const core::Type &type = loop.type.parts[parts.size()];
    parts.push_back(loop.index->raggedOver ? hidePadding(all, type) : all);
  }
  return parts;
}

/// The body of a round: what the next one gets, and what this one adds.
void Emitter::emitRound(const core::Loop &loop, const Ambient &ambient,
                        SmallVectorImpl<Value> &next,
                        SmallVectorImpl<Value> &rows) {
  run(loop.body);
  for (const core::Loop::Carry &carry : loop.carries) {
    Emitted value = cast(emit(carry.next), carry.local->type);
    flatten(frozen(loop, carry.local->type, value, get(carry.local)), ambient,
            next);
  }
  for (const core::Loop::Collected &collected : loop.collected)
    flatten(emit(collected.value), ambient, rows);
}

Emitted Emitter::emitLoop(const core::Loop *e) {
  // Under indices every carry has their axes: what a round adds may depend on
  // any of them.
  Ambient ambient = scope;
  SmallVector<Emitted> starts;
  SmallVector<Value> inits;
  for (const core::Loop::Carry &carry : e->carries) {
    starts.push_back(cast(emit(carry.init), carry.local->type));
    flatten(starts.back(), ambient, inits);
  }
  SizeExpr trip = types().size(e->index->extent);
  ScanBuilder scan(*this, trip, e->index, e->down, inits, e->until != nullptr);
  auto enter = [&](Value round, ValueRange carries) {
    loopValues[e->index] = roundValue(*e, round);
    for (auto [carry, start] : llvm::zip_equal(e->carries, starts))
      define(carry.local, unflatten(start, ambient, carries));
  };

  if (e->until)
    scan.until([&](Value round, ValueRange carries) {
      enter(round, carries);
      return emitScalar(e->until);
    });
  enter(scan.round(), scan.carries());
  SmallVector<Value> next, rows;
  emitRound(*e, ambient, next, rows);
  ScanBuilder::Results results = scan.end(next, rows);
  loopValues.erase(e->index);
  if (e->until)
    defineRounds(*e, results.rounds, trip);

  std::vector<Emitted> parts =
      loopParts(*e, starts, results.carries, results.stacks, ambient);
  if (e->until)
    parts.push_back(
        Emitted::tensor(b.convert(results.rounds, types().whole())));
  return Emitted::tuple(std::move(parts));
}

/// Moves the axis of the rounds from the front to its place behind `numAmbient`
/// axes of indices.
Value Emitter::placeRounds(Value stack, unsigned numAmbient, unsigned axis) {
  SmallVector<int64_t> order;
  for (int64_t i = 1; i < int64_t(rankOf(stack)); ++i)
    order.push_back(i);
  order.insert(order.begin() + numAmbient + axis, 0);
  return b.transpose(stack, order);
}

/// What `until` leaves is as long as the bound in its type; how many rounds ran
/// is the length that reductions over it look at.
void Emitter::defineRounds(const core::Loop &loop, Value rounds,
                           const SizeExpr &trip) {
  const core::Atom *atom = loop.rounds ? loop.rounds.size().atom() : nullptr;
  if (!atom)
    return;
  module.types.alias(*atom, trip);
  lengthValues[atom] = Emitted::tensor(b.convert(rounds, types().whole()));
}

//===----------------------------------------------------------------------===//
// Copies of a layer
//===----------------------------------------------------------------------===//

Emitted Emitter::emitCopies(const core::Copies *e) {
  Emitted stack = emit(e->tree);
  Value tree = implode(stack);
  Ambient ambient = scope;
  Emitted input = cast(emit(e->input), e->carry->type);
  SmallVector<Value> inits;
  flatten(input, ambient, inits);

  ScanBuilder scan(*this, SizeExpr(stack.slot->count), nullptr, false, inits);
  Emitted copy = Emitted::tree(scan.row(tree), stack.slot->parts.front().slot);
  setRoot(e->copy, copy);
  // Draws of different copies differ by the copy's number, which stands in the
  // path of the call and not among the rounds.
  Value round = rounds.pop_back_val();
  ValueRange carried = scan.carries();
  define(e->carry, unflatten(input, ambient, carried));
  Emitted output = cast(emit(e->body), e->carry->type);
  rounds.push_back(round);
  SmallVector<Value> next, rows;
  flatten(output, ambient, next);
  Value after = implode(roots[e->copy]);
  roots.erase(e->copy);
  if (after != copy.value)
    rows.push_back(after);
  ScanBuilder::Results results = scan.end(next, rows);
  if (!rows.empty())
    store(e->tree, Emitted::tree(results.stacks.front(), stack.slot));
  ValueRange carries = results.carries;
  return unflatten(input, ambient, carries);
}

} // namespace lamina::irgen
