//===- EvaluateControl.cpp - Loops, branches, calls -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#include "backends/Reference/Interpreter.h"
#include "dialects/Graph/GraphOps.h"

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

namespace {

/// One run of a loop.
class ScanRun {
public:
  ScanRun(ScanOp op, Evaluation &e) : op(op), e(e) {
    ArrayRef<Tensor> rest = e.operands;
    auto take = [&](size_t count) {
      ArrayRef<Tensor> part = rest.take_front(count);
      rest = rest.drop_front(count);
      return part;
    };
    ArrayRef<Tensor> init = take(op.getInit().size());
    carries.assign(init.begin(), init.end());
    over = take(op.getOver().size());
    with = take(op.getWith().size());
    if (op.getRounds())
      limit = rest[0][0].i;
  }

  LogicalResult run() {
    FailureOr<int64_t> trip =
        e.interpreter.valueOf(op.getLoc(), op.getTripSize());
    if (failed(trip))
      return failure();
    // Rows that no round writes stay 0.
    for (size_t i = 0; i < op.getStacks().size(); ++i)
      stacks.push_back(Tensor(e.elementOf(carries.size() + i),
                              e.shapeOf(carries.size() + i)));
    int64_t count = limit < 0 ? *trip : std::min(limit, *trip), round = 0;
    for (; round < count; ++round) {
      int64_t index = op.getReverse() ? count - 1 - round : round;
      FailureOr<bool> done = isDone(index);
      if (failed(done))
        return failure();
      if (*done)
        break;
      if (failed(runRound(index)))
        return failure();
    }
    e.results.append(carries.begin(), carries.end());
    e.results.append(stacks.begin(), stacks.end());
    if (op.hasUntil())
      e.results.push_back(
          Tensor::integer(IntegerType::get(op.getContext(), 64), round));
    return success();
  }

private:
  Tensor indexTensor(int64_t index) {
    return Tensor::integer(IntegerType::get(op.getContext(), 64), index);
  }

  FailureOr<bool> isDone(int64_t index) {
    if (!op.hasUntil())
      return false;
    SmallVector<Tensor> arguments{indexTensor(index)}, answer;
    arguments.append(carries);
    arguments.append(with.begin(), with.end());
    if (failed(e.interpreter.runBlock(*op.getUntilBlock(), arguments, answer)))
      return failure();
    return answer[0][0].i != 0;
  }

  LogicalResult runRound(int64_t index) {
    SmallVector<Tensor> arguments{indexTensor(index)}, yields;
    arguments.append(carries);
    for (const Tensor &stack : over) {
      ArrayRef<int64_t> shape = stack.getShape().drop_front();
      Tensor row(stack.getElementType(), shape);
      std::copy_n(stack.begin() + index * row.size(), row.size(), row.mutate());
      arguments.push_back(row);
    }
    arguments.append(with.begin(), with.end());
    if (failed(e.interpreter.runBlock(*op.getBodyBlock(), arguments, yields)))
      return failure();
    carries.assign(yields.begin(), yields.begin() + carries.size());
    for (auto [i, stack] : llvm::enumerate(stacks)) {
      const Tensor &row = yields[carries.size() + i];
      std::copy_n(row.begin(), row.size(), stack.mutate() + index * row.size());
    }
    return success();
  }

  ScanOp op;
  Evaluation &e;
  SmallVector<Tensor> carries, stacks;
  ArrayRef<Tensor> over, with;
  int64_t limit = -1;
};

} // namespace

static LogicalResult evaluateCond(CondOp op, Evaluation &e) {
  Block *block =
      e.operands[0][0].i ? op.getTakenBlock() : op.getOtherwiseBlock();
  return e.interpreter.runBlock(*block, e.operands.drop_front(), e.results);
}

static LogicalResult evaluateCall(func::CallOp op, Evaluation &e) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      op, op.getCalleeAttr());
  if (!callee)
    return op.emitError("'") << op.getCallee() << "' is not a function";
  return e.interpreter.call(callee, e.operands, e.results);
}

static LogicalResult evaluateCheck(CheckOp op, Evaluation &e) {
  for (const Scalar &condition : e.operands[0])
    if (!condition.i)
      return op.emitError() << op.getMessage();
  return success();
}

static LogicalResult refuseUnexpanded(Operation *op) {
  return op->emitError("stands for a derivative; run 'graph-expand-gradients' "
                       "before the reference interpreter");
}

void addControlHandlers(Handlers &h) {
  auto copy = [](Operation *, Evaluation &e) {
    e.results.append(e.operands.begin(), e.operands.end());
    return success();
  };
  handle<ScanOp>(h,
                 [](ScanOp op, Evaluation &e) { return ScanRun(op, e).run(); });
  handle<CondOp>(h, evaluateCond);
  handle<BarrierOp>(h, copy);
  handle<StopOp>(h, copy);
  handle<CheckOp>(h, evaluateCheck);
  handle<CustomOp>(h, [](CustomOp op, Evaluation &e) {
    return e.interpreter.runBlock(op.getValue().front(), e.operands, e.results);
  });
  handle<func::CallOp>(h, evaluateCall);
  handle<GradientOp>(
      h, [](Operation *op, Evaluation &) { return refuseUnexpanded(op); });
  handle<PushforwardOp>(
      h, [](Operation *op, Evaluation &) { return refuseUnexpanded(op); });
}

} // namespace lamina::reference
