// SPDX-License-Identifier: Apache-2.0
//
// Walks a block backwards.

#include "passes/Graph/Pullback.h"

#include "dialects/Graph/Formula.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace lamina::graph {

void Pullback::add(OpBuilder &b, Location loc, Value value, Value adjoint,
                   Value where) {
  assert(value.getType() == adjoint.getType() &&
         "an adjoint has the type of its value");
  auto [entry, isNew] = adjoints.try_emplace(value, Adjoint{adjoint, where});
  if (isNew)
    return;
  Adjoint &old = entry->second;
  old.value = arith::AddFOp::create(b, loc, old.value, adjoint);
  // Outside of both places the sum is zero; without one of them nothing is
  // known.
  if (old.where && where && old.where != where)
    old.where = arith::OrIOp::create(b, loc, old.where, where);
  else if (!where)
    old.where = {};
}

void Pullback::move(Value from, Value to) {
  auto entry = adjoints.find(from);
  if (entry != adjoints.end()) {
    Adjoint adjoint = entry->second;
    adjoints.erase(entry);
    adjoints[to] = adjoint;
  }
  if (activity.contains(from))
    activity.add(to);
}

LogicalResult Pullback::run(OpBuilder &b, Operation *first, Operation *last) {
  for (Operation *op = last; op;) {
    // Read before the visit: `op` may be replaced by it.
    Operation *previous = op == first ? nullptr : op->getPrevNode();
    if (failed(visit(b, op)))
      return failure();
    op = previous;
  }
  return success();
}

LogicalResult Pullback::visit(OpBuilder &b, Operation *op) {
  SmallVector<Value> given;
  for (Value result : op->getResults())
    given.push_back(get(result));
  if (llvm::none_of(given, [](Value g) { return bool(g); }))
    return success();
  llvm::BitVector wanted = activity.activeOperands(op);
  if (wanted.none())
    return success();
  if (auto scan = dyn_cast<ScanOp>(op))
    return visitScan(b, scan, given, wanted);
  if (auto cond = dyn_cast<CondOp>(op))
    return visitCond(b, cond, given, wanted);
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  if (!rule)
    return op->emitError("'") << op->getName() << "' has no derivative";
  if (rule.needsDecomposition(given))
    return visitDecomposed(b, op);
  return visitByRule(b, op, given, wanted);
}

/// The place of an operand's adjoint, from that of the only result's.
Value Pullback::placeOf(OpBuilder &b, DifferentiableOpInterface op,
                        unsigned operand, Value where) {
  if (!where)
    return {};
  switch (op.getWhereFlow()) {
  case WhereFlow::Drops:
    return {};
  case WhereFlow::Wraps:
  case WhereFlow::Keeps:
    return where;
  case WhereFlow::Moves: {
    llvm::BitVector wanted(op->getNumOperands());
    wanted.set(operand);
    Adjoints places(wanted);
    if (failed(op.pullback(b, {where}, places)) ||
        places.getContributions().size() != 1)
      return {};
    return places.getContributions()[0].value;
  }
  }
  llvm_unreachable("every flow has a case");
}

LogicalResult Pullback::visitByRule(OpBuilder &b, Operation *op,
                                    ArrayRef<Value> given,
                                    llvm::BitVector wanted) {
  auto rule = cast<DifferentiableOpInterface>(op);
  Adjoints sink(wanted);
  if (failed(rule.pullback(b, given, sink)))
    return failure();
  Location loc = op->getLoc();
  Value where = op->getNumResults() == 1
                    ? adjoints.lookup(op->getResult(0)).where
                    : Value();
  for (const Adjoints::Contribution &part : sink.getContributions()) {
    Value value = part.value, place = placeOf(b, rule, part.operand, where);
    if (place && rule.getWhereFlow() == WhereFlow::Wraps)
      value = selectOp(b, loc, place, value, zeroOf(b, loc, value.getType()));
    if (part.where)
      place = place ? Value(arith::AndIOp::create(b, loc, place, part.where))
                    : part.where;
    add(b, loc, op->getOperand(part.operand), value, place);
  }
  return success();
}

