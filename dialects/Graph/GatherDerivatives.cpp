// SPDX-License-Identifier: Apache-2.0
//
// Reverse rules of moves by run-time ids.

#include "dialects/Graph/DerivativeModels.h"
#include "dialects/Graph/Derivatives.h"
#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace lamina::graph {

static LogicalResult pullGather(GatherOp op, OpBuilder &b,
                                ArrayRef<Value> adjoints, Adjoints &sink) {
  Value zeros = zeroOf(b, op.getLoc(), op.getX().getType());
  sink.add(0,
           ScatterOp::create(b, op.getLoc(), zeros.getType(), ScatterKind::Sum,
                             zeros, op.getIds(), adjoints[0], op.getAxis(),
                             op.getBatch(), op.getOutside()));
  return success();
}

/// The linear position of each id, to tell which of equal ids came last.
static Value positionsOf(OpBuilder &b, Location loc, RankedTensorType ids) {
  Shape shape = getShape(ids);
  Type i64 = b.getI64Type();
  Shape flat{getElementCount(shape)};
  Value iota = IotaOp::create(b, loc, getTensorType(flat, i64), uint64_t(0));
  return ReshapeOp::create(b, loc, withElementType(ids, i64), iota);
}

/// Which updates of a `scatter set` are not replaced by later ones: those whose
/// own position is what a scatter of positions leaves at their id.
static Value winners(ScatterOp op, OpBuilder &b) {
  Location loc = op.getLoc();
  Value ids = op.getIds(),
        positions = positionsOf(b, loc, op.getIds().getType());
  Shape target(getShape(op.getX()));
  Shape rows(target.begin(), target.begin() + op.getBatch());
  rows.push_back(target[op.getAxis()]);
  Value none = zeroOf(b, loc, getTensorType(rows, b.getI64Type()));
  uint64_t batch = op.getBatch();
  Value last = ScatterOp::create(b, loc, none.getType(), ScatterKind::Set, none,
                                 ids, positions, batch, batch, op.getOutside());
  Value left = GatherOp::create(b, loc, positions.getType(), last, ids, batch,
                                batch, op.getOutside());
  Value own =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, positions, left);
  // The axes of ids in the updates: the batch in front, the others from `axis`
  // on.
  SmallVector<int64_t> axes;
  for (uint64_t i = 0, rank = op.getIds().getType().getRank(); i < rank; ++i)
    axes.push_back(int64_t(i < batch ? i : op.getAxis() + i - batch));
  return BroadcastOp::create(b, loc, truthLike(op.getUpdates().getType()), own,
                             axes);
}

static LogicalResult pullScatter(ScatterOp op, OpBuilder &b,
                                 ArrayRef<Value> adjoints, Adjoints &sink) {
  Location loc = op.getLoc();
  Value g = adjoints[0];
  bool replaces = op.getKind() == ScatterKind::Set;
  Value zeros = zeroOf(b, loc, op.getUpdates().getType());
  if (sink.wants(0))
    sink.add(0, replaces
                    ? Value(ScatterOp::create(
                          b, loc, g.getType(), ScatterKind::Set, g, op.getIds(),
                          zeros, op.getAxis(), op.getBatch(), op.getOutside()))
                    : g);
  if (!sink.wants(2))
    return success();
  Value rows =
      GatherOp::create(b, loc, op.getUpdates().getType(), g, op.getIds(),
                       op.getAxis(), op.getBatch(), op.getOutside());
  sink.add(2, replaces ? selectOp(b, loc, winners(op, b), rows, zeros) : rows);
  return success();
}

/// `axis` moved behind all others, or back again.
static Value moveAxis(OpBuilder &b, Location loc, Value x, int64_t axis,
                      bool back) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t last = type.getRank() - 1;
  if (axis == last)
    return x;
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  order.erase(order.begin() + (back ? last : axis));
  order.insert(order.begin() + (back ? axis : last), back ? last : axis);
  Shape shape, old = getShape(type);
  for (int64_t from : order)
    shape.push_back(old[from]);
  return TransposeOp::create(
      b, loc, getTensorType(shape, type.getElementType()), x, order);
}

/// Adds `g` at `ids` along `axis` to zeros of `type`; all other axes are batch.
static Value scatterAlong(OpBuilder &b, Location loc, Type type, Value ids,
                          Value g, int64_t axis) {
  Value zeros = moveAxis(b, loc, zeroOf(b, loc, type), axis, false);
  uint64_t last = uint64_t(cast<RankedTensorType>(type).getRank() - 1);
  Value sum =
      ScatterOp::create(b, loc, zeros.getType(), ScatterKind::Sum, zeros,
                        moveAxis(b, loc, ids, axis, false),
                        moveAxis(b, loc, g, axis, false), last, last, false);
  return moveAxis(b, loc, sum, axis, true);
}

static LogicalResult pullSort(SortOp op, OpBuilder &b, ArrayRef<Value> adjoints,
                              Adjoints &sink) {
  Location loc = op.getLoc();
  int64_t axis = op.getAxis();
  Value keys = op.getInputs()[0];
  auto idType =
      withElementType(cast<RankedTensorType>(keys.getType()), b.getI32Type());
  Value iota = IotaOp::create(b, loc, idType, uint64_t(axis));
  Value permutation = SortOp::create(b, loc, TypeRange{keys.getType(), idType},
                                     ValueRange{keys, iota}, op.getAxisAttr(),
                                     op.getDescendingAttr())
                          .getResult(1);
  for (auto [i, g] : llvm::enumerate(adjoints))
    if (g && sink.wants(i))
      sink.add(i, scatterAlong(b, loc, op.getInputs()[i].getType(), permutation,
                               g, axis));
  return success();
}

static LogicalResult pullTopK(TopKOp op, OpBuilder &b, ArrayRef<Value> adjoints,
                              Adjoints &sink) {
  if (adjoints[0])
    sink.add(0, scatterAlong(b, op.getLoc(), op.getX().getType(), op.getIds(),
                             adjoints[0], op.getAxis()));
  return success();
}

void attachGatherDerivatives(MLIRContext *c) {
  rule<GatherOp, WhereFlow::Drops, true>(c, pullGather);
  rule<ScatterOp>(c, pullScatter);
  rule<SortOp>(c, pullSort);
  rule<TopKOp>(c, pullTopK);
}

} // namespace lamina::graph
