// SPDX-License-Identifier: Apache-2.0
//
// Memory of a device.
//
// What variables and arenas need of a device, whatever it is. Addresses are the
// device's own numbers: sums with offsets, never read by the host. Everything
// is done in the order in which it is asked for.

#ifndef LAMINA_RUNTIME_DEVICE_DEVICEMEMORY_H
#define LAMINA_RUNTIME_DEVICE_DEVICEMEMORY_H

#include "runtime/include/Engine.h"

#include <cstdint>
#include <string>

namespace lamina {
namespace runtime {

using DeviceAddress = uint64_t;

class DeviceMemory {
public:
  virtual ~DeviceMemory() = default;

  /// "gpu 0, 'NVIDIA H100'"
  virtual const std::string &title() const = 0;
  virtual int64_t freeBytes() const = 0;
  /// What its clocks and units give; zeros where nobody tells.
  virtual DevicePeak peak() const { return {}; }

  /// Throws a sentence if there is none.
  virtual DeviceAddress allocate(int64_t bytes) const = 0;
  virtual void release(DeviceAddress address) const = 0;
  /// The host's memory must stay as it is until `wait`.
  virtual void copyToDevice(DeviceAddress to, const void *from,
                            int64_t bytes) const = 0;
  virtual void copyToHost(void *to, DeviceAddress from,
                          int64_t bytes) const = 0;
  virtual void copyOnDevice(DeviceAddress to, DeviceAddress from,
                            int64_t bytes) const = 0;
  /// Until all is done.
  virtual void wait() const = 0;
};

/// Memory of a device; grows, never shrinks.
class DeviceBlock {
public:
  explicit DeviceBlock(const DeviceMemory &device) : device(device) {}
  ~DeviceBlock() { free(); }
  DeviceBlock(const DeviceBlock &) = delete;

  /// True if it stands elsewhere now; what was in it is lost then. The device
  /// must not be at work on it. Throws if there is no memory.
  bool reserve(int64_t bytes) {
    if (bytes <= capacity)
      return false;
    free();
    memory = device.allocate(bytes);
    capacity = bytes;
    return true;
  }
  DeviceAddress address() const { return memory; }
  int64_t size() const { return capacity; }

private:
  void free() {
    if (memory)
      device.release(memory);
    memory = 0;
    capacity = 0;
  }

  const DeviceMemory &device;
  DeviceAddress memory = 0;
  int64_t capacity = 0;
};

/// Tensors that are copied stand at multiples of it, which are fast to copy.
inline int64_t paddedBytes(int64_t bytes) { return (bytes + 255) / 256 * 256; }

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_DEVICEMEMORY_H
