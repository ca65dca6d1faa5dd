// SPDX-License-Identifier: Apache-2.0
//
// The backends that there are, by name.

#ifndef LAMINA_BACKENDS_REGISTRY_H
#define LAMINA_BACKENDS_REGISTRY_H

#include "backends/Backend.h"

#include "llvm/Support/Error.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace lamina {

/// Makes a backend for programs that run on `host`; what it compiles for may be
/// another processor. An error, a sentence, if it has no code for that machine.
using BackendFactory = std::function<llvm::Expected<std::unique_ptr<Backend>>(
    const TargetModel &)>;

class BackendRegistry {
public:
  /// False, and nothing changes, if the name is taken.
  bool add(llvm::StringRef name, BackendFactory create);

  bool has(llvm::StringRef name) const;

  /// The backend `name`, which is there, for `host`.
  llvm::Expected<std::unique_ptr<Backend>>
  create(llvm::StringRef name, const TargetModel &host) const;

  /// In alphabetical order, for a diagnostic.
  std::vector<std::string> names() const;

private:
  std::map<std::string, BackendFactory> factories;
};

/// Adds the backends of Lamina itself.
void registerAllBackends(BackendRegistry &registry);

/// The backend of OpenCL's devices, which is a part of Halide's. It makes code
/// beside a processor's, and is no choice for that. The error is a sentence
/// that begins with `flag`, which asks for it.
llvm::Expected<std::unique_ptr<Backend>>
loadOpenCLBackend(const TargetModel &host, llvm::StringRef flag);

} // namespace lamina

#endif // LAMINA_BACKENDS_REGISTRY_H
