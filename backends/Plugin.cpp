// SPDX-License-Identifier: Apache-2.0
//
// Backends in shared libraries.

#include "backends/Plugin.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/DynamicLibrary.h"

using namespace llvm;

namespace lamina {

Error loadBackendPlugin(const std::string &path, BackendRegistry &registry) {
  auto refuse = [&](const Twine &why) {
    return createStringError("the plugin '" + path +
                             "' cannot be loaded: " + why);
  };
  std::string reason;
  auto library =
      sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &reason);
  if (!library.isValid())
    return refuse(reason);
  auto *get = reinterpret_cast<BackendPlugin (*)()>(
      library.getAddressOfSymbol("laminaGetBackendPlugin"));
  if (!get)
    return refuse("it has no function 'laminaGetBackendPlugin', so it is no "
                  "plugin of backends");
  BackendPlugin plugin = get();
  if (plugin.apiVersion != LAMINA_BACKEND_API_VERSION)
    return refuse("it was built for version " + Twine(plugin.apiVersion) +
                  " of the interface of backends, and this is version " +
                  Twine(LAMINA_BACKEND_API_VERSION) + "; build it anew");
  if (StringRef(plugin.llvmVersion) != LLVM_VERSION_STRING)
    return refuse("it was built with LLVM " + Twine(plugin.llvmVersion) +
                  ", and this is LLVM " LLVM_VERSION_STRING "; build it anew");
  plugin.registerBackends(registry);
  return Error::success();
}

} // namespace lamina
