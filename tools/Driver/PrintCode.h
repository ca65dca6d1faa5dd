// SPDX-License-Identifier: Apache-2.0
//
// Kernels as code, with the lines of the source beside it.

#ifndef LAMINA_TOOLS_DRIVER_PRINTCODE_H
#define LAMINA_TOOLS_DRIVER_PRINTCODE_H

#include "tools/Driver/ChooseBackends.h"

#include <map>

namespace lamina::driver {

struct CodeRequest {
  llvm::StringRef form;   ///< "llvm", "asm", "nvvm", "ptx"
  llvm::StringRef kernel; ///< only this one; empty: all
  /// What is to be said of kernels under their names.
  std::map<std::string, std::string> notes = {};

  bool takes(kernel::FuncOp func) const {
    return kernel.empty() || kernel == func.getSymName();
  }
};

/// Prints the optimized code of the kernels of `module`, each under a comment
/// with its name, backend, processor and source lines, in a form of the backend
/// that compiles it.
mlir::LogicalResult printCode(mlir::ModuleOp module,
                              const std::vector<CodeTarget> &targets,
                              const CodeRequest &request,
                              llvm::raw_ostream &out);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_PRINTCODE_H
