// SPDX-License-Identifier: Apache-2.0
//
// Passes in shared libraries.
//
// A library that `--load-pass-plugin` names is a pass plugin of MLIR, whose
// version is that of the LLVM it was built with:
//
//   extern "C" mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
//     return {MLIR_PLUGIN_API_VERSION, "MyPasses", LLVM_VERSION_STRING,
//             [] { mlir::PassRegistration<MyPass>(); }};
//   }

#ifndef LAMINA_PASSES_PLUGIN_H
#define LAMINA_PASSES_PLUGIN_H

#include "llvm/Support/Error.h"

#include <string>

namespace lamina {

/// Loads the library at `path` for the rest of the process and registers its
/// passes. The error is a sentence for the user.
llvm::Error loadPassPlugin(const std::string &path);

} // namespace lamina

#endif // LAMINA_PASSES_PLUGIN_H
