// SPDX-License-Identifier: Apache-2.0
//
// Kernels as LLVM IR or assembly.

#ifndef LAMINA_TOOLS_DRIVER_PRINTCODE_H
#define LAMINA_TOOLS_DRIVER_PRINTCODE_H

#include "tools/Driver/ChooseBackends.h"

namespace lamina::driver {

/// Prints the optimized code of every kernel of `module`, each under a comment
/// with its name, backend, processor and source lines, in a form of the backend
/// that compiles it: "llvm" or "asm".
mlir::LogicalResult printCode(mlir::ModuleOp module,
                              const std::vector<CodeTarget> &targets,
                              llvm::StringRef form, llvm::raw_ostream &out);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_PRINTCODE_H
