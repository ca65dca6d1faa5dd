// SPDX-License-Identifier: Apache-2.0
//
// No place is overwritten too early.
//
// Planned -> the same. Works lifetimes out again from the places alone, so that
// a mistake of the planner (or of a hand that wrote the file) is an error here
// and not a wrong number at step 4000.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/Addresses.h"
#include "passes/Kernel/InPlace.h"
#include "passes/Kernel/Liveness.h"
#include "passes/Kernel/Passes.h"

#include "llvm/ADT/MapVector.h"

namespace lamina {
#define GEN_PASS_DEF_VERIFYPLANNEDPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using kernel::Address;

namespace {
class PlanVerifier {
public:
  PlanVerifier(func::FuncOp entry, SymbolTable &symbols)
      : entry(entry), symbols(symbols), addresses(entry) {}
  LogicalResult verify() {
    verifyBlock(entry.getBody().front());
    return failure(wrong);
  }

private:
  void verifyBlock(Block &block);
  void write(Value value, Operation *op, const BlockLiveness &life,
             SmallVectorImpl<Value> &standing);
  bool mayOverwrite(Operation *op, Value value, Value old);

  func::FuncOp entry;
  SymbolTable &symbols;
  kernel::Addresses addresses;
  bool wrong = false;
};
} // namespace

/// Whether an op that reads `old` may write `value` in its place.
bool PlanVerifier::mayOverwrite(Operation *op, Value value, Value old) {
  auto launch = dyn_cast<kernel::LaunchOp>(op);
  if (!launch)
    return true; // what loops and choices do inside is checked there
  unsigned result = cast<OpResult>(value).getResultNumber();
  auto func = symbols.lookup<kernel::FuncOp>(launch.getKernel());
  for (auto [number, in] : llvm::enumerate(launch.getIns()))
    if (getRoot(in) == old && !mayShareBuffer(func, number, result))
      return false;
  return true;
}

void PlanVerifier::write(Value value, Operation *op, const BlockLiveness &life,
                         SmallVectorImpl<Value> &standing) {
  auto place = addresses.lookup(value);
  if (!place || place->isHost())
    return;
  unsigned here = life.getPosition(op);
  for (Value old : standing) {
    auto other = addresses.lookup(old);
    if (!other || *other != *place)
      continue;
    unsigned last = life.getLastUse(old);
    if (last < here || (last == here && mayOverwrite(op, value, old)))
      continue;
    auto diag = op->emitError("overwrites a value that is read later");
    diag.attachNote(old.getLoc()) << "the value was made here";
    wrong = true;
  }
  llvm::erase_if(standing, [&](Value old) {
    auto other = addresses.lookup(old);
    return other && *other == *place;
  });
  standing.push_back(value);
}

void PlanVerifier::verifyBlock(Block &block) {
  BlockLiveness life(block);
  SmallVector<Value> standing(block.getArguments());
  for (Operation &op : block) {
    if (!isa<kernel::LaunchOp, kernel::LoopOp, kernel::IfOp>(op))
      continue;
    for (Value result : op.getResults())
      write(result, &op, life, standing);
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        verifyBlock(inner);
  }
}

namespace {
struct VerifyPlannedPass
    : lamina::impl::VerifyPlannedPassBase<VerifyPlannedPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    bool wrong = false;
    for (auto entry : getOperation().getOps<func::FuncOp>()) {
      if (entry.isExternal())
        continue;
      if (!entry->hasAttr("kernel.slots")) {
        entry.emitError("has no places");
        wrong = true;
        continue;
      }
      wrong |= failed(PlanVerifier(entry, symbols).verify());
    }
    if (wrong)
      signalPassFailure();
  }
};
} // namespace
