// SPDX-License-Identifier: Apache-2.0
//
// Kernels as LLVM IR or assembly.

#include "tools/Driver/PrintCode.h"

#include "dialects/Kernel/KernelCost.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace lamina::driver {

static LogicalResult printKernel(const Placement &placement,
                                 const TargetModel &host, llvm::StringRef form,
                                 llvm::raw_ostream &out) {
  kernel::FuncOp kernel = placement.kernel;
  const Backend &backend = *placement.backend;
  out << (form == "llvm" ? "; " : "# ") << kernel.getSymName() << ", "
      << backend.name() << ", " << host.level << ": "
      << llvm::join(kernel::getLines(kernel.getLoc()), " ");
  if (!backend.hasForm(form)) {
    out << ", of which " << backend.name() << " prints no " << form << "\n";
    return success();
  }
  out << "\n";
  OwningOpRef<ModuleOp> alone(ModuleOp::create(kernel.getLoc()));
  auto copy = cast<kernel::FuncOp>(kernel->clone());
  alone->push_back(copy);
  return backend.print(copy, form, out);
}

LogicalResult printCode(ModuleOp module, const std::vector<CodeTarget> &targets,
                        llvm::StringRef form, llvm::raw_ostream &out) {
  for (const CodeTarget &target : targets) {
    std::vector<Placement> placements = placeKernels(module, target);
    if (failed(reportPlacements(placements)))
      return failure();
    for (const Placement &placement : placements)
      if (failed(printKernel(placement, target.host, form, out)))
        return failure();
  }
  return success();
}

} // namespace lamina::driver
