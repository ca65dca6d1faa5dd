// SPDX-License-Identifier: Apache-2.0
//
// From a kernel to a module for NVPTX.
//
// Chooses an emitter by the form of the body and fills one `ptx_kernel`
// function: a pointer for each buffer, an i64 for each size, the scalars'
// block, the scratch of all blocks. The module is NVVM IR: LLVM IR with
// `llvm.nvvm.*` calls.

#ifndef LAMINA_BACKENDS_GPU_DEVICEMODULE_H
#define LAMINA_BACKENDS_GPU_DEVICEMODULE_H

#include "backends/GPU/DeviceEmitter.h"

#include "llvm/IR/Module.h"

#include <memory>

namespace lamina::gpu {

/// The kernel's name as PTX takes it: no dots.
std::string deviceName(const KernelBody &body);
/// That of the kernel's second grid.
std::string finishName(llvm::StringRef kernel);

/// The best emitter for the processor `chip` ("sm_80"). Null after a
/// diagnostic, if the body has no form.
std::unique_ptr<DeviceEmitter> chooseEmitter(const KernelBody &body,
                                             llvm::StringRef chip);

/// The module of `body` for the processor `chip`, not optimized yet;
/// null after a diagnostic.
std::unique_ptr<llvm::Module> emitModule(const KernelBody &body,
                                         DeviceEmitter &emitter,
                                         llvm::StringRef chip,
                                         llvm::LLVMContext &context);

/// Runs LLVM's passes for `chip` on `module`.
void optimizeModule(llvm::Module &module, llvm::StringRef chip);

/// The PTX of an optimized module. Empty, and a sentence in `why`, if it would
/// need a function that nobody provides. With `keepLines` directives name the
/// ops (backends/CPU/SourceLines.h).
std::string writePTX(llvm::Module &module, llvm::StringRef chip,
                     std::string &why, bool keepLines = false);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_DEVICEMODULE_H
