// SPDX-License-Identifier: Apache-2.0
//
// A device module as code of this machine.
//
// Takes the very module that becomes PTX, after its passes, and makes the three
// functions of runtime/ABI/Kernel.h from it: items are blocks, threads are
// run by the emulator (runtime/ABI/Emulator.h).

#ifndef LAMINA_BACKENDS_GPU_EMULATEDMODULE_H
#define LAMINA_BACKENDS_GPU_EMULATEDMODULE_H

#include "backends/Backend.h"
#include "backends/GPU/DeviceEmitter.h"

#include "llvm/IR/Module.h"

namespace lamina::gpu {

/// Turns `module` into one for `host`. Fails, with a diagnostic at the kernel,
/// at a device function that the emulator does not have.
mlir::LogicalResult emulateModule(llvm::Module &module, const KernelBody &body,
                                  DeviceEmitter &emitter,
                                  const TargetModel &host);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_EMULATEDMODULE_H
