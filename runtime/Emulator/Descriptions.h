// SPDX-License-Identifier: Apache-2.0
//
// What messages call emulated kernels.
//
// A kernel knows its ops by number only: it is compiled once for all places in
// the source that need it. The program around it knows its name and the line of
// each number.

#ifndef LAMINA_RUNTIME_EMULATOR_DESCRIPTIONS_H
#define LAMINA_RUNTIME_EMULATOR_DESCRIPTIONS_H

#include "runtime/ABI/Emulator.h"

#include <string>

namespace lamina::emulator {

/// "model.lam:12:7: kernel 'train.step.row'": the line of an op, or of the
/// kernel where the op has none; no line if nobody has described the kernel.
std::string describe(const LaminaEmulatedKernel &kernel, int op);

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_DESCRIPTIONS_H
