// SPDX-License-Identifier: Apache-2.0
//
// Kernels as LLVM IR or assembly.

#ifndef LAMINA_TOOLS_DRIVER_PRINTCODE_H
#define LAMINA_TOOLS_DRIVER_PRINTCODE_H

#include "backends/Backend.h"

namespace lamina::driver {

/// Prints the optimized code of every kernel of `module` for `target`, each
/// under a comment with its name and source line.
mlir::LogicalResult printCode(mlir::ModuleOp module, const TargetModel &target,
                              bool asAssembly, llvm::raw_ostream &out);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_PRINTCODE_H
