// SPDX-License-Identifier: Apache-2.0
//
// What a launch of a kernel costs.

#include "dialects/Kernel/KernelCost.h"

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/Addresses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lamina;
using namespace lamina::kernel;
using graph::SizeExpr;

namespace {
/// Sizes of the tensors in a body.
class BodySizes {
public:
  BodySizes(FuncOp func, ArrayRef<SizeExpr> dims) : dims(dims) {
    unsigned index = 0;
    for (BlockArgument argument : func.getBlock()->getArguments())
      if (isa<RankedTensorType>(argument.getType()))
        shapes[argument] = func.getShape(index++);
  }

  SizeExpr get(Value tensor, unsigned axis) const {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (!type.isDynamicDim(axis))
      return SizeExpr(type.getDimSize(axis));
    unsigned number = type.getDynamicDimIndex(axis);
    if (auto shape = shapes.find(tensor); shape != shapes.end())
      return dims[shape->second[number]];
    Operation *op = tensor.getDefiningOp();
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return getValue(empty.getDynamicSizes()[number]);
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return get(
          linalgOp.getDpsInits()[cast<OpResult>(tensor).getResultNumber()],
          axis);
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      return get(insert.getDest(), axis);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return getValue(slice.getSizes()[number]);
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return getValue(expand.getOutputShape()[number]);
    if (op && op->getNumOperands() > 0 &&
        op->getOperand(0).getType() == tensor.getType())
      return get(op->getOperand(0), axis);
    return SizeExpr(1);
  }

  SizeExpr count(Value tensor) const {
    SizeExpr count(1);
    for (int64_t axis = 0;
         axis < cast<RankedTensorType>(tensor.getType()).getRank(); ++axis)
      count = count * get(tensor, axis);
    return count;
  }

private:
  SizeExpr getValue(Value size) const {
    if (auto known = size.getDefiningOp<SizeOp>())
      return dims[known.getDim()];
    auto dim = size.getDefiningOp<tensor::DimOp>();
    if (!dim || !dim.getConstantIndex())
      return SizeExpr(1);
    return get(dim.getSource(), *dim.getConstantIndex());
  }

  ArrayRef<SizeExpr> dims;
  llvm::DenseMap<Value, ArrayRef<int64_t>> shapes;
};
} // namespace

/// The number of rounds of all loops of an op.
static SizeExpr countRounds(linalg::LinalgOp op, const BodySizes &sizes) {
  SmallVector<std::optional<SizeExpr>> loops(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    for (auto [axis, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (!loops[dim.getPosition()])
          loops[dim.getPosition()] = sizes.get(operand.get(), axis);
  }
  SizeExpr count(1);
  for (const auto &loop : loops)
    if (loop)
      count = count * *loop;
  return count;
}

static int64_t countOps(linalg::LinalgOp op) {
  int64_t count = 0;
  for (Operation &inner : *op.getBlock())
    if (isa_and_present<arith::ArithDialect, math::MathDialect>(
            inner.getDialect()) &&
        !isa<arith::ConstantOp, arith::IndexCastOp, arith::ExtFOp,
             arith::TruncFOp>(inner))
      count += isa<math::MathDialect>(inner.getDialect()) ? 10 : 1;
  return count;
}

/// Products of rows of queries with rows of keys, and of weights with rows: two
/// of them forward, five for the adjoint. What a mask hides is counted.
static SizeExpr countAttention(Operation &op, const BodySizes &sizes) {
  auto attend = dyn_cast<graph::AttendOp>(op);
  auto grad = dyn_cast<graph::AttendGradOp>(op);
  if (!attend && !grad)
    return SizeExpr(0);
  Value q = attend ? attend.getQ() : grad.getQ();
  Value k = attend ? attend.getK() : grad.getK();
  Value v = attend ? attend.getV() : grad.getV();
  unsigned last = unsigned(cast<RankedTensorType>(q.getType()).getRank()) - 1;
  SizeExpr scores = sizes.get(k, last - 1);
  for (unsigned axis = 0; axis < last; ++axis)
    scores = scores * sizes.get(q, axis);
  return scores * SizeExpr(2) *
         (sizes.get(q, last) * SizeExpr(attend ? 1 : 3) +
          sizes.get(v, last) * SizeExpr(attend ? 1 : 2));
}

KernelCost kernel::getCost(FuncOp func, ArrayRef<SizeExpr> dims) {
  BodySizes sizes(func, dims);
  KernelCost cost;
  for (BlockArgument argument : func.getBlock()->getArguments())
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
      cost.bytes =
          cost.bytes + sizes.count(argument) *
                           SizeExpr(getElementBytes(type.getElementType()));
  for (Operation &op : *func.getBlock()) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (linalgOp && !isa<linalg::FillOp>(op))
      cost.flops = cost.flops +
                   countRounds(linalgOp, sizes) * SizeExpr(countOps(linalgOp));
    cost.flops = cost.flops + countAttention(op, sizes);
  }
  return cost;
}

static void addLines(Location loc, std::vector<std::string> &lines) {
  if (auto file = dyn_cast<FileLineColLoc>(loc)) {
    std::string line = file.getFilename().str() + ":" +
                       std::to_string(file.getLine()) + ":" +
                       std::to_string(file.getColumn());
    if (!llvm::is_contained(lines, line))
      lines.push_back(line);
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      addLines(part, lines);
  } else if (auto named = dyn_cast<NameLoc>(loc)) {
    addLines(named.getChildLoc(), lines);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    addLines(call.getCallee(), lines);
    addLines(call.getCaller(), lines);
  }
}

std::vector<Operation *> kernel::getNumberedOps(FuncOp func) {
  std::vector<Operation *> ops;
  func.getBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) { ops.push_back(op); });
  return ops;
}

std::vector<std::string> kernel::getOpLines(FuncOp func) {
  auto first = [](Location loc) {
    std::vector<std::string> lines = getLines(loc);
    return lines.empty() ? "" : lines.front();
  };
  std::vector<std::string> lines{first(func.getLoc())};
  for (Operation *op : getNumberedOps(func))
    lines.push_back(first(op->getLoc()));
  return lines;
}

std::string kernel::getLayer(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc))
    return getLayer(fused.getLocations().front());
  auto named = dyn_cast<NameLoc>(loc);
  return named ? named.getName().str() : "";
}

std::vector<std::string> kernel::getLines(Location loc) {
  std::vector<std::string> lines;
  addLines(loc, lines);
  return lines;
}
