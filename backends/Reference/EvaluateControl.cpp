// SPDX-License-Identifier: Apache-2.0
//
// Loops, branches, calls.

#include "backends/Reference/Interpreter.h"
#include "backends/Reference/LoopRun.h"
#include "dialects/Graph/GraphOps.h"

using namespace mlir;
using namespace lamina::graph;

namespace lamina::reference {

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
  handle<ScanOp>(
      h, [](ScanOp op, Evaluation &e) { return LoopRun<ScanOp>(op, e).run(); });
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
