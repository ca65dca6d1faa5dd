// SPDX-License-Identifier: Apache-2.0
//
// Inverses and log-determinants.
//
// MODEL -> MODEL. `model.inverse` becomes a call of the callee read backwards,
// `model.log_det` one of the sum of what each step back contributes. Both are
// functions of the layer beside the callee, made once. Runs behind
// `graph-form-contractions`, which makes products of matrices one op.

#include "dialects/Graph/Shape.h"
#include "passes/Model/InverseDerivation.h"
#include "passes/Model/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace lamina {
#define GEN_PASS_DEF_DERIVEINVERSESPASS
#include "passes/Model/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using graph::Shape;
using graph::SizeExpr;

/// A tensor of one number.
Value InverseDerivation::constant(Location loc, Type type, double value) {
  auto tensor = cast<RankedTensorType>(type);
  auto scalar = RankedTensorType::get({}, tensor.getElementType());
  Value number = arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(scalar,
                             b.getFloatAttr(tensor.getElementType(), value)));
  if (tensor.getRank() == 0)
    return number;
  return graph::BroadcastOp::create(b, loc, tensor, number,
                                    ArrayRef<int64_t>{});
}

//===----------------------------------------------------------------------===//
// Inverses
//===----------------------------------------------------------------------===//

/// Writes the steps from what `from` yields (mapped) to its argument `unknown`,
/// which is mapped afterwards.
LogicalResult InverseDerivation::writeInverse(Operation *asked, Block &from,
                                              unsigned unknown,
                                              IRMapping &map) {
  auto plan = planInverse(asked, from, from.getArgument(unknown));
  if (failed(plan))
    return failure();
  for (const InverseStep &step : *plan) {
    switch (step.kind) {
    case InverseStep::Compute:
      b.clone(*step.op, map);
      break;
    case InverseStep::Solve:
      if (failed(solve(asked, step, map)))
        return failure();
      break;
    case InverseStep::Join: {
      SmallVector<Value> parts;
      for (graph::SliceOp slice : step.slices)
        parts.push_back(map.lookup(slice.getResult()));
      map.map(step.whole, graph::ConcatOp::create(b, step.whole.getLoc(),
                                                  step.whole.getType(), parts,
                                                  getJoinAxis(step))
                              .getResult());
    }
    }
  }
  return success();
}

LogicalResult InverseDerivation::solve(Operation *asked,
                                       const InverseStep &step,
                                       IRMapping &map) {
  Operation *op = step.op;
  if (auto scan = dyn_cast<graph::ScanOp>(op))
    return solveScan(asked, scan, map);
  Value result = map.lookup(op->getResult(0)), found;
  if (auto call = dyn_cast<model::CallOp>(op)) {
    auto inverse =
        get(call, call.getTree().getType(), call.getCallee(), Inverse);
    if (failed(inverse))
      return failure();
    SmallVector<Value> args{result};
    for (Value arg : llvm::drop_begin(call.getArgs()))
      args.push_back(map.lookup(arg));
    found = model::CallOp::create(b, op->getLoc(), inverse->getResultTypes(),
                                  map.lookup(call.getTree()),
                                  FlatSymbolRefAttr::get(*inverse), args,
                                  call.getPathAttr())
                .getResult(0);
  } else if (auto contract = dyn_cast<graph::ContractOp>(op)) {
    found = solveProduct(contract, result, map.lookup(contract.getB()));
  } else if (!(found = solveElementwise(op, step.operand, result, map))) {
    found = solveView(op, step.operand, result, map);
  }
  map.map(op->getOperand(step.operand), found);
  return success();
}

Value InverseDerivation::solveElementwise(Operation *op, unsigned operand,
                                          Value r, IRMapping &map) {
  Location loc = op->getLoc();
  auto other = [&]() { return map.lookup(op->getOperand(1 - operand)); };
  if (isa<arith::AddFOp>(op))
    return arith::SubFOp::create(b, loc, r, other());
  if (isa<arith::SubFOp>(op))
    return operand == 0 ? Value(arith::AddFOp::create(b, loc, r, other()))
                        : Value(arith::SubFOp::create(b, loc, other(), r));
  if (isa<arith::MulFOp>(op))
    return arith::DivFOp::create(b, loc, r, other());
  if (isa<arith::DivFOp>(op))
    return operand == 0 ? Value(arith::MulFOp::create(b, loc, r, other()))
                        : Value(arith::DivFOp::create(b, loc, other(), r));
  if (isa<arith::NegFOp>(op))
    return arith::NegFOp::create(b, loc, r);
  if (isa<math::ExpOp>(op))
    return math::LogOp::create(b, loc, r);
  if (isa<math::LogOp>(op))
    return math::ExpOp::create(b, loc, r);
  if (isa<math::TanhOp>(op))
    return math::AtanhOp::create(b, loc, r);
  return {};
}

