// SPDX-License-Identifier: Apache-2.0
//
// A step in the languages of GPUs that programs do not carry.

#ifndef LAMINA_BACKENDS_HALIDE_PRINTGROUPCODE_H
#define LAMINA_BACKENDS_HALIDE_PRINTGROUPCODE_H

#include "backends/Halide/Algorithm.h"

namespace lamina::halide {

/// Prints the device's side of `step`, which is scheduled for groups: `form` is
/// "metal", "webgpu" or "vulkan". Fails after a diagnostic.
mlir::LogicalResult printGroupCode(Step &step, const Algorithm &algorithm,
                                   const Halide::Target &host,
                                   kernel::FuncOp kernel, llvm::StringRef form,
                                   llvm::raw_ostream &out);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_PRINTGROUPCODE_H
