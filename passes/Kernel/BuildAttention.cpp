// SPDX-License-Identifier: Apache-2.0
//
// Kernels of attention.
//
// One op with its regions on whole tensors, all axes as they are: the regions
// see an index for each.

#include "passes/Kernel/BuildKernel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace lamina;

/// Known sizes are static in these kernels: widths decide how tiles look.
static SmallVector<bool> noneAtRunTime(const graph::Shape &shape) {
  return SmallVector<bool>(shape.size(), false);
}

/// The argument of an operand. Axes in another order (heads behind positions)
/// are put right as the kernel reads them.
static Value getArgument(KernelBody &body, Value value) {
  graph::Shape shape = graph::getShape(value);
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  while (auto view = value.getDefiningOp<graph::TransposeOp>()) {
    for (int64_t &axis : order)
      axis = view.getOrder()[axis];
    value = view.getX();
  }
  graph::Shape stored = graph::getShape(value);
  Value base = body.getTensor(value, stored, noneAtRunTime(stored));
  if (llvm::is_sorted(order))
    return base;
  OpBuilder &b = body.builder;
  unsigned rank = unsigned(shape.size());
  SmallVector<AffineExpr> places(rank);
  for (auto [loop, axis] : llvm::enumerate(order))
    places[axis] = b.getAffineDimExpr(unsigned(loop));
  Value empty =
      body.createEmpty(shape, noneAtRunTime(shape),
                       cast<RankedTensorType>(base.getType()).getElementType());
  AffineMap maps[] = {AffineMap::get(rank, 0, places, b.getContext()),
                      b.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, body.loc, empty.getType(), base, empty, maps, loops,
             [](OpBuilder &inner, Location loc, ValueRange arguments) {
               linalg::YieldOp::create(inner, loc, arguments[0]);
             })
      .getResult(0);
}

/// The region with the types of the kernel's arguments.
static void cloneRegion(Region &from, Region &to, ValueRange with) {
  if (from.empty())
    return;
  IRMapping mapping;
  from.cloneInto(&to, mapping);
  for (auto [argument, tensor] :
       llvm::zip(to.getArguments().take_back(with.size()), with))
    argument.setType(tensor.getType());
}

/// The op on the kernel's arguments; those results of it leave that have outs.
template <class Op>
static SmallVector<Value> writeAttention(KernelBody &body, Op op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(getArgument(body, operand));
  SmallVector<Type> types;
  for (Value output : body.cluster.outputs) {
    graph::Shape shape = graph::getShape(output);
    types.push_back(body.addOut(output, shape, noneAtRunTime(shape)).getType());
  }
  // Adjoints that nobody reads have no out.
  for (Value rest : op->getResults().drop_front(types.size())) {
    graph::Shape shape = graph::getShape(rest);
    types.push_back(
        body.getType(shape, noneAtRunTime(shape),
                     cast<RankedTensorType>(rest.getType()).getElementType()));
  }
  OperationState state(body.loc, op->getName());
  state.addOperands(operands);
  state.addTypes(types);
  NamedAttrList attrs(op->getAttrs());
  attrs.erase("kernel.cluster");
  state.addAttributes(attrs.getAttrs());
  state.addRegion();
  state.addRegion();
  auto made = cast<Op>(body.builder.create(state));
  cloneRegion(op.getMask(), made.getMask(), made.getWith());
  cloneRegion(op.getScore(), made.getScore(), made.getWith());
  return SmallVector<Value>(
      made->getResults().take_front(body.cluster.outputs.size()));
}

FailureOr<BuiltKernel> lamina::buildAttention(const Cluster &cluster,
                                              const HostValues &host,
                                              StringRef name) {
  Operation *op = cluster.ops.front();
  Cluster whole = cluster;
  unsigned count = isa<graph::AttendOp>(op) ? 2 : 3;
  whole.outputs.assign(op->result_begin(), op->result_begin() + count);
  auto write = [&](KernelBody &body) -> SmallVector<Value> {
    if (auto attend = dyn_cast<graph::AttendOp>(op))
      return writeAttention(body, attend);
    return writeAttention(body, cast<graph::AttendGradOp>(op));
  };
  return writeKernel(whole, host, name, {IndexSpace({})}, write);
}
