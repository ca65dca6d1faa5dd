// SPDX-License-Identifier: Apache-2.0
//
// Tensors as the copy engine of a GPU sees them.
//
// Kernels for sm_90a take a map for each tensor that they read in boxes. It is
// made for each launch, from the launch record and the tensor's address.

#ifndef LAMINA_RUNTIME_DEVICE_TENSORMAPS_H
#define LAMINA_RUNTIME_DEVICE_TENSORMAPS_H

#include "runtime/ABI/Kernel.h"
#include "runtime/Device/Gpu.h"

#include <vector>

namespace lamina {
namespace runtime {

/// A map as the driver encodes it and a kernel takes it.
struct alignas(64) EncodedMap {
  unsigned char bits[128];
};

/// The maps of a launch at sizes `dims`, in the kernel's order; `buffers` has
/// the address of each of its buffers.
std::vector<EncodedMap> encodeMaps(const Gpu &gpu, const LaminaLaunch &launch,
                                   const int64_t *dims,
                                   const cuda::Address *buffers);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_TENSORMAPS_H
