// SPDX-License-Identifier: Apache-2.0
//
// Variables on a device.
//
// Each variable has its storage in the host's memory, whose address is its
// name here, and once a device needs it a copy there. Which of the two holds
// the newest value is known, and a copy is made only when the other side asks.

#ifndef LAMINA_RUNTIME_DEVICE_MIRROR_H
#define LAMINA_RUNTIME_DEVICE_MIRROR_H

#include "runtime/Device/DeviceMemory.h"

#include <deque>
#include <map>

namespace lamina {
namespace runtime {

/// Storage of variables by address, and its bytes. Kept before there is a
/// device.
using HeldStorage = std::map<void *, int64_t>;

class Mirror {
public:
  Mirror(const DeviceMemory &device, const HeldStorage &held)
      : device(device), held(held) {}

  bool has(const void *storage) const {
    return held.count(const_cast<void *>(storage)) != 0;
  }
  /// Bytes of device memory that are not allocated yet.
  int64_t missingBytes() const;

  /// The copy, with the newest value.
  DeviceAddress onDevice(void *storage);
  /// Brings the newest value to the host.
  void toHost(void *storage);
  void deviceWrote(void *storage) { copies.at(storage).newest = Side::Device; }
  void hostWrote(void *storage);
  void forget(void *storage) { copies.erase(storage); }

private:
  enum class Side { Host, Both, Device };
  struct Copy {
    DeviceAddress address = 0;
    Side newest = Side::Host;
  };
  void allocate();

  const DeviceMemory &device;
  const HeldStorage &held;
  std::map<void *, Copy> copies;
  std::deque<DeviceBlock> blocks;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_MIRROR_H
