// SPDX-License-Identifier: Apache-2.0
//
// Scalars on their way to a device.
//
// The words that kernels read as scalars stand in one block of the host's
// memory and are copied to one on the device, all at once or as they come.

#ifndef LAMINA_RUNTIME_DEVICE_SCALARBLOCK_H
#define LAMINA_RUNTIME_DEVICE_SCALARBLOCK_H

#include "runtime/Device/Gpu.h"

#include <vector>

namespace lamina {
namespace runtime {

class ScalarBlock {
public:
  explicit ScalarBlock(const Gpu &gpu) : gpu(gpu), host(gpu), device(gpu) {}

  /// Makes `words` the block's, without sending them.
  void set(const std::vector<uint64_t> &words);
  /// Sends all words.
  void send();
  /// The address of the next `count` words of those that were set.
  cuda::Address take(size_t count);
  void rewind() { next = 0; }

  /// Sends `words` now; their address.
  cuda::Address sendNow(const std::vector<uint64_t> &words);

private:
  const Gpu &gpu;
  PinnedBlock host;
  DeviceBlock device;
  size_t count = 0, next = 0; ///< in words
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_SCALARBLOCK_H
