// SPDX-License-Identifier: Apache-2.0
//
// GPU kernels that run on this machine.

#ifndef LAMINA_BACKENDS_GPU_EMULATORBACKEND_H
#define LAMINA_BACKENDS_GPU_EMULATORBACKEND_H

#include "backends/Backend.h"

#include <memory>

namespace lamina {

/// Compiles kernels as for the processor `chip`, for the emulator on `host`.
/// Its name is `emulator`; with the chip behind a dash, if it is not `sm_80`.
std::unique_ptr<Backend> createEmulatorBackend(const TargetModel &host,
                                               llvm::StringRef chip = "sm_80");

} // namespace lamina

#endif // LAMINA_BACKENDS_GPU_EMULATORBACKEND_H
