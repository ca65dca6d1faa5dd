// SPDX-License-Identifier: Apache-2.0
//
// Passes in shared libraries.

#include "passes/Plugin.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/DynamicLibrary.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace llvm;

namespace lamina {

Error loadPassPlugin(const std::string &path) {
  auto refuse = [&](const Twine &why) {
    return createStringError("the plugin '" + path +
                             "' cannot be loaded: " + why);
  };
  std::string reason;
  auto library =
      sys::DynamicLibrary::getPermanentLibrary(path.c_str(), &reason);
  if (!library.isValid())
    return refuse(reason);
  auto *get = reinterpret_cast<decltype(mlirGetPassPluginInfo) *>(
      library.getAddressOfSymbol("mlirGetPassPluginInfo"));
  if (!get)
    return refuse("it has no function 'mlirGetPassPluginInfo', so it is no "
                  "plugin of passes");
  mlir::PassPluginLibraryInfo plugin = get();
  if (plugin.apiVersion != MLIR_PLUGIN_API_VERSION)
    return refuse("it was built for version " + Twine(plugin.apiVersion) +
                  " of MLIR's interface of plugins, and this is version " +
                  Twine(MLIR_PLUGIN_API_VERSION) + "; build it anew");
  // Passes are C++ against headers of one LLVM; that of another breaks
  // anywhere.
  StringRef version = plugin.pluginVersion ? plugin.pluginVersion : "";
  if (version != LLVM_VERSION_STRING)
    return refuse("its version is '" + version +
                  "', and it has to be that of LLVM, here " LLVM_VERSION_STRING
                  "; give LLVM_VERSION_STRING in mlirGetPassPluginInfo, and "
                  "build it anew");
  plugin.registerPassRegistryCallbacks();
  return Error::success();
}

} // namespace lamina
