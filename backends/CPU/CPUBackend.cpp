// SPDX-License-Identifier: Apache-2.0
//
// Kernels for x86-64 and aarch64.

#include "backends/CPU/CPUBackend.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/SourceLines.h"
#include "backends/CPU/Target.h"
#include "dialects/Kernel/KernelCost.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/Target/TargetMachine.h"

namespace lamina {

namespace {
class CPUBackend : public Backend {
public:
  explicit CPUBackend(TargetModel model) : model(std::move(model)) {}

  llvm::StringRef name() const override { return "cpu"; }
  const TargetModel &target() const override { return model; }
  std::string fingerprint() const override;
  Verdict canCompile(kernel::FuncOp) const override { return Verdict::yes(); }
  mlir::FailureOr<CompiledKernel> compile(kernel::FuncOp kernel) const override;
  bool hasForm(llvm::StringRef form) const override {
    return form == "llvm" || form == "asm";
  }
  mlir::LogicalResult print(kernel::FuncOp kernel, llvm::StringRef form,
                            llvm::raw_ostream &out) const override;

private:
  TargetModel model;
};
} // namespace

/// Raised whenever the code for equal kernels changes.
static constexpr int codeVersion = 10;

std::string CPUBackend::fingerprint() const {
  return "cpu " + std::to_string(codeVersion) +
         " LLVM " LLVM_VERSION_STRING " " + model.triple + " " + model.cpu +
         " " + model.features + " l1=" + std::to_string(model.l1Bytes) +
         " l2=" + std::to_string(model.l2Bytes);
}

/// The optimized module of `kernel`; null after a diagnostic.
static std::unique_ptr<llvm::Module> makeCode(kernel::FuncOp kernel,
                                              const TargetModel &model,
                                              llvm::LLVMContext &context) {
  std::unique_ptr<llvm::Module> code =
      cpu::emitModule(kernel, model, {}, context);
  if (code)
    cpu::optimizeKernel(*code, model);
  return code;
}

mlir::FailureOr<CompiledKernel>
CPUBackend::compile(kernel::FuncOp kernel) const {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = makeCode(kernel, model, context);
  if (!code)
    return mlir::failure();
  return CompiledKernel{kernel.getSymName().str(),
                        cpu::writeObject(*code, model)};
}

mlir::LogicalResult CPUBackend::print(kernel::FuncOp kernel,
                                      llvm::StringRef form,
                                      llvm::raw_ostream &out) const {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = makeCode(kernel, model, context);
  if (!code)
    return mlir::failure();
  std::vector<std::string> lines = kernel::getOpLines(kernel);
  if (form == "llvm") {
    cpu::printWithLines(*code, lines, out);
  } else {
    auto text = cpu::writeObject(*code, model, cpu::ObjectForm::Assembly);
    out << cpu::commentLines(
        {text.data(), text.size()}, lines,
        cpu::findMachine(model)->getMCAsmInfo()->getCommentString());
  }
  return mlir::success();
}

std::unique_ptr<Backend> createCPUBackend(const TargetModel &target) {
  return std::make_unique<CPUBackend>(target);
}

} // namespace lamina
