// SPDX-License-Identifier: Apache-2.0
//
// Take attention apart.
//
// Graph -> Graph without attention: what `attend` means, in ops that everything
// has a rule for.

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

struct DecomposeAttention
    : lamina::impl::DecomposeAttentionPassBase<DecomposeAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<AttendGradOp>(op) || (!onlyAdjoints && isa<AttendOp>(op)))
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
