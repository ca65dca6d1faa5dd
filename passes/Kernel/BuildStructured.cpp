// SPDX-License-Identifier: Apache-2.0
//
// Kernels of one op on whole tensors.
//
// `scatter`, `sort`, `top_k`, `cumulative` and dense algebra: the leading axes
// are joined into one batch, so that a routine is written for one rank.

#include "passes/Kernel/BuildKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lamina;

namespace {
/// How a tensor's axes are joined: the sizes of the joined ones.
using Joined = SmallVector<SizeExpr>;
} // namespace

static Joined joinAxes(Value value, ArrayRef<unsigned> ends) {
  graph::Shape shape = graph::getShape(value);
  Joined joined;
  unsigned axis = 0;
  for (unsigned end : ends) {
    SizeExpr size(1);
    for (; axis < end; ++axis)
      size = size * shape[axis];
    joined.push_back(size);
  }
  assert(axis == shape.size() && "axes are left over");
  return joined;
}

static unsigned getRank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

static Value getArgument(KernelBody &body, Value value, const Joined &joined) {
  SmallVector<bool> runtime(joined.size(), false);
  runtime[0] = true; // the batch
  return body.getTensor(value, joined, runtime);
}

static Value addOut(KernelBody &body, Value value, const Joined &joined,
                    Value init = {}) {
  SmallVector<bool> runtime(joined.size(), false);
  runtime[0] = true;
  return body.addOut(value, joined, runtime, init);
}

/// x [batch, n, inner], ids [batch, k], updates [batch, k, inner].
static SmallVector<Value> writeScatter(KernelBody &body, graph::ScatterOp op) {
  unsigned batch = op.getBatch(), axis = op.getAxis();
  if (axis != batch) {
    body.fail(op, "scatters along an axis that is not the first behind its "
                  "batch axes");
    return {};
  }
  unsigned rank = getRank(op.getX()), idsRank = getRank(op.getIds());
  Joined x = joinAxes(op.getX(), {batch, batch + 1, rank});
  Joined ids = joinAxes(op.getIds(), {batch, idsRank});
  Joined updates =
      joinAxes(op.getUpdates(), {batch, idsRank, getRank(op.getUpdates())});
  Value idsArg = getArgument(body, op.getIds(), ids);
  Value updatesArg = getArgument(body, op.getUpdates(), updates);
  DenseElementsAttr dense;
  bool isConstant =
      matchPattern(op.getX(), m_Constant(&dense)) && dense.isSplat();
  if (auto broadcast = op.getX().getDefiningOp<graph::BroadcastOp>())
    isConstant |=
        matchPattern(broadcast.getX(), m_Constant(&dense)) && dense.isSplat();
  Value out = addOut(body, op.getResult(), x, isConstant ? Value() : op.getX());
  if (isConstant) {
    Value value = arith::ConstantOp::create(body.builder, body.loc,
                                            dense.getSplatValue<TypedAttr>());
    out =
        linalg::FillOp::create(body.builder, body.loc, value, out).getResult(0);
  }
  Value result = graph::ScatterOp::create(
      body.builder, body.loc, out.getType(), op.getKind(), out, idsArg,
      updatesArg, /*axis=*/1, /*batch=*/1, op.getOutside());
  return {result};
}

/// Ops along one axis: [batch, axis, inner]. All operands and results are alike
/// but for the size of the axis.
static SmallVector<Value> writeAlongAxis(KernelBody &body, Operation *op,
                                         unsigned axis) {
  auto join = [&](Value value) {
    return joinAxes(value, {axis, axis + 1, getRank(value)});
  };
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(getArgument(body, operand, join(operand)));
  SmallVector<Type> types;
  SmallVector<Value> outs;
  for (Value result : op->getResults()) {
    outs.push_back(addOut(body, result, join(result)));
    types.push_back(outs.back().getType());
  }
  OperationState state(body.loc, op->getName());
  state.addOperands(operands);
  state.addTypes(types);
  NamedAttrList attrs(op->getAttrs());
  attrs.erase("kernel.cluster");
  attrs.set("axis", body.builder.getI64IntegerAttr(1));
  state.addAttributes(attrs.getAttrs());
  return SmallVector<Value>(body.builder.create(state)->getResults());
}

/// Ops on matrices: the last two axes stay, the others are the batch.
static SmallVector<Value> writeMatrices(KernelBody &body, Operation *op) {
  unsigned batch = getRank(op->getOperand(0)) - 2;
  auto join = [&](Value value) {
    unsigned rank = getRank(value);
    SmallVector<unsigned> ends = {batch};
    for (unsigned axis = batch + 1; axis <= rank; ++axis)
      ends.push_back(axis);
    return joinAxes(value, ends);
  };
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(getArgument(body, operand, join(operand)));
  SmallVector<Type> types;
  for (Value result : op->getResults())
    types.push_back(addOut(body, result, join(result)).getType());
  OperationState state(body.loc, op->getName());
  state.addOperands(operands);
  state.addTypes(types);
  NamedAttrList attrs(op->getAttrs());
  attrs.erase("kernel.cluster");
  state.addAttributes(attrs.getAttrs());
  return SmallVector<Value>(body.builder.create(state)->getResults());
}

FailureOr<BuiltKernel> lamina::buildStructured(const Cluster &cluster,
                                               const HostValues &host,
                                               StringRef name) {
  Operation *op = cluster.ops.front();
  // All results leave, also those that nobody reads.
  Cluster whole = cluster;
  whole.outputs.assign(op->result_begin(), op->result_end());
  auto write = [&](KernelBody &body) -> SmallVector<Value> {
    if (auto scatter = dyn_cast<graph::ScatterOp>(op))
      return writeScatter(body, scatter);
    if (auto sort = dyn_cast<graph::SortOp>(op))
      return writeAlongAxis(body, op, sort.getAxis());
    if (auto top = dyn_cast<graph::TopKOp>(op))
      return writeAlongAxis(body, op, top.getAxis());
    if (auto running = dyn_cast<graph::CumulativeOp>(op))
      return writeAlongAxis(body, op, running.getAxis());
    return writeMatrices(body, op);
  };
  return writeKernel(whole, host, name, {IndexSpace({})}, write);
}
