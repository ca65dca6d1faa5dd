// SPDX-License-Identifier: Apache-2.0
//
// One GPU, and memory for it.

#ifndef LAMINA_RUNTIME_DEVICE_GPU_H
#define LAMINA_RUNTIME_DEVICE_GPU_H

#include "runtime/Device/Driver.h"

#include <string>

namespace lamina {
namespace runtime {

/// A device that is in use. Work is done in the order of one stream; a second
/// one carries what may go beside it.
class Gpu {
public:
  /// Throws a sentence if there is no such device, or if it is too old.
  explicit Gpu(int number);
  ~Gpu();
  Gpu(const Gpu &) = delete;

  const cuda::Driver &driver;
  cuda::Stream stream = nullptr, aside = nullptr;

  /// "gpu 0, 'NVIDIA H100'"
  const std::string &title() const { return name; }
  int capability() const { return version; } ///< 90 for 9.0
  int64_t freeBytes() const;

  /// Throws if the device did not do what it was asked to. What fails in a run
  /// stays broken: a program can only end.
  void check(cuda::Result result) const;
  /// Until all work of the stream is done.
  void wait() const { check(driver.waitForStream(stream)); }

private:
  cuda::Device device = 0;
  int version = 0;
  std::string name;
};

/// Memory of a device; grows, never shrinks. Multiples of 256.
class DeviceBlock {
public:
  explicit DeviceBlock(const Gpu &gpu) : gpu(gpu) {}
  ~DeviceBlock() { free(); }
  DeviceBlock(const DeviceBlock &) = delete;

  /// True if it stands elsewhere now; what was in it is lost then. The device
  /// must not be at work on it. Throws if there is no memory.
  bool reserve(int64_t bytes);
  cuda::Address address() const { return memory; }
  int64_t size() const { return capacity; }

private:
  void free();

  const Gpu &gpu;
  cuda::Address memory = 0;
  int64_t capacity = 0;
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
