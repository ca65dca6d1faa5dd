// SPDX-License-Identifier: Apache-2.0
//
// An op on a stack of its operands.

#include "passes/Graph/BatchLaw.h"

#include "dialects/Graph/Shape.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace lamina::graph {

bool BatchLaw::covers(Operation *op) {
  if (auto cond = dyn_cast<CondOp>(op))
    return covers(*cond.getTakenBlock()) && covers(*cond.getOtherwiseBlock());
  return op->hasTrait<OpTrait::Elementwise>() ||
         op->hasTrait<OpTrait::ConstantLike>() ||
         isa<IotaOp, SizeOp, KeyOp, RandomOp, BroadcastOp, TransposeOp,
             ReverseOp, ReshapeOp, SliceOp, PadOp, ConcatOp, WindowOp,
             UnwindowOp, DynamicSliceOp, DynamicUpdateOp, ContractOp, ReduceOp,
             ArgReduceOp, CumulativeOp, GatherOp, ScatterOp, SortOp, TopKOp,
             TriangularSolveOp, CholeskyOp, LuOp, QrOp, StopOp, BarrierOp>(op);
}

bool BatchLaw::covers(Block &block) {
  return llvm::all_of(block.without_terminator(),
                      [](Operation &op) { return covers(&op); });
}

bool BatchLaw::isShared(OpOperand &operand) {
  Operation *op = operand.getOwner();
  unsigned number = operand.getOperandNumber();
  if (isa<CondOp>(op))
    return number == 0;
  if (isa<PadOp, RandomOp, DynamicSliceOp>(op))
    return number >= 1;
  return isa<DynamicUpdateOp>(op) && number >= 2;
}

Type BatchLaw::stackTypeOf(Type type) const {
  return withLeadingSizes(cast<RankedTensorType>(type), {count});
}

Value BatchLaw::stackOf(Value inner) {
  Mapped &mapped = values[inner];
  assert(mapped.value && "a value before its definition");
  if (!mapped.isStacked) {
    auto type = cast<RankedTensorType>(mapped.value.getType());
    auto axes = llvm::to_vector(llvm::seq<int64_t>(1, type.getRank() + 1));
    // The entry stays as it is: other readers may do without the axis.
    return BroadcastOp::create(b, inner.getLoc(), stackTypeOf(type),
                               mapped.value, axes);
  }
  return mapped.value;
}

static SmallVector<int64_t> shifted(ArrayRef<int64_t> axes) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes)
    result.push_back(axis + 1);
  return result;
}

/// `axes` moved by the new one, with `first` for it in front.
static DenseI64ArrayAttr withFirst(OpBuilder &b, int64_t first,
                                   ArrayRef<int64_t> rest) {
  SmallVector<int64_t> all{first};
  llvm::append_range(all, rest);
  return b.getDenseI64ArrayAttr(all);
}

