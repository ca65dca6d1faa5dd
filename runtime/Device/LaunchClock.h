// SPDX-License-Identifier: Apache-2.0
//
// What each launch on a device took.

#ifndef LAMINA_RUNTIME_DEVICE_LAUNCHCLOCK_H
#define LAMINA_RUNTIME_DEVICE_LAUNCHCLOCK_H

#include "runtime/Device/Gpu.h"
#include "runtime/Executor/Tape.h"

#include <vector>

namespace lamina {
namespace runtime {

/// Marks in the stream, before and after launches, that become times once the
/// device is done.
class LaunchClock {
public:
  explicit LaunchClock(const Gpu &gpu) : gpu(gpu) {}
  ~LaunchClock();

  /// The moment that all times are counted from.
  void start();
  void before(const TapeSite &site);
  void after();
  /// Waits, and tells `watcher` of each launch since `start`.
  void tell(LaunchWatcher &watcher, const SizeValues &sizes);

private:
  cuda::Event mark();

  const Gpu &gpu;
  std::vector<cuda::Event> events; ///< kept for the next entry
  size_t used = 0;
  std::vector<const TapeSite *> sites;
  int64_t began = 0; ///< nanoseconds of the host's clock
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DEVICE_LAUNCHCLOCK_H
