// SPDX-License-Identifier: Apache-2.0
//
// What a launch needs, as functions of the host.

#ifndef LAMINA_BACKENDS_GPU_LAUNCHSIZES_H
#define LAMINA_BACKENDS_GPU_LAUNCHSIZES_H

#include "backends/GPU/DeviceEmitter.h"

#include "llvm/IR/Module.h"

namespace lamina::gpu {

/// Adds a function of the sizes.
llvm::Function *emitOfSizes(llvm::Module &module, const KernelBody &body,
                            const llvm::Twine &name,
                            llvm::function_ref<llvm::Value *(Frame &)> emit);

/// Adds `<name>_items`, the number of blocks, and `<name>_scratch`, the bytes
/// of scratch of one block, to a module for the host (runtime/ABI/Kernel.h).
/// Returns the latter.
llvm::Function *emitLaunchSizes(llvm::Module &module, const KernelBody &body,
                                DeviceEmitter &emitter, llvm::StringRef name);

/// Adds `<name>_launch`, a `LaminaLaunch`, and the `<name>_maps` in it.
void emitLaunch(llvm::Module &module, const KernelBody &body,
                DeviceEmitter &emitter, llvm::StringRef name);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_LAUNCHSIZES_H
