// SPDX-License-Identifier: Apache-2.0
//
// One kernel for all that are equal.
//
// Kernel -> Kernel. Layers that differ in nothing but their weights launch the
// same kernels; each is compiled once.

#include "dialects/Kernel/KernelOps.h"
#include "passes/Kernel/Passes.h"

#include "mlir/IR/OperationSupport.h"

namespace lamina {
#define GEN_PASS_DEF_SHAREEQUALPASS
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

using namespace mlir;
using namespace lamina;

static constexpr auto kFlags = OperationEquivalence::IgnoreLocations;

/// The kernel without what equal kernels may differ in: its name.
static void hideName(kernel::FuncOp func) { func.setSymName("kernel"); }

static llvm::hash_code getHash(kernel::FuncOp func) {
  llvm::hash_code hash = llvm::hash_combine(func.getKind(), func.getOuts(),
                                            func.getDims(), func.getShapes());
  func.getBody().walk([&](Operation *op) {
    hash = llvm::hash_combine(
        hash, OperationEquivalence::computeHash(
                  op, OperationEquivalence::ignoreHashValue,
                  OperationEquivalence::ignoreHashValue, kFlags));
  });
  return hash;
}

static bool areEqual(kernel::FuncOp a, kernel::FuncOp b) {
  std::string nameA = a.getSymName().str(), nameB = b.getSymName().str();
  hideName(a);
  hideName(b);
  bool equal = OperationEquivalence::isEquivalentTo(a, b, kFlags);
  a.setSymName(nameA);
  b.setSymName(nameB);
  return equal;
}

namespace {
struct ShareEqualPass : lamina::impl::ShareEqualPassBase<ShareEqualPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::DenseMap<size_t, SmallVector<kernel::FuncOp>> kept;
    llvm::DenseMap<StringAttr, FlatSymbolRefAttr> replaced;
    for (auto func :
         llvm::make_early_inc_range(module.getOps<kernel::FuncOp>())) {
      auto &equals = kept[getHash(func)];
      auto found = llvm::find_if(
          equals, [&](kernel::FuncOp other) { return areEqual(other, func); });
      if (found == equals.end()) {
        equals.push_back(func);
        continue;
      }
      (*found)->setLoc(
          FusedLoc::get(&getContext(), {(*found)->getLoc(), func->getLoc()}));
      replaced[func.getSymNameAttr()] = FlatSymbolRefAttr::get(*found);
      func.erase();
    }
    module.walk([&](kernel::LaunchOp launch) {
      if (auto kernel = replaced.lookup(launch.getKernelAttr().getAttr()))
        launch.setKernelAttr(kernel);
    });
  }
};
} // namespace
