// SPDX-License-Identifier: Apache-2.0
//
// Kernels to objects, cached on disk.

#ifndef LAMINA_TOOLS_DRIVER_KERNELCOMPILER_H
#define LAMINA_TOOLS_DRIVER_KERNELCOMPILER_H

#include "backends/Backend.h"

#include <memory>
#include <string>
#include <vector>

namespace lamina::driver {

/// One kernel of a program, ready to be linked.
struct LinkableKernel {
  std::string name;   ///< as the tape has it
  std::string symbol; ///< as the object exports it: a hash of what was compiled
  llvm::SmallVector<char, 0> object;
  bool fromCache = false;
};

struct KernelCompilerOptions {
  const Backend *backend = nullptr;
  std::string cacheFolder; ///< empty: no cache
  int threads = 1;
};

/// Compiles every `kernel.func` of `module`, in the order in which they stand.
/// Objects are kept in the cache folder under a hash of the kernel without its
/// locations and of the backend's fingerprint. Fails after diagnostics at the
/// kernels that cannot be compiled.
mlir::FailureOr<std::vector<LinkableKernel>>
compileKernels(mlir::ModuleOp module, const KernelCompilerOptions &options);

/// Folder of the cache: $LAMINA_CACHE, else lamina/ in $XDG_CACHE_HOME or
/// ~/.cache; empty if there is none.
std::string defaultCacheFolder();

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_KERNELCOMPILER_H
