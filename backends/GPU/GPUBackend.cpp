// SPDX-License-Identifier: Apache-2.0
//
// Kernels for NVIDIA GPUs.
//
// One `kernel.func` in; out, its PTX, and an object for the host with what a
// launch needs. The generic flavour runs on every processor from sm_80 on. A
// second one, for sm_90a, is written where an emitter has a form for it, and
// only there: the driver compiles the generic text for that processor too.

#include "backends/GPU/GPUBackend.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"
#include "backends/GPU/AttendEmitter.h"
#include "backends/GPU/DeviceKernel.h"
#include "backends/GPU/LaunchSizes.h"

#include "llvm/Target/TargetMachine.h"

namespace lamina {

static constexpr llvm::StringRef genericChip = "sm_80", hopperChip = "sm_90a";

namespace {
class GPUBackend : public Backend {
public:
  explicit GPUBackend(TargetModel host) : host(std::move(host)) {}

  llvm::StringRef name() const override { return "gpu"; }
  const TargetModel &target() const override { return host; }
  std::string fingerprint() const override {
    return "gpu " + std::to_string(gpu::codeVersion) + " " + host.triple;
  }
  Verdict canCompile(kernel::FuncOp kernel) const override {
    return gpu::canMakeDeviceKernel(kernel, genericChip);
  }
  mlir::FailureOr<CompiledKernel> compile(kernel::FuncOp kernel) const override;
  int64_t widestAttention() const override { return gpu::widestHead; }

private:
  TargetModel host;
};
} // namespace

/// Modules become parts of one: whatever they define is named for the kernel.
static void makeNamesUnique(llvm::Module &module, const std::string &name) {
  for (llvm::GlobalVariable &variable : module.globals())
    variable.setName(name + "_" + variable.getName());
}

static std::unique_ptr<llvm::Module>
makeHostModule(const TargetModel &host, llvm::LLVMContext &context) {
  auto module = std::make_unique<llvm::Module>("launch", context);
  llvm::TargetMachine *machine = cpu::findMachine(host);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  return module;
}

/// Adds what a launch of `device` needs to `sizes`, and its code to `result`.
static mlir::LogicalResult finish(kernel::FuncOp kernel,
                                  gpu::DeviceKernel &device,
                                  llvm::StringRef chip, llvm::Module &sizes,
                                  CompiledKernel &result) {
  std::string name = gpu::deviceName(*device.body);
  if (chip != genericChip) {
    std::string generic = name;
    name += ("_" + chip).str();
    device.module->getFunction(generic)->setName(name);
    if (device.emitter->secondGrid())
      device.module->getFunction(gpu::finishName(generic))
          ->setName(gpu::finishName(name));
  }
  gpu::emitLaunchSizes(sizes, *device.body, *device.emitter, name);
  gpu::emitLaunch(sizes, *device.body, *device.emitter, name);
  makeNamesUnique(*device.module, name);
  gpu::optimizeModule(*device.module, chip);
  std::string why, text = gpu::writePTX(*device.module, chip, why);
  if (text.empty())
    return kernel.emitOpError("has no PTX: ") << why;
  result.device.push_back({std::move(name), chip.str(), std::move(text)});
  return mlir::success();
}

mlir::FailureOr<CompiledKernel>
GPUBackend::compile(kernel::FuncOp kernel) const {
  llvm::LLVMContext context;
  gpu::DeviceKernel generic =
      gpu::makeDeviceKernel(kernel, genericChip, context);
  if (!generic.module)
    return mlir::failure();
  CompiledKernel result{kernel.getSymName().str(), {}};
  std::unique_ptr<llvm::Module> sizes = makeHostModule(host, context);
  if (failed(finish(kernel, generic, genericChip, *sizes, result)))
    return mlir::failure();
  if (gpu::chooseEmitter(*generic.body, hopperChip)->chip() == hopperChip) {
    gpu::DeviceKernel hopper =
        gpu::makeDeviceKernel(kernel, hopperChip, context);
    if (!hopper.module ||
        failed(finish(kernel, hopper, hopperChip, *sizes, result)))
      return mlir::failure();
  }
  result.object = cpu::writeObject(*sizes, host, cpu::ObjectForm::Plain);
  return result;
}

std::unique_ptr<Backend> createGPUBackend(const TargetModel &host) {
  return std::make_unique<GPUBackend>(host);
}

} // namespace lamina