FailureOr<SmallVector<Value>>
decomposeAndExpand(Operation *op, const GradientOptions &options) {
  auto decomposable = dyn_cast<DecomposableOpInterface>(op);
  if (!decomposable)
    return op->emitError("'") << op->getName() << "' has no derivative",
           failure();
  Operation *before = op->getPrevNode();
  OpBuilder b(op);
  FailureOr<SmallVector<Value>> parts = decomposable.decompose(b);
  if (failed(parts))
    return failure();
  SmallVector<GradientOp> inner;
  for (Operation *part = before ? before->getNextNode()
                                : &op->getBlock()->front();
       part != op; part = part->getNextNode())
    if (auto gradient = dyn_cast<GradientOp>(part))
      inner.push_back(gradient);
  if (inner.empty())
    return parts;
  // The values change while gradients are expanded; an op that holds them
  // follows.
  SmallVector<Value> present;
  llvm::copy_if(*parts, std::back_inserter(present),
                [](Value v) { return bool(v); });
  auto holder = BarrierOp::create(b, op->getLoc(),
                                  ValueRange(present).getTypes(), present);
  for (GradientOp gradient : inner)
    if (failed(expandGradient(gradient, options)))
      return failure();
  unsigned next = 0;
  for (Value &value : *parts)
    if (value)
      value = holder.getInputs()[next++];
  holder.erase();
  return parts;
}

/// The adjoint of attention keeps no scores; once it is differentiated itself
/// they are all in memory.
static void remarkOnScores(Operation *op) {
  auto grad = dyn_cast<AttendGradOp>(op);
  if (!grad)
    return;
  Shape scores = getShape(grad.getQ());
  scores.back() = getShape(grad.getK())[scores.size() - 2];
  emitRemark(op->getLoc())
      << "a second derivative of attention keeps all of its scores, "
      << getElementCount(scores).str() << " numbers, several times";
}

LogicalResult Pullback::visitDecomposed(OpBuilder &b, Operation *op) {
  remarkOnScores(op);
  Operation *before = op->getPrevNode();
  Block *block = op->getBlock();
  FailureOr<SmallVector<Value>> parts = decomposeAndExpand(op, options);
  if (failed(parts))
    return failure();
  Operation *first = before ? before->getNextNode() : &block->front();
  for (Operation *part = first; part != op; part = part->getNextNode())
    activity.visit(part);
  for (auto [result, value] : llvm::zip(op->getResults(), *parts)) {
    if (!value)
      continue;
    move(result, value);
    result.replaceAllUsesWith(value);
  }
  Operation *last = op->getPrevNode();
  // Results nobody reads any more may still be keys of the map.
  for (Value result : op->getResults())
    adjoints.erase(result);
  op->erase();
  return last == before ? success() : run(b, first, last);
}

LogicalResult Pullback::visitScan(OpBuilder &b, ScanOp scan,
                                  ArrayRef<Value> given,
                                  llvm::BitVector wanted) {
  SmallVector<Value> old(scan->getResults());
  ScanOp wide = scan;
  FailureOr<SmallVector<Value>> operands =
      pullBackScan(b, wide, given, wanted, options);
  if (failed(operands))
    return failure();
  if (wide != scan) {
    unsigned stacks = wide.getStacks().size() - scan.getStacks().size();
    // The new stacks stand between the old ones and the number of rounds.
    unsigned behind = scan.getRoundsRun() ? 1 : 0;
    for (auto [i, result] : llvm::enumerate(old)) {
      unsigned position = unsigned(i) + (i + behind >= old.size() ? stacks : 0);
      move(result, wide->getResult(position));
      result.replaceAllUsesWith(wide->getResult(position));
    }
    scan.erase();
  }
  for (auto [operand, adjoint] : llvm::zip(wide->getOperands(), *operands))
    if (adjoint)
      add(b, wide.getLoc(), operand, adjoint);
  return success();
}

LogicalResult Pullback::visitCond(OpBuilder &b, CondOp cond,
                                  ArrayRef<Value> given,
                                  llvm::BitVector wanted) {
  FailureOr<SmallVector<Value>> operands =
      pullBackCond(b, cond, given, wanted, options);
  if (failed(operands))
    return failure();
  for (auto [operand, adjoint] : llvm::zip(cond->getOperands(), *operands))
    if (adjoint)
      add(b, cond.getLoc(), operand, adjoint);
  return success();
}

} // namespace lamina::graph
