// SPDX-License-Identifier: Apache-2.0
//
// Backends in shared libraries.
//
// A library that `--load-backend-plugin` names exports one function,
//
//   extern "C" lamina::BackendPlugin laminaGetBackendPlugin() {
//     return {LAMINA_BACKEND_API_VERSION, LLVM_VERSION_STRING, "c_source",
//             [](lamina::BackendRegistry &registry) { … }};
//   }

#ifndef LAMINA_BACKENDS_PLUGIN_H
#define LAMINA_BACKENDS_PLUGIN_H

#include "backends/Registry.h"

/// Raised whenever a plugin must be built anew: with every change of Backend.h,
/// TargetModel.h, Registry.h or of the kernel dialect.
#define LAMINA_BACKEND_API_VERSION 2

namespace lamina {

/// What a plugin says of itself. The first two are read before anything else is
/// called: the interface is C++, and fits one version of both.
struct BackendPlugin {
  uint32_t apiVersion;     ///< LAMINA_BACKEND_API_VERSION
  const char *llvmVersion; ///< LLVM_VERSION_STRING
  const char *name;        ///< for messages
  void (*registerBackends)(BackendRegistry &registry);
};

/// Loads the library at `path` for the rest of the process and adds its
/// backends. The error is a sentence for the user.
llvm::Error loadBackendPlugin(const std::string &path,
                              BackendRegistry &registry);

} // namespace lamina

#endif // LAMINA_BACKENDS_PLUGIN_H
