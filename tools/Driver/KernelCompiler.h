// SPDX-License-Identifier: Apache-2.0
//
// Kernels to objects, cached on disk.

#ifndef LAMINA_TOOLS_DRIVER_KERNELCOMPILER_H
#define LAMINA_TOOLS_DRIVER_KERNELCOMPILER_H

#include "tools/Driver/ChooseBackends.h"
#include "tools/Driver/DeviceImage.h"

#include <string>
#include <vector>

namespace lamina::driver {

/// Kernels for a kind of device.
struct DeviceKernels {
  std::string chip;
  /// For each kernel its name in the code, and in the object's exports; empty
  /// where it has none.
  std::vector<std::string> names;
  std::vector<PackedCode> codes;
};

/// The kernels of a program, ready to be linked.
struct LinkableKernels {
  /// As the tape has them.
  std::vector<std::string> names;
  /// For each target, what the objects export for each name: a hash of what was
  /// compiled, so that equal kernels are one. Empty where the processor never
  /// launches it.
  std::vector<std::vector<std::string>> symbols;
  /// Each one once.
  std::vector<llvm::SmallVector<char, 0>> objects;
  std::vector<DeviceKernels> device; ///< the plainest first
  size_t fromCache = 0;              ///< how many of the objects
};

struct KernelCompilerOptions {
  std::string cacheFolder; ///< empty: no cache
  int threads = 1;
};

/// The text of a kernel under a name that does not depend on the program, so
/// that equal kernels of different programs are one.
std::string canonicalText(kernel::FuncOp kernel);

/// Compiles every `kernel.func` of `module`, in the order in which they stand,
/// for each target, and for each of `devices`, where they are launched there,
/// and packs what is for devices. Objects are kept in the cache folder under a
/// hash of the kernel without its locations and of the backend's fingerprint.
/// Says which kernels a preferred backend or a device declined, and fails after
/// diagnostics at those that cannot be compiled.
mlir::FailureOr<LinkableKernels>
compileKernels(mlir::ModuleOp module, const std::vector<CodeTarget> &targets,
               const std::vector<CodeTarget> &devices,
               const KernelCompilerOptions &options);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_KERNELCOMPILER_H
