// SPDX-License-Identifier: Apache-2.0
//
// What holds in KERNEL.
//
// Stands behind the conversion: from here on an entry is launches, numbers of
// the host, loops and choices; a reshape is another name of the same bytes.

#include "dialects/Graph/GraphOps.h"
#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace lamina {
#define GEN_PASS_DEF_VERIFYKERNELPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

static bool mayStandInEntry(Operation *op) {
  return isa<kernel::LaunchOp, kernel::HostOp, kernel::LoopOp, kernel::IfOp,
             kernel::YieldOp, func::ReturnOp, arith::ConstantOp,
             graph::ReshapeOp, graph::CheckOp, graph::ExternOp>(op);
}

namespace {
struct VerifyKernelPass : lamina::impl::VerifyKernelPassBase<VerifyKernelPass> {
  void runOnOperation() override {
    bool wrong = false;
    for (auto entry : getOperation().getOps<func::FuncOp>())
      entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (op == entry)
          return WalkResult::advance();
        if (!mayStandInEntry(op)) {
          op->emitError("is no launch, loop or number of the host");
          wrong = true;
        }
        return isa<kernel::HostOp>(op) ? WalkResult::skip()
                                       : WalkResult::advance();
      });
    if (wrong)
      signalPassFailure();
  }
};
} // namespace
