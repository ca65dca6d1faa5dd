// SPDX-License-Identifier: Apache-2.0
//
// Loops whose bodies may see everything.

#include "frontend/IRGen/ScanBuilder.h"

#include "frontend/IRGen/ModuleEmitter.h"

using namespace mlir;

namespace lamina::irgen {

ScanBuilder::ScanBuilder(Emitter &emitter, const SizeExpr &trip,
                         const core::IndexVar *index, bool down,
                         ArrayRef<Value> carried, bool hasUntil)
    : emitter(emitter), b(emitter.b), index(index), down(down), trip(trip),
      numCarries(carried.size()), inits(carried) {
  for (auto &[root, value] : emitter.roots) {
    // A tree that was computed leaf by leaf goes through the loop as one tree.
    Emitted before = value;
    if (before.kind == Emitted::Leaves)
      before = Emitted::tree(emitter.implode(before), before.slot);
    rootsBefore.push_back({root, before});
    inits.push_back(before.value);
  }
  op = b.make<graph::ScanOp>(trip, /*reverse=*/false, inits, ValueRange(),
                             ValueRange(), TypeRange(), Value(), hasUntil);
  body = op.getBodyBlock();
  b.setInsertionPointToEnd(body);
  for (auto [i, before] : llvm::enumerate(rootsBefore)) {
    Emitted inside = before.second;
    inside.value = body->getArgument(1 + numCarries + i);
    emitter.setRoot(before.first, inside);
  }
  emitter.rounds.push_back(round());
  emitter.loops.push_back(this);
}

ScanBuilder::~ScanBuilder() { assert(!op && "every loop is ended"); }

bool ScanBuilder::isOutside(Value value) const {
  return !op->isAncestor(value.getParentBlock()->getParentOp());
}

void ScanBuilder::restoreRoots() {
  for (auto &before : rootsBefore)
    emitter.setRoot(before.first, before.second);
}

Value ScanBuilder::row(Value stack) {
  over.push_back(stack);
  return body->addArgument(graph::getRowType(stack.getType()), b.place);
}

Value ScanBuilder::rowOf(Value x, unsigned axis, core::Dim position) {
  if (!index || !isOutside(x))
    return {};
  std::optional<int64_t> offset = (position - index->value).size().constant();
  std::optional<int64_t> low = index->low.size().constant();
  if (!offset || !low)
    return {};
  Value &known = rows[{x, {axis, *offset}}];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  SmallVector<int64_t> order{int64_t(axis)};
  for (int64_t other = 0; other < int64_t(rankOf(x)); ++other)
    if (other != int64_t(axis))
      order.push_back(other);
  Value stack = b.slice(b.transpose(x, order), 0, *low + *offset, trip);
  if (down)
    stack = b.reverse(stack, 0);
  return known = row(stack);
}

void ScanBuilder::until(function_ref<Value(Value, ValueRange)> emit) {
  OpBuilder::InsertionGuard guard(b);
  Block *block = op.getUntilBlock();
  b.setInsertionPointToEnd(block);
  auto inside = emitter.roots;
  for (auto [i, before] : llvm::enumerate(rootsBefore)) {
    Emitted value = before.second;
    value.value = block->getArgument(1 + numCarries + i);
    emitter.setRoot(before.first, value);
  }
  Value stop =
      emit(block->getArgument(0), block->getArguments().slice(1, numCarries));
  b.make<graph::YieldOp>(ValueRange(stop));
  emitter.roots = inside;
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

/// Roots that no round changes are no carries: the body reads them from
/// outside.
ScanBuilder::Kept ScanBuilder::sortCarries(ArrayRef<Value> next) {
  Kept kept;
  for (unsigned i = 0; i < numCarries; ++i) {
    kept.inits.push_back(inits[i]);
    kept.next.push_back(next[i]);
    kept.arguments.push_back(1 + i);
  }
  for (auto [i, before] : llvm::enumerate(rootsBefore)) {
    unsigned argument = 1 + numCarries + i;
    Emitted after = emitter.roots[before.first];
    if (after.kind == Emitted::Leaves)
      after = Emitted::tree(emitter.implode(after), after.slot);
    if (after.value == body->getArgument(argument)) {
      body->getArgument(argument).replaceAllUsesWith(before.second.value);
      if (op.hasUntil())
        op.getUntilBlock()->getArgument(argument).replaceAllUsesWith(
            before.second.value);
      continue;
    }
    kept.inits.push_back(before.second.value);
    kept.next.push_back(after.value);
    kept.arguments.push_back(argument);
    kept.roots.push_back(before.first);
  }
  return kept;
}

/// All values of outside that the regions read. Constants and the like are made
/// again inside, where folds see them.
SmallVector<Value> ScanBuilder::capture() {
  llvm::SetVector<Value> captured;
  for (Region &region : op->getRegions()) {
    llvm::DenseMap<Operation *, Operation *> copies;
    SmallVector<OpOperand *> operands;
    region.walk([&](Operation *inner) {
      for (OpOperand &operand : inner->getOpOperands())
        if (isOutside(operand.get()))
          operands.push_back(&operand);
    });
    for (OpOperand *operand : operands) {
      Operation *source = operand->get().getDefiningOp();
      if (!source || source->getNumOperands() ||
          !isa<arith::ConstantOp, graph::SizeOp, graph::IotaOp, model::PhaseOp>(
              source)) {
        captured.insert(operand->get());
        continue;
      }
      Operation *&copy = copies[source];
      if (!copy) {
        copy = source->clone();
        region.front().push_front(copy);
      }
      operand->set(copy->getResult(0));
    }
  }
  return captured.takeVector();
}

void ScanBuilder::moveRegion(Block *from, Block *to, const Kept &kept,
                             unsigned numOver, ArrayRef<Value> captured) {
  from->getArgument(0).replaceAllUsesWith(to->getArgument(0));
  for (auto [i, argument] : llvm::enumerate(kept.arguments))
    from->getArgument(argument).replaceAllUsesWith(to->getArgument(1 + i));
  unsigned firstOver = 1 + inits.size();
  for (unsigned i = 0; i < numOver; ++i)
    from->getArgument(firstOver + i)
        .replaceAllUsesWith(to->getArgument(1 + kept.inits.size() + i));
  to->getOperations().splice(to->end(), from->getOperations());
  Region *region = to->getParent();
  for (auto [i, value] : llvm::enumerate(captured))
    Value(value).replaceUsesWithIf(
        to->getArgument(1 + kept.inits.size() + numOver + i),
        [&](OpOperand &use) {
          return region->isAncestor(use.getOwner()->getParentRegion());
        });
}

ScanBuilder::Results ScanBuilder::end(ArrayRef<Value> next,
                                      ArrayRef<Value> stackRows) {
  assert(emitter.loops.back() == this && "loops end from the inside");
  emitter.loops.pop_back();
  emitter.rounds.pop_back();
  Kept kept = sortCarries(next);
  b.make<graph::YieldOp>(kept.next, stackRows);
  SmallVector<Type> stackTypes;
  for (Value row : stackRows)
    stackTypes.push_back(emitter.module.stackOf(row.getType(), trip));
  SmallVector<Value> captured = capture();

  b.setInsertionPoint(op);
  auto scan =
      b.make<graph::ScanOp>(trip, /*reverse=*/false, kept.inits, over, captured,
                            stackTypes, Value(), op.hasUntil());
  moveRegion(body, scan.getBodyBlock(), kept, over.size(), captured);
  if (op.hasUntil())
    moveRegion(op.getUntilBlock(), scan.getUntilBlock(), kept, 0, captured);
  op->erase();
  op = {};
  b.setInsertionPointAfter(scan);

  Results results;
  llvm::append_range(results.carries, scan.getCarries().take_front(numCarries));
  llvm::append_range(results.stacks, scan.getStacks());
  results.rounds = scan.getRoundsRun();
  restoreRoots();
  for (auto [i, root] : llvm::enumerate(kept.roots))
    emitter.roots[root].value = scan.getCarries()[numCarries + i];
  return results;
}

} // namespace lamina::irgen
