// SPDX-License-Identifier: Apache-2.0
//
// One kernel for a GPU, or for its emulator.

#include "tools/lamina-kernel/DeviceCode.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/SourceLines.h"
#include "backends/GPU/DeviceModule.h"
#include "backends/GPU/EmulatedModule.h"
#include "dialects/Kernel/KernelCost.h"
#include "tools/lamina-kernel/PlantedFault.h"

#include "llvm/Support/raw_ostream.h"

namespace lamina::tools {

/// The module with the fault that the flags ask for; null after a message.
static std::unique_ptr<llvm::Module> emitModule(const cpu::KernelBody &body,
                                                gpu::DeviceEmitter &emitter,
                                                const DeviceOptions &options,
                                                llvm::LLVMContext &context,
                                                llvm::StringRef name) {
  std::unique_ptr<llvm::Module> module =
      gpu::emitModule(body, emitter, options.chip, context);
  if (!module || options.fault.empty() || plantFault(*module, options.fault))
    return module;
  llvm::errs() << "lamina-kernel: no place for the fault '" << options.fault
               << "' in '" << name << "'\n";
  return nullptr;
}

std::optional<llvm::SmallVector<char, 0>>
makeDeviceCode(kernel::FuncOp kernel, const TargetModel &host,
               const DeviceOptions &options) {
  mlir::FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (mlir::failed(body))
    return std::nullopt;
  std::unique_ptr<gpu::DeviceEmitter> emitter =
      gpu::chooseEmitter(*body, options.chip);
  if (!emitter)
    return std::nullopt;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      emitModule(*body, *emitter, options, context, kernel.getSymName());
  if (!module)
    return std::nullopt;
  llvm::SmallVector<char, 0> nothing;
  std::vector<std::string> lines = kernel::getOpLines(kernel);
  if (options.emit != "raw")
    gpu::optimizeModule(*module, options.chip);
  if (options.emit == "raw" || options.emit == "nvvm") {
    cpu::printWithLines(*module, lines, llvm::outs());
    return nothing;
  }
  if (options.emit == "ptx") {
    std::string why, text = gpu::writePTX(*module, options.chip, why);
    if (text.empty())
      return kernel.emitOpError("has no PTX: ") << why, std::nullopt;
    llvm::outs() << text;
    return nothing;
  }
  if (mlir::failed(gpu::emulateModule(*module, *body, *emitter, host)))
    return std::nullopt;
  if (options.emit == "llvm") {
    module->print(llvm::outs(), nullptr);
    return nothing;
  }
  return cpu::writeObject(*module, host);
}

} // namespace lamina::tools