Value InverseDerivation::solveView(Operation *op, unsigned operand, Value r,
                                   IRMapping &map) {
  Location loc = op->getLoc();
  Type type = op->getOperand(operand).getType();
  if (auto view = dyn_cast<graph::TransposeOp>(op)) {
    SmallVector<int64_t> order(view.getOrder().size());
    for (auto [to, from] : llvm::enumerate(view.getOrder()))
      order[from] = to;
    return graph::TransposeOp::create(b, loc, type, r, order);
  }
  if (auto view = dyn_cast<graph::ReverseOp>(op))
    return graph::ReverseOp::create(b, loc, type, r, view.getAxes());
  if (isa<graph::ReshapeOp>(op))
    return graph::ReshapeOp::create(b, loc, type, r);
  if (auto gather = dyn_cast<graph::GatherOp>(op))
    return graph::ScatterOp::create(b, loc, type, graph::ScatterKind::Set,
                                    constant(loc, type, 0),
                                    map.lookup(gather.getIds()), r,
                                    gather.getAxis(), 0, gather.getOutside());
  auto concat = cast<graph::ConcatOp>(op);
  int64_t axis = concat.getAxis();
  SizeExpr first;
  for (Value before : concat.getInputs().take_front(operand))
    first = first + graph::getShape(before)[axis];
  auto rank = cast<RankedTensorType>(type).getRank();
  SmallVector<int64_t> start(rank, 0), step(rank, 1);
  if (std::optional<int64_t> number = first.getConstant()) {
    start[axis] = *number;
    return graph::SliceOp::create(b, loc, type, r, start, step);
  }
  auto scalar = RankedTensorType::get({}, b.getI64Type());
  Value at = graph::SizeOp::create(
      b, loc, scalar, graph::DimsAttr::get(b.getContext(), {first}));
  return graph::DynamicSliceOp::create(b, loc, type, r, ValueRange(at),
                                       ArrayRef<int64_t>{axis});
}

/// The factors of w, transposed so that it takes columns x to columns y.
graph::LuOp InverseDerivation::factorise(graph::ContractOp op, Value weight) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(weight.getType());
  // Rows have to be what the result counts.
  AffineExpr row = op.getMap(1).getResult(0);
  if (!llvm::is_contained(op.getMap(2).getResults(), row))
    weight = graph::TransposeOp::create(b, loc, type, weight,
                                        ArrayRef<int64_t>{1, 0});
  auto permutation = graph::getTensorType(
      ArrayRef(graph::getShape(type)).take_front(1), b.getI32Type());
  return graph::LuOp::create(b, loc, TypeRange{type, permutation}, weight);
}

/// Solves w x = y by two substitutions, the columns of all positions at once.
Value InverseDerivation::solveProduct(graph::ContractOp op, Value result,
                                      Value weight) {
  Location loc = op.getLoc();
  graph::LuOp lu = factorise(op, weight);
  unsigned axis = 0;
  while (op.getMap(0).getResult(axis) == op.getMap(2).getResult(axis))
    ++axis;
  auto type = cast<RankedTensorType>(result.getType());
  Type element = type.getElementType();
  Shape shape = graph::getShape(result), moved, rest;
  SmallVector<int64_t> order{int64_t(axis)}, back;
  for (unsigned i = 0; i < shape.size(); ++i) {
    back.push_back(i == axis ? 0 : int64_t(order.size()));
    if (i == axis)
      continue;
    order.push_back(i);
    rest.push_back(shape[i]);
  }
  moved.push_back(shape[axis]);
  llvm::append_range(moved, rest);
  auto columns = graph::getTensorType(
      {shape[axis], graph::getElementCount(rest)}, element);
  auto movedType = graph::getTensorType(moved, element);
  Value y = graph::TransposeOp::create(b, loc, movedType, result, order);
  y = graph::ReshapeOp::create(b, loc, columns, y);
  y = graph::GatherOp::create(b, loc, columns, y, lu.getPermutation(), 0, 0,
                              false);
  Value v =
      graph::TriangularSolveOp::create(b, loc, columns, graph::Side::Left,
                                       lu.getFactors(), y, true, false, true);
  Value x =
      graph::TriangularSolveOp::create(b, loc, columns, graph::Side::Left,
                                       lu.getFactors(), v, false, false, false);
  x = graph::ReshapeOp::create(b, loc, movedType, x);
  return graph::TransposeOp::create(b, loc, type, x, back);
}

