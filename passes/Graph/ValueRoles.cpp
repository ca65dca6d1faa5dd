// SPDX-License-Identifier: Apache-2.0
//
// What the values of an entry are for.

#include "passes/Graph/ValueRoles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

static bool isElementwise(Operation *op) {
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect());
}

bool isMove(Operation *op) {
  return isa<BroadcastOp, TransposeOp, ReshapeOp, ReverseOp, SliceOp, StopOp,
             PadOp, ConcatOp, WindowOp>(op);
}

bool isMatrixProduct(ContractOp op) {
  auto sizes = op.getLoopSizes();
  bool rows = false, columns = false, sums = false;
  for (unsigned loop = 0; loop < sizes.size(); ++loop) {
    bool inA = op.getMap(0).isFunctionOfDim(loop);
    bool inB = op.getMap(1).isFunctionOfDim(loop);
    bool inResult = op.getMap(2).isFunctionOfDim(loop);
    rows |= inResult && inA && !inB;
    columns |= inResult && inB && !inA;
    sums |= !inResult && *sizes[loop] != SizeExpr(1);
  }
  return rows && columns && sums;
}

SmallVector<OpOperand *> getFactors(Operation *op) {
  SmallVector<OpOperand *> factors;
  if (auto product = dyn_cast<ContractOp>(op))
    factors = {&product.getAMutable(), &product.getBMutable()};
  else if (auto attend = dyn_cast<AttendOp>(op))
    factors = {&attend.getQMutable(), &attend.getKMutable(),
               &attend.getVMutable()};
  else if (auto grad = dyn_cast<AttendGradOp>(op))
    factors = {&grad.getQMutable(), &grad.getKMutable(), &grad.getVMutable(),
               &grad.getAdjointMutable()};
  return factors;
}

//===----------------------------------------------------------------------===//
// Loops and branches
//===----------------------------------------------------------------------===//

/// What an argument of a loop or a branch, or a result of it, is handed on
/// from. Nothing for the results of other ops and the arguments of the entry.
static SmallVector<Value, 2> getHandedFrom(Value value) {
  if (auto result = dyn_cast<OpResult>(value)) {
    unsigned number = result.getResultNumber();
    if (auto cond = dyn_cast<CondOp>(result.getOwner()))
      return {cond.getTakenYield().getValues()[number],
              cond.getOtherwiseYield().getValues()[number]};
    auto scan = dyn_cast<ScanOp>(result.getOwner());
    if (!scan)
      return {};
    YieldOp yield = scan.getBodyYield();
    unsigned carries = scan.getInit().size();
    if (number < carries)
      return {scan.getInit()[number], yield.getValues()[number]};
    if (number - carries < yield.getStacked().size())
      return {yield.getStacked()[number - carries]};
    return {};
  }
  auto argument = cast<BlockArgument>(value);
  Operation *parent = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  if (auto cond = dyn_cast<CondOp>(parent))
    return {cond.getWith()[number]};
  auto scan = dyn_cast<ScanOp>(parent);
  if (!scan || number-- == 0)
    return {};
  unsigned carries = scan.getInit().size(), rows = scan.getOver().size();
  if (number < carries)
    return {scan.getInit()[number], scan.getBodyYield().getValues()[number]};
  if (argument.getOwner() != scan.getBodyBlock())
    rows = 0; // `until` sees no rows
  if (number - carries < rows)
    return {scan.getOver()[number - carries]};
  return {scan.getWith()[number - carries - rows]};
}

static void forEachHanded(func::FuncOp entry,
                          llvm::function_ref<void(Value)> visit) {
  entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<ScanOp, CondOp>(op))
      return;
    for (Region &region : op->getRegions())
      if (!region.empty())
        for (BlockArgument argument : region.getArguments())
          visit(argument);
    for (Value result : op->getResults())
      visit(result);
  });
}

