// SPDX-License-Identifier: Apache-2.0
//
// Whether an output may take an input's place.

#ifndef LAMINA_PASSES_KERNEL_INPLACE_H
#define LAMINA_PASSES_KERNEL_INPLACE_H

#include "dialects/Kernel/KernelOps.h"

namespace lamina {

/// Whether tensor input `in` and output `out` of a kernel may be one buffer:
/// the input is read at no index but the one that is written, and not after the
/// first write to the output.
bool mayShareBuffer(kernel::FuncOp func, unsigned in, unsigned out);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_INPLACE_H
