// SPDX-License-Identifier: Apache-2.0
//
// A kernel on its way to a device or its emulator.

#ifndef LAMINA_BACKENDS_GPU_DEVICEKERNEL_H
#define LAMINA_BACKENDS_GPU_DEVICEKERNEL_H

#include "backends/Backend.h"
#include "backends/GPU/DeviceModule.h"

#include <optional>

namespace lamina::gpu {

/// Raised whenever the code for equal kernels changes, on the device and
/// thereby on its emulator.
constexpr int codeVersion = 13;

/// A kernel as a module for NVPTX, and who made it.
struct DeviceKernel {
  std::optional<cpu::KernelBody> body;
  std::unique_ptr<DeviceEmitter> emitter;
  std::unique_ptr<llvm::Module> module; ///< not optimized yet
};

/// Emits `kernel` for the processor `chip`; `module` stays empty after a
/// diagnostic.
DeviceKernel makeDeviceKernel(kernel::FuncOp kernel, llvm::StringRef chip,
                              llvm::LLVMContext &context);

/// Whether there is such a module, and a GPU has all that it calls.
Verdict canMakeDeviceKernel(kernel::FuncOp kernel, llvm::StringRef chip);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_DEVICEKERNEL_H
