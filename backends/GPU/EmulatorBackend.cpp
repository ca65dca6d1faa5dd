// SPDX-License-Identifier: Apache-2.0
//
// GPU kernels that run on this machine.

#include "backends/GPU/EmulatorBackend.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/SourceLines.h"
#include "backends/GPU/AttendEmitter.h"
#include "backends/GPU/DeviceKernel.h"
#include "backends/GPU/EmulatedModule.h"
#include "dialects/Kernel/KernelCost.h"

namespace lamina {

namespace {
class EmulatorBackend : public Backend {
public:
  EmulatorBackend(TargetModel host, llvm::StringRef chip)
      : host(std::move(host)), chip(chip),
        title(chip == "sm_80" ? "emulator" : ("emulator-" + chip).str()) {}

  llvm::StringRef name() const override { return title; }
  const TargetModel &target() const override { return host; }
  std::string fingerprint() const override {
    return "emulator " + std::to_string(gpu::codeVersion) + " " + chip + " " +
           host.triple + " " + host.cpu + " " + host.features;
  }
  Verdict canCompile(kernel::FuncOp kernel) const override;
  mlir::FailureOr<CompiledKernel> compile(kernel::FuncOp kernel) const override;
  bool speaksOfOps() const override { return true; }
  int64_t widestAttention() const override { return gpu::widestHead; }
  bool hasForm(llvm::StringRef form) const override {
    return form == "nvvm" || form == "ptx";
  }
  mlir::LogicalResult print(kernel::FuncOp kernel, llvm::StringRef form,
                            llvm::raw_ostream &out) const override;

private:
  TargetModel host;
  std::string chip, title;
};
} // namespace

Verdict EmulatorBackend::canCompile(kernel::FuncOp kernel) const {
  return gpu::canMakeDeviceKernel(kernel, chip);
}

mlir::FailureOr<CompiledKernel>
EmulatorBackend::compile(kernel::FuncOp kernel) const {
  llvm::LLVMContext context;
  gpu::DeviceKernel device = gpu::makeDeviceKernel(kernel, chip, context);
  if (!device.module)
    return mlir::failure();
  gpu::optimizeModule(*device.module, chip);
  if (failed(gpu::emulateModule(*device.module, *device.body, *device.emitter,
                                host)))
    return mlir::failure();
  return CompiledKernel{kernel.getSymName().str(),
                        cpu::writeObject(*device.module, host)};
}

mlir::LogicalResult EmulatorBackend::print(kernel::FuncOp kernel,
                                           llvm::StringRef form,
                                           llvm::raw_ostream &out) const {
  llvm::LLVMContext context;
  gpu::DeviceKernel device = gpu::makeDeviceKernel(kernel, chip, context);
  if (!device.module)
    return mlir::failure();
  gpu::optimizeModule(*device.module, chip);
  std::vector<std::string> lines = kernel::getOpLines(kernel);
  if (form == "nvvm") {
    cpu::printWithLines(*device.module, lines, out);
    return mlir::success();
  }
  std::string why;
  std::string text =
      gpu::writePTX(*device.module, chip, why, /*keepLines=*/true);
  if (text.empty())
    return kernel.emitOpError("has no PTX: ") << why;
  out << cpu::commentLines(text, lines, "//");
  return mlir::success();
}

std::unique_ptr<Backend> createEmulatorBackend(const TargetModel &host,
                                               llvm::StringRef chip) {
  return std::make_unique<EmulatorBackend>(host, chip);
}

} // namespace lamina
