// SPDX-License-Identifier: Apache-2.0
//
// One device of OpenCL, and memory for it.
//
// A tensor has an address: OpenCL gives out objects and takes offsets in them,
// so an address is the number of an object in its upper bits and the offset in
// the lower ones.

#ifndef LAMINA_RUNTIME_OPENCL_OPENCLDEVICE_H
#define LAMINA_RUNTIME_OPENCL_OPENCLDEVICE_H

#include "runtime/Device/DeviceMemory.h"
#include "runtime/OpenCL/Library.h"

#include <vector>

namespace lamina {
namespace runtime {

class OpenCLDevice : public DeviceMemory {
public:
  /// Devices of all platforms are counted through. Throws a sentence if there
  /// is no such device.
  explicit OpenCLDevice(int number);
  ~OpenCLDevice() override;
  OpenCLDevice(const OpenCLDevice &) = delete;

  const opencl::Library &library;
  opencl::Device device = nullptr;
  opencl::Context context = nullptr;
  opencl::Queue queue = nullptr; ///< in order

  const std::string &title() const override { return name; }
  int64_t freeBytes() const override;

  DeviceAddress allocate(int64_t bytes) const override;
  void release(DeviceAddress address) const override;
  /// Done when they return.
  void copyToDevice(DeviceAddress to, const void *from,
                    int64_t bytes) const override;
  void copyToHost(void *to, DeviceAddress from, int64_t bytes) const override;
  /// The two must not overlap.
  void copyOnDevice(DeviceAddress to, DeviceAddress from,
                    int64_t bytes) const override;
  void wait() const override;

  struct Place {
    opencl::Memory memory;
    uint64_t offset;
    int64_t bytes; ///< of the object
  };
  Place placeOf(DeviceAddress address) const;

  template <typename Number>
  Number info(uint32_t what) const {
    Number value{};
    check(library.deviceInfo(device, what, sizeof value, &value, nullptr));
    return value;
  }

  /// Throws if the device did not do what it was asked to. What fails in a run
  /// stays broken: a program can only end.
  void check(opencl::Result result) const;

private:
  struct Object {
    opencl::Memory memory = nullptr;
    int64_t bytes = 0;
  };

  [[noreturn]] void refuse(int64_t bytes) const;

  std::string name;
  mutable std::vector<Object> objects;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_OPENCL_OPENCLDEVICE_H
