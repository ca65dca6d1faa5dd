// SPDX-License-Identifier: Apache-2.0
//
// How a function is read backwards.
//
// Starts from the result and what does not depend on the unknown argument. An
// op whose operands are known is computed, one whose result is known and that
// has one unknown operand is solved for it, a value whose parts are known is
// joined, until the argument is known or nothing more follows.

#include "passes/Model/InversePlan.h"

#include "dialects/Graph/Shape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lamina;

/// The axis that an axis-wise part leaves incomplete; nothing if there are
/// several or it has steps.
static std::optional<int64_t> getPartAxis(graph::SliceOp slice) {
  graph::Shape whole = graph::getShape(slice.getX());
  graph::Shape part = graph::getShape(slice.getResult());
  std::optional<int64_t> axis;
  for (unsigned i = 0; i < whole.size(); ++i) {
    if (slice.getStep()[i] != 1)
      return std::nullopt;
    if (whole[i] == part[i])
      continue;
    if (axis)
      return std::nullopt;
    axis = i;
  }
  return axis;
}

int64_t lamina::getJoinAxis(const InverseStep &join) {
  return *getPartAxis(join.slices.front());
}

/// Contracts x[.., k, ..] with a square w[k, n] to y[.., n, ..].
static bool isSquareProduct(graph::ContractOp op) {
  AffineMap x = op.getMap(0), w = op.getMap(1), y = op.getMap(2);
  auto type = op.getB().getType();
  if (type.getRank() != 2 || x.getNumResults() != y.getNumResults() ||
      !x.isProjectedPermutation() || !w.isProjectedPermutation())
    return false;
  graph::Shape sizes = graph::getShape(type);
  if (sizes[0] != sizes[1])
    return false;
  unsigned changed = 0;
  for (auto [a, b] : llvm::zip_equal(x.getResults(), y.getResults())) {
    if (a == b)
      continue;
    ++changed;
    bool isWeight = (w.getResult(0) == a && w.getResult(1) == b) ||
                    (w.getResult(0) == b && w.getResult(1) == a);
    if (!isWeight)
      return false;
  }
  return changed == 1;
}

/// Whether the op's result and other operands give this operand.
static bool isSolvable(Operation *op, unsigned operand) {
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
          arith::NegFOp, math::ExpOp, math::LogOp, math::TanhOp,
          graph::TransposeOp, graph::ReverseOp, graph::ReshapeOp,
          graph::ConcatOp>(op))
    return true;
  if (auto gather = dyn_cast<graph::GatherOp>(op))
    return operand == 0 && gather.getBatch() == 0 &&
           gather.getIds().getType().getRank() == 1 &&
           gather.getX().getType() == gather.getType();
  if (auto contract = dyn_cast<graph::ContractOp>(op))
    return operand == 0 && isSquareProduct(contract);
  if (auto call = dyn_cast<model::CallOp>(op))
    return operand == 1 && call.getNumResults() == 1;
  if (auto scan = dyn_cast<graph::ScanOp>(op))
    return operand == 0 && scan.getInit().size() == 1 &&
           scan.getStacks().empty() && !scan.hasUntil() && !scan.getRounds();
  return false;
}

namespace {

class Planner {
public:
  Planner(Block &block, BlockArgument unknown) : block(block), x(unknown) {
    for (BlockArgument arg : block.getArguments())
      if (arg != unknown)
        known.insert(arg);
    known.insert(block.getTerminator()->getOperand(0));
  }

  SmallVector<InverseStep> run() {
    while (!isKnown(x) && advance())
      ;
    return std::move(steps);
  }
  bool isKnown(Value value) const { return known.contains(value); }
  /// An op that stands between what is known and what is not.
  Operation *findObstacle() const {
    for (Operation &op : llvm::reverse(block.without_terminator()))
      if (llvm::any_of(op.getResults(), [&](Value v) { return isKnown(v); }) &&
          llvm::any_of(op.getOperands(), [&](Value v) { return !isKnown(v); }))
        return &op;
    return nullptr;
  }

private:
  bool advance() {
    bool moved = false;
    for (Operation &op : block.without_terminator())
      moved |= compute(op);
    for (Operation &op : llvm::reverse(block.without_terminator())) {
      moved |= solve(op);
      for (Value operand : op.getOperands())
        moved |= join(operand);
    }
    return moved;
  }

  bool compute(Operation &op) {
    bool isNew =
        llvm::any_of(op.getResults(), [&](Value v) { return !isKnown(v); });
    if (!isNew ||
        !llvm::all_of(op.getOperands(), [&](Value v) { return isKnown(v); }))
      return false;
    known.insert(op.result_begin(), op.result_end());
    steps.push_back({InverseStep::Compute, &op, 0, {}, {}});
    return true;
  }

  bool solve(Operation &op) {
    if (op.getNumResults() != 1 || !isKnown(op.getResult(0)))
      return false;
    SmallVector<unsigned> missing;
    for (OpOperand &operand : op.getOpOperands())
      if (!isKnown(operand.get()))
        missing.push_back(operand.getOperandNumber());
    // The inputs of a join are parts of the result, each by itself.
    if (missing.empty() || (missing.size() > 1 && !isa<graph::ConcatOp>(op)))
      return false;
    bool moved = false;
    for (unsigned operand : missing) {
      if (!isSolvable(&op, operand))
        continue;
      known.insert(op.getOperand(operand));
      steps.push_back({InverseStep::Solve, &op, operand, {}, {}});
      moved = true;
    }
    return moved;
  }

  bool join(Value whole) {
    if (isKnown(whole))
      return false;
    std::map<int64_t, SmallVector<graph::SliceOp>> byAxis;
    for (Operation *user : whole.getUsers())
      if (auto slice = dyn_cast<graph::SliceOp>(user))
        if (std::optional<int64_t> axis = getPartAxis(slice);
            axis && isKnown(slice.getResult()))
          byAxis[*axis].push_back(slice);
    for (auto &[axis, slices] : byAxis)
      if (joinAlong(whole, axis, slices))
        return true;
    return false;
  }

  bool joinAlong(Value whole, int64_t axis,
                 SmallVector<graph::SliceOp> &slices) {
    llvm::sort(slices, [axis = axis](graph::SliceOp a, graph::SliceOp b) {
      return a.getStart()[axis] < b.getStart()[axis];
    });
    SmallVector<graph::SliceOp> parts;
    graph::SizeExpr next;
    for (graph::SliceOp slice : slices) {
      if (graph::SizeExpr(slice.getStart()[axis]) != next)
        continue;
      parts.push_back(slice);
      next = next + graph::getShape(slice.getResult())[axis];
    }
    if (next != graph::getShape(whole)[axis])
      return false;
    known.insert(whole);
    steps.push_back({InverseStep::Join, nullptr, 0, whole, parts});
    return true;
  }

  Block &block;
  BlockArgument x;
  llvm::DenseSet<Value> known;
  SmallVector<InverseStep> steps;
};

} // namespace

FailureOr<SmallVector<InverseStep>>
lamina::planInverse(Operation *asked, Block &block, BlockArgument unknown) {
  Planner planner(block, unknown);
  SmallVector<InverseStep> steps = planner.run();
  if (planner.isKnown(unknown))
    return steps;
  InFlightDiagnostic diag = asked->emitError("this cannot be read backwards");
  if (Operation *obstacle = planner.findObstacle())
    diag.attachNote(obstacle->getLoc())
        << "from the result of '" << obstacle->getName()
        << "' its operand does not follow";
  return diag;
}
