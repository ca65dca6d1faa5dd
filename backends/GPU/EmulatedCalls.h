// SPDX-License-Identifier: Apache-2.0
//
// Device functions as calls of the emulator.

#ifndef LAMINA_BACKENDS_GPU_EMULATEDCALLS_H
#define LAMINA_BACKENDS_GPU_EMULATEDCALLS_H

#include "backends/CPU/KernelBody.h"

#include "llvm/IR/Module.h"

namespace lamina::gpu {

/// Replaces the `llvm.nvvm.*` calls of `function`. Fails, with a diagnostic at
/// the kernel, at one that the emulator does not have.
mlir::LogicalResult substituteCalls(llvm::Function &function,
                                    const cpu::KernelBody &body);

/// Reports each access of `function` to memory, and gives it, and each call
/// that accesses memory by itself, a number.
void reportAccesses(llvm::Function &function);

/// Whether threads of `module` ever wait for one another.
bool waits(const llvm::Module &module);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_EMULATEDCALLS_H
