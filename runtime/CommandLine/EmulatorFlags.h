// SPDX-License-Identifier: Apache-2.0
//
// Flags of programs that carry kernels for the emulator of GPUs.

#ifndef LAMINA_RUNTIME_COMMANDLINE_EMULATORFLAGS_H
#define LAMINA_RUNTIME_COMMANDLINE_EMULATORFLAGS_H

#include "runtime/CommandLine/Flags.h"

namespace lamina {
namespace runtime {

/// None in a program without such kernels.
std::vector<FlagSpec> emulatorFlags();

void applyEmulatorFlags(const Flags &flags);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_COMMANDLINE_EMULATORFLAGS_H
