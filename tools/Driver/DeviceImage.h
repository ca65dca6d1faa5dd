// SPDX-License-Identifier: Apache-2.0
//
// The code for devices that a program carries.

#ifndef LAMINA_TOOLS_DRIVER_DEVICEIMAGE_H
#define LAMINA_TOOLS_DRIVER_DEVICEIMAGE_H

#include "tools/Driver/KernelCompiler.h"

#include <string>
#include <vector>

namespace lamina::driver {

/// As `LaminaDeviceCode` of runtime/ABI/Kernel.h.
struct PackedCode {
  std::string chip;
  bool isBinary;
  std::string packed;
  size_t size;
};

/// The kernels of one kind of device as one module: its OpenCL C, or its PTX
/// and, where a
/// `ptxas` is found ($LAMINA_PTXAS, which if empty means none, PATH,
/// $CUDA_HOME, $CUDA_PATH, /usr/local/cuda), what that makes of it for the
/// processors in use. A `ptxas` that does not know one is no error: the driver
/// compiles the PTX when the program starts.
std::vector<PackedCode> packDeviceCode(const DeviceKernels &kernels,
                                       const std::string &cacheFolder);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_DEVICEIMAGE_H
