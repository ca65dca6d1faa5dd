// SPDX-License-Identifier: Apache-2.0
//
// A program's kernels on one GPU.

#ifndef LAMINA_RUNTIME_DEVICE_KERNELS_H
#define LAMINA_RUNTIME_DEVICE_KERNELS_H

#include "runtime/ABI/Kernel.h"
#include "runtime/Device/Gpu.h"

#include <vector>

namespace lamina {
namespace runtime {

class DeviceKernels {
public:
  struct Kernel {
    const LaminaDeviceKernel *code = nullptr; ///< null: there is none
    cuda::Function function = nullptr;
    cuda::Function finish = nullptr; ///< the second grid's; null: there is none
  };

  /// Loads the code that suits `gpu` best: of each variant that it runs what is
  /// compiled for it, else the text. Throws if the driver refuses it.
  DeviceKernels(const LaminaImage &image, const Gpu &gpu);
  ~DeviceKernels();
  DeviceKernels(const DeviceKernels &) = delete;

  const Kernel &operator[](size_t kernel) const { return kernels[kernel]; }

private:
  void add(const LaminaDeviceVariant &variant);
  cuda::Module load(const LaminaDeviceVariant &variant);

  const Gpu &gpu;
  std::vector<cuda::Module> modules;
  std::vector<Kernel> kernels;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_KERNELS_H
