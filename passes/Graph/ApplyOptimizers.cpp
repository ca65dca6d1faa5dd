// SPDX-License-Identifier: Apache-2.0
//
// Optimizers as ops of GRAPH.
//
// GRAPH with optim.apply -> GRAPH. Stands before gradients are expanded, since
// a step may be differentiated.

#include "passes/Graph/Passes.h"
#include "passes/Graph/PipelineExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"

namespace lamina {
#define GEN_PASS_DEF_APPLYOPTIMIZERSPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;
using optim::StageOp;

namespace {

struct ApplyOptimizers
    : lamina::impl::ApplyOptimizersPassBase<ApplyOptimizers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<Operation *> applied;
    getOperation().walk([&](Operation *op) {
      if (isa<optim::ApplyOp, optim::FinalOp>(op))
        applied.push_back(op);
    });
    for (Operation *op : applied)
      if (failed(expand(op, symbols)))
        return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(getOperation().getOps()))
      if (isa<optim::StageOp, optim::PipelineOp>(op))
        op.erase();
  }

  LogicalResult expand(Operation *op, SymbolTable &symbols) {
    auto symbol = op->getAttrOfType<FlatSymbolRefAttr>("pipeline");
    auto pipeline = symbols.lookup<optim::PipelineOp>(symbol.getValue());
    SmallVector<optim::Counter> counters =
        optim::getCounters(pipeline, [&](FlatSymbolRefAttr stage) {
          return symbols.lookup<StageOp>(stage.getValue());
        });
    OpBuilder builder(op);
    PipelineExpansion expansion(builder, op->getLoc(), pipeline, counters);
    if (auto apply = dyn_cast<optim::ApplyOp>(op))
      return expansion.run(apply, symbols);
    return expansion.runFinal(cast<optim::FinalOp>(op), symbols);
  }
};

} // namespace
