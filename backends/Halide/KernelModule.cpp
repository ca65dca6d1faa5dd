// SPDX-License-Identifier: Apache-2.0
//
// From a kernel to one module of LLVM, whatever it runs on.

#include "backends/Halide/KernelModule.h"

#include "backends/CPU/Target.h"

#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Target/TargetMachine.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace lamina::halide {

Verdict
judge(kernel::FuncOp kernel,
      llvm::function_ref<bool(const cpu::KernelBody &, std::string &)> read) {
  switch (kernel.getKind()) {
  case kernel::Kind::Attend:
  case kernel::Kind::AttendGrad:
    return Verdict::no("halide has no attention");
  case kernel::Kind::Scatter:
    return Verdict::no("halide has no scatter");
  case kernel::Kind::Sort:
    return Verdict::no("halide has no sort");
  default:
    break;
  }
  std::string why;
  ScopedDiagnosticHandler silence(kernel.getContext(),
                                  [&](Diagnostic &diagnostic) {
                                    if (why.empty())
                                      why = diagnostic.str();
                                    return success();
                                  });
  FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (succeeded(body) && read(*body, why))
    return Verdict::yes();
  return Verdict::no("halide " + why);
}

std::unique_ptr<llvm::Module> makeModule(kernel::FuncOp kernel,
                                         const TargetModel &target,
                                         llvm::LLVMContext &context) {
  llvm::TargetMachine *machine = cpu::findMachine(target);
  auto module = std::make_unique<llvm::Module>(kernel.getSymName(), context);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  return module;
}

LogicalResult linkStep(llvm::Module &module, std::unique_ptr<llvm::Module> step,
                       kernel::FuncOp kernel) {
  step->setTargetTriple(module.getTargetTriple());
  step->setDataLayout(module.getDataLayout());
  if (llvm::Linker::linkModules(module, std::move(step)))
    return kernel.emitOpError("has steps that are not linked");
  return success();
}

void adoptCode(llvm::Module &module, const TargetModel &target) {
  llvm::StripDebugInfo(module);
  for (llvm::Function &function : module) {
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    function.removeFnAttr("tune-cpu");
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    std::string width = std::to_string(target.vectorBits);
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("min-legal-vector-width", width);
    for (llvm::Instruction &instruction : llvm::instructions(function))
      instruction.setAAMetadata(llvm::AAMDNodes());
  }
}

} // namespace lamina::halide
