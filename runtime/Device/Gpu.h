// SPDX-License-Identifier: Apache-2.0
//
// One GPU, and memory for it.

#ifndef LAMINA_RUNTIME_DEVICE_GPU_H
#define LAMINA_RUNTIME_DEVICE_GPU_H

#include "runtime/Device/DeviceMemory.h"
#include "runtime/Device/Driver.h"

#include <string>

namespace lamina {
namespace runtime {

/// A device that is in use. Work is done in the order of one stream; a second
/// one carries what may go beside it.
class Gpu : public DeviceMemory {
public:
  /// Throws a sentence if there is no such device, or if it is too old.
  explicit Gpu(int number);
  ~Gpu() override;
  Gpu(const Gpu &) = delete;

  const cuda::Driver &driver;
  cuda::Stream stream = nullptr, aside = nullptr;

  const std::string &title() const override { return name; }
  DevicePeak peak() const override;
  int capability() const { return version; } ///< 90 for 9.0
  int64_t freeBytes() const override;

  DeviceAddress allocate(int64_t bytes) const override;
  void release(DeviceAddress address) const override {
    driver.release(address);
  }
  void copyToDevice(DeviceAddress to, const void *from,
                    int64_t bytes) const override {
    check(driver.copyToDevice(to, from, size_t(bytes), stream));
  }
  void copyToHost(void *to, DeviceAddress from, int64_t bytes) const override {
    check(driver.copyToHost(to, from, size_t(bytes), stream));
  }
  void copyOnDevice(DeviceAddress to, DeviceAddress from,
                    int64_t bytes) const override {
    check(driver.copyOnDevice(to, from, size_t(bytes), stream));
  }

  /// Throws if the device did not do what it was asked to. What fails in a run
  /// stays broken: a program can only end.
  void check(cuda::Result result) const;
  /// Until all work of the stream is done.
  void wait() const override { check(driver.waitForStream(stream)); }

private:
  cuda::Device device = 0;
  int version = 0;
  std::string name;
};

/// Memory of the host that a device copies from and to without waiting.
class PinnedBlock {
public:
  explicit PinnedBlock(const Gpu &gpu) : gpu(gpu) {}
  ~PinnedBlock() { free(); }
  PinnedBlock(const PinnedBlock &) = delete;

  bool reserve(int64_t bytes);
  char *data() const { return static_cast<char *>(memory); }
  int64_t size() const { return capacity; }

private:
  void free();

  const Gpu &gpu;
  void *memory = nullptr;
  int64_t capacity = 0;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_GPU_H
