// SPDX-License-Identifier: Apache-2.0
//
// Which of a program's tables of kernels this processor runs.
//
// The choice is made once, when the program starts, and all kernels follow it:
// so a run has the same bits whatever the number of threads.

#ifndef LAMINA_RUNTIME_EXECUTOR_CHOOSEVARIANT_H
#define LAMINA_RUNTIME_EXECUTOR_CHOOSEVARIANT_H

#include "runtime/ABI/Kernel.h"

namespace lamina {
namespace runtime {

/// The best variant that this processor has the instructions for. The variable
/// LAMINA_CPU_LEVEL, `x86-64-v3`, makes it take no better one than that. Throws
/// if there is none, or if the variable has another word.
const LaminaVariant &chooseVariant(const LaminaImage &image);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_CHOOSEVARIANT_H
