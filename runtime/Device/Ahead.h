// SPDX-License-Identifier: Apache-2.0
//
// Copies to a device that go beside its work.
//
// What the next call reads is copied while this one runs, from pinned memory
// and in a stream of its own; the next call takes it from there.

#ifndef LAMINA_RUNTIME_DEVICE_AHEAD_H
#define LAMINA_RUNTIME_DEVICE_AHEAD_H

#include "runtime/Device/Gpu.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace lamina {
namespace runtime {

class Ahead {
public:
  explicit Ahead(const Gpu &gpu) : gpu(gpu) {}
  ~Ahead();

  /// Begins to copy `bytes` at `from`.
  void add(const void *from, int64_t bytes);
  /// Whether `bytes` at `from` were copied. If so they are copied on to `to` in
  /// the order of the device's work.
  bool take(const void *from, int64_t bytes, cuda::Address to);
  /// What was not taken is given up; the device waits for nobody.
  void clear() { places.clear(); }

private:
  struct Place {
    PinnedBlock host;
    DeviceBlock device;
    cuda::Event ready = nullptr; ///< the copy is done
    cuda::Event taken = nullptr; ///< the device has copied it on
    explicit Place(const Gpu &gpu) : host(gpu), device(gpu) {}
  };

  const Gpu &gpu;
  std::map<const void *, std::pair<size_t, int64_t>> places; ///< place, bytes
  std::vector<std::unique_ptr<Place>> kept; ///< for the next calls
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_AHEAD_H
