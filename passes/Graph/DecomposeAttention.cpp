// SPDX-License-Identifier: Apache-2.0
//
// Take attention apart.
//
// Graph -> Graph without attention: what `attend` means, in ops that everything
// has a rule for.

#include "dialects/Program/EntryForms.h"
#include "passes/Graph/Passes.h"
#include "passes/Graph/Pullback.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lamina {
#define GEN_PASS_DEF_DECOMPOSEATTENTIONPASS
#include "passes/Graph/Passes.h.inc"
} // namespace lamina

namespace lamina::graph {

namespace {

bool isAtMost(Value tensor, int64_t widest) {
  int64_t width = cast<RankedTensorType>(tensor.getType()).getShape().back();
  return !ShapedType::isDynamic(width) && width <= widest;
}

/// Whether kernels for heads of at most `widest` numbers do this one.
template <class Op>
bool hasKernel(Op op, int64_t widest) {
  Type factor = op.getQ().getType().getElementType();
  return widest > 0 && op.getNormaliser() == Normaliser::Softmax &&
         (factor.isF32() || factor.isBF16()) &&
         op.getStats().getType().getElementType().isF32() &&
         isAtMost(op.getQ(), widest) && isAtMost(op.getV(), widest);
}

bool needsParts(Operation *op, int64_t widest) {
  if (auto attend = dyn_cast<AttendOp>(op))
    return !hasKernel(attend, widest);
  auto grad = dyn_cast<AttendGradOp>(op);
  if (!grad || !hasKernel(grad, widest))
    return bool(grad);
  bool isLearned = llvm::any_of(
      grad.getDwith(), [](Value adjoint) { return !adjoint.use_empty(); });
  if (isLearned)
    emitRemark(op->getLoc())
        << "the adjoint of this attention keeps all scores in memory: the one "
           "of a tensor that its score reads is asked for";
  return isLearned;
}

bool isForGPU(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return function && program::getDevice(function) == "gpu";
}

struct DecomposeAttention
    : lamina::impl::DecomposeAttentionPassBase<DecomposeAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (needsParts(op, isForGPU(op) ? gpuWidest : widest) &&
          !(onlyAdjoints && isa<AttendOp>(op)))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      FailureOr<SmallVector<Value>> parts = decomposeAndExpand(op, {});
      if (failed(parts))
        return signalPassFailure();
      for (auto [result, value] : llvm::zip(op->getResults(), *parts))
        if (value)
          result.replaceAllUsesWith(value);
      op->erase();
    }
  }
};

} // namespace

} // namespace lamina::graph
