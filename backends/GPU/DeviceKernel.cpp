// SPDX-License-Identifier: Apache-2.0
//
// A kernel on its way to a device or its emulator.

#include "backends/GPU/DeviceKernel.h"

#include "mlir/IR/Diagnostics.h"

namespace lamina::gpu {

DeviceKernel makeDeviceKernel(kernel::FuncOp kernel, llvm::StringRef chip,
                              llvm::LLVMContext &context) {
  DeviceKernel device;
  mlir::FailureOr<cpu::KernelBody> body = cpu::KernelBody::read(kernel);
  if (failed(body))
    return device;
  device.body.emplace(std::move(*body));
  device.emitter = chooseEmitter(*device.body, chip);
  if (device.emitter)
    device.module = emitModule(*device.body, *device.emitter, chip, context);
  return device;
}

// The one way to know is to do it: a yes is then never wrong.
Verdict canMakeDeviceKernel(kernel::FuncOp kernel, llvm::StringRef chip) {
  std::string why;
  mlir::ScopedDiagnosticHandler silence(kernel.getContext(),
                                        [&](mlir::Diagnostic &diagnostic) {
                                          if (why.empty())
                                            why = diagnostic.str();
                                          return mlir::success();
                                        });
  llvm::LLVMContext context;
  DeviceKernel device = makeDeviceKernel(kernel, chip, context);
  if (!device.module)
    return Verdict::no("the gpu has no form of it: " + why);
  for (const llvm::Function &function : *device.module)
    if (function.isDeclaration() && !function.isIntrinsic())
      return Verdict::no("the gpu has no '" + function.getName() + "'");
  return Verdict::yes();
}

} // namespace lamina::gpu