/// Adapts the attributes of a clone, whose operands and results have the axis.
static void shiftAxes(OpBuilder &b, Operation *op) {
  auto next = [&](IntegerAttr axis) {
    return b.getI64IntegerAttr(axis.getInt() + 1);
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case<BroadcastOp>([&](auto view) {
        view.setAxesAttr(withFirst(b, 0, shifted(view.getAxes())));
      })
      .Case<TransposeOp>([&](auto view) {
        view.setOrderAttr(withFirst(b, 0, shifted(view.getOrder())));
      })
      .Case<ReverseOp, ReduceOp, WindowOp, UnwindowOp, DynamicSliceOp,
            DynamicUpdateOp>([&](auto o) {
        o.setAxesAttr(b.getDenseI64ArrayAttr(shifted(o.getAxes())));
      })
      .Case<SliceOp>([&](auto view) {
        view.setStartAttr(withFirst(b, 0, view.getStart()));
        view.setStepAttr(withFirst(b, 1, view.getStep()));
      })
      .Case<PadOp>([&](auto view) {
        view.setLowAttr(withFirst(b, 0, view.getLow()));
        view.setInteriorAttr(withFirst(b, 0, view.getInterior()));
      })
      .Case<GatherOp, ScatterOp>([&](auto o) {
        o.setAxisAttr(next(o.getAxisAttr()));
        o.setBatchAttr(next(o.getBatchAttr()));
      })
      .Case<ConcatOp, ArgReduceOp, CumulativeOp, SortOp, TopKOp>(
          [&](auto o) { o.setAxisAttr(next(o.getAxisAttr())); });
}

/// One more loop, in front; an operand that is no stack does not have it.
void BatchLaw::applyContract(ContractOp op) {
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  AffineExpr round = b.getAffineDimExpr(0);
  for (unsigned i = 0; i < 3; ++i) {
    AffineMap map = op.getMap(i).shiftDims(1);
    bool isStacked = i == 2 || values[op->getOperand(i)].isStacked;
    maps.push_back(isStacked ? map.insertResult(round, 0) : map);
    if (i < 2)
      operands.push_back(values[op->getOperand(i)].value);
  }
  Value wide = ContractOp::create(
      b, op.getLoc(), stackTypeOf(op.getType()), operands[0], operands[1],
      b.getAffineMapArrayAttr(maps), op.getAccumulateAttr());
  map(op, wide, true);
}

void BatchLaw::applyShifted(Operation *op) {
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands())
    operands.push_back(isShared(operand) ? values[operand.get()].value
                                         : stackOf(operand.get()));
  Operation *wide = b.clone(*op);
  wide->setOperands(operands);
  for (auto [old, result] : llvm::zip(op->getResults(), wide->getResults())) {
    result.setType(stackTypeOf(result.getType()));
    map(old, result, true);
  }
  shiftAxes(b, wide);
}

void BatchLaw::applyCond(CondOp cond) {
  SmallVector<Type> types;
  for (Type type : cond->getResultTypes())
    types.push_back(stackTypeOf(type));
  SmallVector<Value> with;
  for (Value operand : cond.getWith())
    with.push_back(values[operand].value);
  auto wide = CondOp::create(b, cond.getLoc(), types,
                             values[cond.getPredicate()].value, with);
  Block *sources[2] = {cond.getTakenBlock(), cond.getOtherwiseBlock()};
  Block *targets[2] = {wide.getTakenBlock(), wide.getOtherwiseBlock()};
  for (auto [source, target] : llvm::zip(sources, targets)) {
    OpBuilder inner(b.getContext());
    inner.setInsertionPointToEnd(target);
    BatchLaw law(inner, count);
    for (auto [i, operand] : llvm::enumerate(cond.getWith()))
      law.map(source->getArgument(unsigned(i)),
              target->getArgument(unsigned(i)), values[operand].isStacked);
    law.apply(*source);
    SmallVector<Value> yields;
    for (Value value : source->getTerminator()->getOperands())
      yields.push_back(law.stackOf(value));
    YieldOp::create(inner, source->getTerminator()->getLoc(), yields);
  }
  for (auto [old, result] : llvm::zip(cond.getResults(), wide.getResults()))
    map(old, result, true);
}

void BatchLaw::applyTo(Operation *op) {
  bool differs = llvm::any_of(op->getOperands(),
                              [&](Value v) { return values[v].isStacked; });
  if (auto cond = dyn_cast<CondOp>(op); cond && differs)
    return applyCond(cond);
  if (auto contract = dyn_cast<ContractOp>(op); contract && differs)
    return applyContract(contract);
  if (differs)
    return applyShifted(op);
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, values[operand].value);
  Operation *same = b.clone(*op, mapping);
  for (auto [old, result] : llvm::zip(op->getResults(), same->getResults()))
    map(old, result, false);
}

void BatchLaw::apply(Block &block) {
  for (Operation &op : block.without_terminator())
    applyTo(&op);
}

} // namespace lamina::graph
