// SPDX-License-Identifier: Apache-2.0
//
// The derivative of a score of attention, on one element.

#include "dialects/Graph/ScoreGradient.h"

#include "dialects/Graph/Differentiable.h"
#include "dialects/Graph/Formula.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace lamina::graph {

namespace {

/// Walks a block of scalars backwards and appends what it adds.
class ScalarPullback {
public:
  ScalarPullback(MLIRContext *context, Block &block) : b(context) {
    b.setInsertionPointToEnd(&block);
  }

  void activate(Value value) { active.insert(value); }
  void add(Value value, Value adjoint, Value where = {});
  /// What `value` has collected, as a value: zero if nothing.
  Value get(Value value, Location loc);
  LogicalResult run(ArrayRef<Operation *> ops);

private:
  struct Adjoint {
    Value value, where;
  };

  llvm::BitVector activeOperands(Operation *op) const;
  LogicalResult visit(Operation *op);

  OpBuilder b;
  DenseSet<Value> active;
  DenseMap<Value, Adjoint> adjoints;
};

} // namespace

void ScalarPullback::add(Value value, Value adjoint, Value where) {
  auto [entry, isNew] = adjoints.try_emplace(value, Adjoint{adjoint, where});
  if (isNew)
    return;
  Adjoint &old = entry->second;
  old.value = arith::AddFOp::create(b, adjoint.getLoc(), old.value, adjoint);
  old.where =
      old.where && where
          ? Value(arith::OrIOp::create(b, adjoint.getLoc(), old.where, where))
          : Value();
}

Value ScalarPullback::get(Value value, Location loc) {
  Value adjoint = adjoints.lookup(value).value;
  return adjoint ? adjoint : zeroOf(b, loc, value.getType());
}

llvm::BitVector ScalarPullback::activeOperands(Operation *op) const {
  llvm::BitVector wanted(op->getNumOperands());
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands())
    if (active.contains(operand.get()) &&
        (!rule || rule.isActiveOperand(operand.getOperandNumber())))
      wanted.set(operand.getOperandNumber());
  return wanted;
}

LogicalResult ScalarPullback::visit(Operation *op) {
  Adjoint given = adjoints.lookup(op->getResult(0));
  llvm::BitVector wanted = activeOperands(op);
  if (!given.value || wanted.none())
    return success();
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  if (!rule)
    return op->emitError("'") << op->getName() << "' has no derivative";
  Adjoints sink(wanted);
  if (failed(rule.pullback(b, {given.value}, sink)))
    return failure();
  bool isElementwise = rule.getWhereFlow() == WhereFlow::Wraps ||
                       rule.getWhereFlow() == WhereFlow::Keeps;
  for (const Adjoints::Contribution &part : sink.getContributions()) {
    Value value = part.value, where = isElementwise ? given.where : Value();
    if (where && rule.getWhereFlow() == WhereFlow::Wraps)
      value = selectOp(b, op->getLoc(), where, value,
                       zeroOf(b, op->getLoc(), value.getType()));
    if (part.where)
      where =
          where
              ? Value(arith::AndIOp::create(b, op->getLoc(), where, part.where))
              : part.where;
    add(op->getOperand(part.operand), value, where);
  }
  return success();
}

LogicalResult ScalarPullback::run(ArrayRef<Operation *> ops) {
  for (Operation *op : ops)
    if (op->getNumResults() == 1 &&
        isa<FloatType>(op->getResult(0).getType()) && activeOperands(op).any())
      active.insert(op->getResult(0));
  for (Operation *op : llvm::reverse(ops))
    if (failed(visit(op)))
      return failure();
  return success();
}

/// Without a score region the score is the product itself.
static void writeIdentity(AttendGradOp op, Region &region) {
  Type element = op.getQ().getType().getElementType();
  Block &block = region.emplaceBlock();
  Value adjoint = block.addArgument(element, op.getLoc());
  Value s = block.addArgument(element, op.getLoc());
  for (int64_t axis = 0; axis < op.getQ().getType().getRank(); ++axis)
    block.addArgument(IndexType::get(op.getContext()), op.getLoc());
  for (Value tensor : op.getWith())
    block.addArgument(tensor.getType(), op.getLoc());
  OpBuilder b(op.getContext());
  b.setInsertionPointToEnd(&block);
  YieldOp::create(b, op.getLoc(), ValueRange{s, adjoint});
}

/// Asks for the adjoints of what the region reads; the reads.
static SmallVector<tensor::ExtractOp> activateReads(ScalarPullback &pullback,
                                                    ArrayRef<Operation *> ops) {
  SmallVector<tensor::ExtractOp> reads;
  for (Operation *op : ops) {
    auto read = dyn_cast<tensor::ExtractOp>(op);
    if (!read || !isa<FloatType>(read.getType()))
      continue;
    reads.push_back(read);
    pullback.activate(read);
  }
  return reads;
}

FailureOr<ScoreGradient> makeScoreGradient(AttendGradOp op) {
  ScoreGradient gradient;
  gradient.region = std::make_unique<Region>();
  Type element = op.getStats().getType().getElementType();
  if (op.getScore().empty()) {
    writeIdentity(op, *gradient.region);
    return gradient;
  }
  IRMapping mapping;
  op.getScore().cloneInto(gradient.region.get(), mapping);
  Block &block = gradient.block();
  Location loc = op.getLoc();
  Value score = block.getTerminator()->getOperand(0);
  block.getTerminator()->erase();
  Value adjoint = block.insertArgument(0u, element, loc);
  Value s = block.getArgument(1);

  SmallVector<Operation *> ops;
  for (Operation &inner : block)
    ops.push_back(&inner);
  ScalarPullback pullback(op.getContext(), block);
  pullback.activate(s);
  SmallVector<tensor::ExtractOp> reads = activateReads(pullback, ops);
  pullback.add(score, adjoint);
  if (failed(pullback.run(ops)))
    return failure();
  SmallVector<Value> yields = {score, pullback.get(s, loc)};
  unsigned first = 2 + unsigned(op.getQ().getType().getRank());
  for (tensor::ExtractOp read : reads) {
    unsigned number =
        cast<BlockArgument>(read.getTensor()).getArgNumber() - first;
    gradient.reads.push_back({number, unsigned(yields.size())});
    yields.push_back(pullback.get(read, loc));
    llvm::append_range(yields, read.getIndices());
  }
  OpBuilder b(op.getContext());
  b.setInsertionPointToEnd(&block);
  YieldOp::create(b, loc, yields);
  return gradient;
}

} // namespace lamina::graph
