// SPDX-License-Identifier: Apache-2.0
//
// The backends that there are, by name.

#include "backends/Registry.h"

#include "backends/CPU/CPUBackend.h"
#include "backends/GPU/EmulatorBackend.h"
#include "backends/Plugin.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <dlfcn.h>

namespace lamina {

bool BackendRegistry::add(llvm::StringRef name, BackendFactory create) {
  return factories.try_emplace(name.str(), std::move(create)).second;
}

bool BackendRegistry::has(llvm::StringRef name) const {
  return factories.count(name.str()) != 0;
}

llvm::Expected<std::unique_ptr<Backend>>
BackendRegistry::create(llvm::StringRef name, const TargetModel &host) const {
  auto found = factories.find(name.str());
  assert(found != factories.end() && "names are checked before");
  return found->second(host);
}

std::vector<std::string> BackendRegistry::names() const {
  std::vector<std::string> all;
  for (const auto &it : factories)
    all.push_back(it.first);
  return all;
}

/// The library of this name that is installed beside this one.
static std::string findOwnLibrary(llvm::StringRef file) {
  Dl_info here{};
  dladdr(reinterpret_cast<void *>(&findOwnLibrary), &here);
  llvm::SmallString<128> path(here.dli_fname ? here.dli_fname : "");
  llvm::sys::path::remove_filename(path);
  llvm::sys::path::append(path, file);
  return path.str().str();
}

// Halide is large, and a part of a build only where it was found.
static llvm::Expected<std::unique_ptr<Backend>>
loadHalide(llvm::StringRef name, llvm::StringRef flag,
           const TargetModel &host) {
  std::string path = findOwnLibrary("libLaminaHalide.so");
  if (!llvm::sys::fs::exists(path))
    return llvm::createStringError(
        flag + ": this lamina was built without Halide: run './dev deps', "
               "then build again");
  BackendRegistry own;
  if (llvm::Error error = loadBackendPlugin(path, own))
    return error;
  return own.create(name, host);
}

llvm::Expected<std::unique_ptr<Backend>>
loadOpenCLBackend(const TargetModel &host, llvm::StringRef flag) {
  return loadHalide("opencl", flag, host);
}

void registerAllBackends(BackendRegistry &registry) {
  registry.add("halide", [](const TargetModel &host) {
    return loadHalide("halide", "--backend", host);
  });
  registry.add("cpu", [](const TargetModel &host) {
    return llvm::Expected<std::unique_ptr<Backend>>(createCPUBackend(host));
  });
  for (llvm::StringRef chip : {"sm_80", "sm_90a"})
    registry.add(chip == "sm_80" ? "emulator" : ("emulator-" + chip).str(),
                 [chip](const TargetModel &host)
                     -> llvm::Expected<std::unique_ptr<Backend>> {
                   if (!llvm::StringRef(host.triple).starts_with("x86_64"))
                     return llvm::createStringError(
                         "--backend: the emulator runs on x86-64 only, and the "
                         "program is for " +
                         host.triple);
                   return createEmulatorBackend(host, chip);
                 });
}

} // namespace lamina
