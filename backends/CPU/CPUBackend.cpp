// SPDX-License-Identifier: Apache-2.0
//
// Kernels for x86-64.

#include "backends/CPU/CPUBackend.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Target.h"

namespace lamina {

namespace {
class CPUBackend : public Backend {
public:
  explicit CPUBackend(TargetModel model) : model(std::move(model)) {}

  llvm::StringRef name() const override { return "cpu"; }
  const TargetModel &target() const override { return model; }
  std::string fingerprint() const override;
  bool canCompile(mlir::ModuleOp module, std::string &why) const override;
  mlir::FailureOr<CompiledKernel> compile(mlir::ModuleOp module) const override;

private:
  TargetModel model;
};
} // namespace

/// Raised whenever the code for equal kernels changes.
static constexpr int codeVersion = 2;

static kernel::FuncOp kernelOf(mlir::ModuleOp module) {
  auto kernels = module.getOps<kernel::FuncOp>();
  assert(llvm::hasSingleElement(kernels) && "a module has one kernel");
  return *kernels.begin();
}

std::string CPUBackend::fingerprint() const {
  return "cpu " + std::to_string(codeVersion) + " " + model.triple + " " +
         model.cpu + " " + model.features +
         " l1=" + std::to_string(model.l1Bytes) +
         " l2=" + std::to_string(model.l2Bytes);
}

bool CPUBackend::canCompile(mlir::ModuleOp module, std::string &why) const {
  kernel::Kind kind = kernelOf(module).getKind();
  if (kind != kernel::Kind::Attend && kind != kernel::Kind::AttendGrad)
    return true;
  why = "attention has no form of its own on the cpu; it is decomposed";
  return false;
}

mlir::FailureOr<CompiledKernel>
CPUBackend::compile(mlir::ModuleOp module) const {
  kernel::FuncOp kernel = kernelOf(module);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      cpu::emitModule(kernel, model, {}, context);
  if (!code)
    return mlir::failure();
  cpu::optimizeModule(*code, model);
  return CompiledKernel{kernel.getSymName().str(),
                        cpu::writeObject(*code, model)};
}

std::unique_ptr<Backend> createCPUBackend(llvm::StringRef cpu) {
  std::optional<TargetModel> model = cpu::makeTargetModel(cpu);
  if (!model)
    return nullptr;
  return std::make_unique<CPUBackend>(std::move(*model));
}

} // namespace lamina
