// SPDX-License-Identifier: Apache-2.0
//
// One kernel for a GPU, or for its emulator.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_DEVICECODE_H
#define LAMINA_TOOLS_LAMINAKERNEL_DEVICECODE_H

#include "backends/Backend.h"
#include "dialects/Kernel/KernelOps.h"

#include <optional>

namespace lamina::tools {

/// What to make of a kernel.
struct DeviceOptions {
  std::string chip = "sm_80";
  std::string emit = {}; ///< raw, nvvm, ptx: print it; anything else: an object
  std::string fault = {}; ///< planted into it (PlantedFault.h); empty: none
};

/// The object for the emulator on `host`; empty if code was printed instead.
/// Nothing after a diagnostic.
std::optional<llvm::SmallVector<char, 0>>
makeDeviceCode(kernel::FuncOp kernel, const TargetModel &host,
               const DeviceOptions &options);

} // namespace lamina::tools

#endif // LAMINA_TOOLS_LAMINAKERNEL_DEVICECODE_H
