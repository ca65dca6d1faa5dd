// SPDX-License-Identifier: Apache-2.0
//
// Blocks and statements.

#include "frontend/IRGen/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lamina::irgen {

Emitted Emitter::emitBlock(const core::Block *e) {
  run(e->statements);
  return e->result ? emit(e->result) : Emitted();
}

void Emitter::run(ArrayRef<core::Stmt *> statements) {
  for (const core::Stmt *s : statements) {
    Location outer = b.place;
    if (s->range.isKnown())
      b.place = types().loc(s->range);
    runStatement(s);
    b.place = outer;
  }
}

void Emitter::runStatement(const core::Stmt *s) {
  using core::StmtKind;
  switch (s->kind) {
  case StmtKind::Let: {
    auto *let = llvm::cast<core::Let>(s);
    define(let->local, cast(emit(let->value), let->local->type));
    return;
  }
  case StmtKind::Update:
    return runUpdate(llvm::cast<core::Update>(s));
  case StmtKind::Guarded:
    return runGuarded(llvm::cast<core::Guarded>(s));
  case StmtKind::Assert:
    return runAssert(llvm::cast<core::Assert>(s));
  case StmtKind::Batch:
    return around.batch(*this, *llvm::cast<core::Batch>(s));
  case StmtKind::Minimize:
    return around.minimize(*this, *llvm::cast<core::Minimize>(s));
  case StmtKind::RepeatSteps:
    return around.repeat(*this, *llvm::cast<core::RepeatSteps>(s));
  }
}

void Emitter::runUpdate(const core::Update *s) {
  Emitted value = emit(s->value);
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(s->place)) {
    // A slot of an optimizer, or its weight.
    value = cast(value, ref->local->type);
    Emitted old = emit(ref);
    if (old.isTensor() && value.isTensor() &&
        rankOf(value.value) < rankOf(old.value))
      value.value = b.broadcast(value.value, graph::getShape(old.value), {});
    setRoot(ref->local, value);
    return;
  }
  store(s->place, cast(value, s->place->type));
}

void Emitter::runGuarded(const core::Guarded *s) {
  Emitted condition = emit(s->condition);
  auto before = roots;
  run(s->statements);
  for (auto &[root, value] : roots) {
    auto old = before.find(root);
    if (old != before.end() && old->second.value != value.value)
      value = choose(condition, value, old->second);
  }
}

void Emitter::runAssert(const core::Assert *s) {
  Emitted condition = s->wanted ? within(s) : emit(s->actual);
  b.make<graph::CheckOp>(condition.value,
                         b.getStringAttr(types().line(s->range)));
}

/// Equal, or |actual - wanted| <= tolerance * max(1, |wanted|), everywhere.
Emitted Emitter::within(const core::Assert *s) {
  using core::Primitive;
  Emitted actual = emit(s->actual), wanted = emit(s->wanted);
  Type element = types().element(s->actual->type.elem);
  if (isReal(wanted.value))
    element = types().real();
  Value a = b.convert(actual.value, element),
        c = b.convert(wanted.value, element);
  if (rankOf(c) < rankOf(a))
    c = b.broadcast(c, graph::getShape(a), {});
  else if (rankOf(a) < rankOf(c))
    a = b.broadcast(a, graph::getShape(c), {});
  if (!s->tolerance)
    return Emitted::tensor(arithmetic(s->comparison, {a, c}, types().truth()),
                           actual.ambient);
  Value allowed =
      b.broadcast(b.convert(emitScalar(s->tolerance), types().real()),
                  graph::getShape(a), {});
  a = b.convert(a, types().real());
  c = b.convert(c, types().real());
  Value difference = b.make<math::AbsFOp>(b.subtract(a, c));
  Value scale =
      b.make<arith::MaximumFOp>(b.make<math::AbsFOp>(c), b.constantLike(c, 1));
  Value bound = b.multiply(allowed, scale);
  return Emitted::tensor(
      arithmetic(Primitive::Le, {difference, bound}, types().truth()),
      actual.ambient);
}

} // namespace lamina::irgen