void ValueRoles::noteHandedOn(func::FuncOp entry) {
  forEachHanded(entry, [&](Value value) {
    for (Value from : getHandedFrom(value))
      handedTo[from].push_back(value);
  });
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

/// Names of the variables that the results of an entry are stored to, with
/// null for the other results.
static SmallVector<FlatSymbolRefAttr> getStores(func::FuncOp entry) {
  SmallVector<FlatSymbolRefAttr> stores;
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    stores.push_back(
        entry.getResultAttrOfType<FlatSymbolRefAttr>(i, "program.store"));
  return stores;
}

void ValueRoles::findVariables(func::FuncOp entry) {
  SmallVector<Value> work;
  auto add = [&](Value value) {
    if (variables.insert(value).second)
      work.push_back(value);
  };
  for (BlockArgument argument : entry.getArguments())
    if (entry.getArgAttr(argument.getArgNumber(), "program.load"))
      add(argument);
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [value, store] : llvm::zip(end->getOperands(), getStores(entry)))
    if (store)
      add(value);
  while (!work.empty()) {
    Value value = work.pop_back_val();
    for (Value from : getHandedFrom(value))
      add(from);
    for (Value to : handedTo.lookup(value))
      add(to);
  }
}

//===----------------------------------------------------------------------===//
// Kept weights
//===----------------------------------------------------------------------===//

bool ValueRoles::isOfWeights(Operation &op, bool &isKept) const {
  bool any = false;
  for (Value operand : op.getOperands()) {
    Operation *source = operand.getDefiningOp();
    bool isNeutral = source && source->getNumOperands() == 0;
    if (!ofWeights.contains(operand) && !isNeutral)
      return false;
    any |= !isNeutral;
    isKept |= ofKeptWeights.contains(operand);
  }
  return any;
}

void ValueRoles::findKeptWeights(func::FuncOp entry) {
  auto add = [&](Value value, bool isKept) {
    ofWeights.insert(value);
    if (isKept)
      ofKeptWeights.insert(value);
  };
  for (BlockArgument argument : entry.getArguments())
    if (auto name = entry.getArgAttrOfType<FlatSymbolRefAttr>(
            argument.getArgNumber(), "program.load"))
      add(argument, asked(name.getValue()));
  entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.empty() || op == entry
                                        ? MutableArrayRef<BlockArgument>()
                                        : region.getArguments()) {
        auto from = getHandedFrom(argument);
        if (from.size() == 1 && ofWeights.contains(from[0]))
          add(argument, ofKeptWeights.contains(from[0]));
      }
    bool isKept = false;
    if (op->getNumRegions() == 0 && isOfWeights(*op, isKept))
      for (Value result : op->getResults())
        add(result, isKept);
  });
}

/// From what is stored to a kept weight back to the contractions that its
/// gradient comes from. A total over several weights is a number, and no way.
void ValueRoles::findKeptGradients(func::FuncOp entry) {
  llvm::DenseSet<Value> seen;
  SmallVector<Value> work;
  auto add = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && type.getRank() > 0 && isFloat(value) &&
        seen.insert(value).second)
      work.push_back(value);
  };
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [value, store] : llvm::zip(end->getOperands(), getStores(entry)))
    if (store && asked(store.getValue()))
      add(value);
  while (!work.empty()) {
    Value value = work.pop_back_val();
    for (Value from : getHandedFrom(value))
      add(from);
    Operation *op = value.getDefiningOp();
    if (!op)
      continue;
    if (isa<ContractOp>(op))
      keptGradients.insert(op);
    else if (isElementwise(op) || isMove(op))
      llvm::for_each(op->getOperands(), add);
  }
}

bool ValueRoles::isKept(ContractOp op) const {
  return keptGradients.contains(op) || ofKeptWeights.contains(op.getA()) ||
         ofKeptWeights.contains(op.getB());
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

void ValueRoles::findFeeding(func::FuncOp entry) {
  SmallVector<Value> work;
  auto add = [&](Value value) {
    if (isFloat(value) && feeding.insert(value).second)
      work.push_back(value);
  };
  entry.walk([&](Operation *op) {
    for (OpOperand *factor : getFactors(op))
      add(factor->get());
  });
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (isVariable(value))
      continue;
    for (Value from : getHandedFrom(value))
      add(from);
    Operation *op = value.getDefiningOp();
    if (!op)
      continue;
    if (op->getNumRegions() == 0)
      llvm::for_each(op->getOperands(), add);
    for (OpOperand *factor : getFactors(op))
      add(factor->get());
  }
}

ValueRoles::ValueRoles(func::FuncOp entry,
                       llvm::function_ref<bool(StringRef)> isKept)
    : asked(isKept) {
  noteHandedOn(entry);
  findVariables(entry);
  findKeptWeights(entry);
  findKeptGradients(entry);
  findFeeding(entry);
}

} // namespace lamina::graph
