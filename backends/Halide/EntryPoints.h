// SPDX-License-Identifier: Apache-2.0
//
// The exported functions of a kernel around its steps.

#ifndef LAMINA_BACKENDS_HALIDE_ENTRYPOINTS_H
#define LAMINA_BACKENDS_HALIDE_ENTRYPOINTS_H

#include "backends/Halide/Algorithm.h"

#include "llvm/IR/Module.h"

namespace lamina::halide {

/// Elements of an item, if sizes leave the choice.
constexpr int64_t itemElements = 16384;

/// Adds the three functions of runtime/ABI/Kernel.h to `module`, which has the
/// functions of the steps, and what these call of Halide's run time. All else
/// becomes private to the module.
void addEntryPoints(llvm::Module &module, const cpu::KernelBody &body,
                    const Algorithm &algorithm);

/// Adds `<name>_command` of runtime/ABI/Commands.h, for a kernel whose steps
/// run on a device. `algorithm` has no grid.
void addCommand(llvm::Module &module, const cpu::KernelBody &body,
                const Algorithm &algorithm);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_ENTRYPOINTS_H
