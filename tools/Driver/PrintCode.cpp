// SPDX-License-Identifier: Apache-2.0
//
// Kernels as LLVM IR or assembly.

#include "tools/Driver/PrintCode.h"

#include "backends/CPU/CompileKernel.h"

using namespace mlir;

namespace lamina::driver {

LogicalResult printCode(ModuleOp module, const TargetModel &target,
                        bool asAssembly, llvm::raw_ostream &out) {
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> code =
        cpu::emitModule(kernel, target, {}, context);
    if (!code)
      return failure();
    cpu::optimizeModule(*code, target);
    out << (asAssembly ? "# " : "; ") << kernel.getSymName() << " "
        << kernel.getLoc() << "\n";
    if (asAssembly) {
      auto text = cpu::writeObject(*code, target, /*asText=*/true);
      out << llvm::StringRef(text.data(), text.size());
    } else {
      out << *code;
    }
  }
  return success();
}

} // namespace lamina::driver
