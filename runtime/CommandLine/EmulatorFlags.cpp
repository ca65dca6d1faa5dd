// SPDX-License-Identifier: Apache-2.0
//
// Flags of programs that carry kernels for the emulator of GPUs.

#include "runtime/CommandLine/EmulatorFlags.h"

#include "runtime/ABI/Emulator.h"

// The emulator is in the program only if a kernel asks for it.
extern "C" __attribute__((weak)) void lamina_emulator_configure(uint64_t seed,
                                                                int32_t check);

namespace lamina {
namespace runtime {

std::vector<FlagSpec> emulatorFlags() {
  if (!lamina_emulator_configure)
    return {};
  return {{"emulate-check", "",
           "end at races and stray accesses of emulated kernels", false},
          {"emulate-seed", "N",
           "mix the threads of emulated kernels (0: in order)", false}};
}

void applyEmulatorFlags(const Flags &flags) {
  if (lamina_emulator_configure)
    lamina_emulator_configure(uint64_t(flags.number("emulate-seed", 0, 0)),
                              flags.has("emulate-check"));
}

} // namespace runtime
} // namespace lamina