/// A loop over invertible rounds, from the last one to the first.
LogicalResult InverseDerivation::solveScan(Operation *asked, graph::ScanOp op,
                                           IRMapping &map) {
  SmallVector<Value> over, with;
  for (Value value : op.getOver())
    over.push_back(map.lookup(value));
  for (Value value : op.getWith())
    with.push_back(map.lookup(value));
  auto scan = graph::ScanOp::create(
      b, op.getLoc(), op.getTripSize(), !op.getReverse(),
      map.lookup(op.getResult(0)), over, with, TypeRange());
  IRMapping inner;
  for (auto [from, to] : llvm::zip_equal(op.getBodyBlock()->getArguments(),
                                         scan.getBodyBlock()->getArguments()))
    inner.map(from, to);
  inner.map(op.getBodyYield().getValues().front(), scan.getCarryArgs().front());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(scan.getBodyBlock());
  if (failed(writeInverse(asked, *op.getBodyBlock(), 1, inner)))
    return failure();
  graph::YieldOp::create(b, op.getLoc(),
                         inner.lookup(op.getCarryArgs().front()));
  map.map(op.getInit().front(), scan.getResult(0));
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// The function that is to be inverted, with what stands in the way reported.
static FailureOr<func::FuncOp> findForward(Operation *asked, ModuleOp module,
                                           model::TreeType tree,
                                           StringRef callee) {
  auto layer = module.lookupSymbol<model::LayerOp>(tree.getLayer().getValue());
  auto from = layer ? layer.lookupSymbol<func::FuncOp>(callee) : func::FuncOp();
  if (!from || from.isExternal())
    return asked->emitError("layer '")
           << tree.getLayer().getValue() << "' has no function '" << callee
           << "' with a body";
  if (from.getNumArguments() < 2 || from.getNumResults() != 1 ||
      !isa<RankedTensorType>(from.getArgumentTypes()[1]))
    return asked->emitError("'")
           << callee << "' of layer '" << layer.getSymName()
           << "' is no function of one tensor; what "
              "changes its states has no inverse";
  return from;
}

/// An empty function beside `from`, of the result or of the argument.
func::FuncOp InverseDerivation::declare(func::FuncOp from, Form form) {
  auto x = cast<RankedTensorType>(from.getArgumentTypes()[1]);
  SmallVector<Type> args(from.getArgumentTypes());
  Type result = x;
  if (form == Inverse)
    args[1] = from.getResultTypes().front();
  else if (x.getRank() > 0)
    result = graph::getTensorType(ArrayRef(graph::getShape(x)).take_front(1),
                                  x.getElementType());
  b.setInsertionPointAfter(from);
  return func::FuncOp::create(
      b, from.getLoc(),
      (from.getSymName() + (form == Inverse ? ".inverse" : ".log_det")).str(),
      b.getFunctionType(args, result));
}

/// The inverse or the log-determinant of a function of a layer, in its first
/// argument behind the tree.
FailureOr<func::FuncOp> InverseDerivation::get(Operation *asked,
                                               model::TreeType tree,
                                               StringRef callee, Form form) {
  FailureOr<func::FuncOp> forward = findForward(asked, module, tree, callee);
  if (failed(forward))
    return failure();
  func::FuncOp from = *forward;
  if (func::FuncOp known = made[{from, form}])
    return known;
  OpBuilder::InsertionGuard guard(b);
  func::FuncOp function = made[{from, form}] = declare(from, form);
  Block *block = function.addEntryBlock();
  b.setInsertionPointToEnd(block);
  Block &body = from.getBody().front();
  IRMapping map;
  for (auto [index, arg] : llvm::enumerate(from.getArguments()))
    if (form == LogDet || index != 1)
      map.map(arg, block->getArgument(index));
  if (form == Inverse) {
    map.map(body.getTerminator()->getOperand(0), block->getArgument(1));
    if (failed(writeInverse(asked, body, 1, map)))
      return failure();
    func::ReturnOp::create(b, from.getLoc(), map.lookup(body.getArgument(1)));
    return function;
  }
  Value sum = constant(from.getLoc(), function.getResultTypes().front(), 0);
  if (failed(writeLogDet(asked, body, 1, map, sum)))
    return failure();
  func::ReturnOp::create(b, from.getLoc(), sum);
  return function;
}

LogicalResult InverseDerivation::replace(Operation *op, bool isInverse) {
  Value tree = op->getOperand(0);
  auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee");
  auto function = get(op, cast<model::TreeType>(tree.getType()),
                      callee.getValue(), isInverse ? Inverse : LogDet);
  if (failed(function))
    return failure();
  b.setInsertionPoint(op);
  auto call =
      model::CallOp::create(b, op->getLoc(), op->getResultTypes(), tree,
                            FlatSymbolRefAttr::get(*function),
                            op->getOperands().drop_front(), StringAttr());
  op->replaceAllUsesWith(call.getResults());
  op->erase();
  return success();
}

namespace {

struct DeriveInverses : lamina::impl::DeriveInversesPassBase<DeriveInverses> {
  void runOnOperation() override {
    SmallVector<Operation *> asked;
    getOperation().walk([&](Operation *op) {
      if (isa<model::InverseOp, model::LogDetOp>(op))
        asked.push_back(op);
    });
    InverseDerivation derivation(getOperation());
    for (Operation *op : asked)
      if (failed(derivation.replace(op, isa<model::InverseOp>(op))))
        return signalPassFailure();
  }
};

} // namespace
