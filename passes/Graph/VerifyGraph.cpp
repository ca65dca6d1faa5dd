// SPDX-License-Identifier: Apache-2.0
//
// Check that only GRAPH is left.
//
// The boundary behind the passes on GRAPH: what KERNEL is made from.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/Shape.h"
#include "dialects/Program/ProgramOps.h"
#include "passes/Graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace lamina {
#define GEN_PASS_DEF_VERIFYGRAPHPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

/// Whether the op stands in a region whose values are single elements.
static bool isInElementRegion(Operation *op) {
  return isa_and_nonnull<graph::AttendOp, graph::AttendGradOp>(
      op->getParentOp());
}

static LogicalResult verifyOp(Operation *op) {
  if (isa<graph::GradientOp, graph::PushforwardOp, graph::CustomOp>(op))
    return op->emitError("'") << op->getName()
                              << "' is still here; gradients are expanded "
                                 "before this";
  if (isa<func::CallOp>(op))
    return op->emitError("calls are inlined before this");
  if (!isa_and_nonnull<graph::GraphDialect, arith::ArithDialect,
                       math::MathDialect, func::FuncDialect>(
          op->getDialect()) &&
      !(isa<tensor::ExtractOp>(op) && isInElementRegion(op)))
    return op->emitError("'") << op->getName() << "' has no place in GRAPH";
  if (isInElementRegion(op) || isa<func::FuncOp>(op))
    return success();
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return op->emitError("gives ") << type << ", which is no tensor";
    if (!graph::hasNamedSizes(tensor))
      return op->emitError("gives ") << tensor << ", where a '?' has no name";
  }
  return success();
}

namespace {

struct VerifyGraph : lamina::impl::VerifyGraphPassBase<VerifyGraph> {
  void runOnOperation() override {
    for (Operation &op : getOperation().getOps()) {
      if (isa<program::ProgramDialect>(op.getDialect()))
        continue;
      auto function = dyn_cast<func::FuncOp>(op);
      if (!function) {
        op.emitError("'") << op.getName() << "' has no place in GRAPH";
        return signalPassFailure();
      }
      if (function
              .walk([](Operation *op) -> WalkResult { return verifyOp(op); })
              .wasInterrupted())
        return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }
};

} // namespace
