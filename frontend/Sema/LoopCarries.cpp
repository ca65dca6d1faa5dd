// SPDX-License-Identifier: Apache-2.0
//
// Types of what a loop carries.
//
// The body is run without proofs until the types of carries hold after a round.

#include "frontend/Sema/LoopBuilder.h"

namespace lamina::sema {

using core::Elem;

/// Runs the body once and joins the types of carries with what a round gives.
bool LoopBuilder::learn() {
  ++e.session.muted;
  auto counts = e.frame->callCounts;
  auto draws = e.drawCounts;
  Round round = runBody();
  e.frame->callCounts = counts;
  e.drawCounts = draws;
  --e.session.muted;
  bool settled = true;
  for (auto [i, carry] : llvm::enumerate(carries))
    settled &= widen(carry.value, round.after[i], carry.moved);
  return settled;
}

void LoopBuilder::dropBounds() {
  for (Carried &carry : carries)
    if (carry.value.expr && carry.value.expr->type.isTensor() && carry.moved)
      carry.value =
          retyped(carry.value, {carry.value.expr->type.elem.kind, {}, {}});
}

Value LoopBuilder::retyped(const Value &value, Elem elem) {
  core::Expr *expr = value.expr;
  if (elem.kind == Elem::Real)
    expr = e.convert(expr, Elem::Real);
  core::Type type = expr->type;
  type.elem = elem;
  return e.runTimeValue(e.retype(expr, type));
}

/// False if the type of the carry had to change; of a tuple, of any part.
bool LoopBuilder::widen(Value &value, const Value &after, bool &moved) {
  if (value.kind == Value::TupleOf || value.kind == Value::List) {
    std::vector<Value> items = *value.items,
                       next = e.elements(after, stmt->range);
    bool settled = true;
    for (size_t i = 0; i < items.size() && i < next.size(); ++i) {
      if (items[i].kind == Value::Number || items[i].kind == Value::Truth)
        items[i] = e.runTimeValue(e.runTime(items[i], stmt->range));
      settled &= widen(items[i], next[i], moved);
    }
    value.items = std::make_shared<const std::vector<Value>>(std::move(items));
    return settled;
  }
  if (value.kind != Value::RunTime || !value.expr->type.isTensor())
    return true;
  core::Expr *next = nullptr;
  if (after.kind == Value::Number || after.kind == Value::Truth)
    next = e.runTime(after, after.range);
  else if (after.kind == Value::RunTime)
    next = after.expr;
  if (!next || !next->type.isTensor())
    return true;
  const Elem before = value.expr->type.elem, given = next->type.elem;
  if (value.expr->type.rank() == 0 && next->type.rank()) {
    // A number takes the shape that a round gives it.
    core::Type wide = value.expr->type;
    wide.axes = next->type.axes;
    value = e.runTimeValue(e.shaped(value.expr, wide, stmt->range));
    return false;
  }
  if (before.isWhole() && given.isReal()) {
    value = retyped(value, Elem{});
    return false;
  }
  if (!before.isWhole() || !given.isWhole())
    return true;
  return widenBounds(value, given, moved);
}

bool LoopBuilder::widenBounds(Value &value, const Elem &given, bool &moved) {
  const Elem before = value.expr->type.elem;
  auto outlives = [&](Dim bound) {
    return bound && llvm::none_of(e.dims.atoms(bound), [&](auto *atom) {
             return atom == index->value.atom();
           });
  };
  auto holds = [&](Dim difference) { return e.provesNotNegative(difference); };
  Dim low = outlives(given.low) ? given.low : Dim();
  Dim high = outlives(given.high) ? given.high : Dim();
  bool lowHolds = !before.low || (low && holds(low - before.low));
  bool highHolds = !before.high || (high && holds(before.high - high));
  if (lowHolds && highHolds)
    return true;
  moved = true;
  Elem joined = before;
  if (!lowHolds)
    joined.low = low && holds(before.low - low) ? low : Dim();
  if (!highHolds)
    joined.high = high && holds(high - before.high) ? high : Dim();
  value = retyped(value, joined);
  return false;
}

} // namespace lamina::sema
