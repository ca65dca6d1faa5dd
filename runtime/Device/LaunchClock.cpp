// SPDX-License-Identifier: Apache-2.0
//
// What each launch on a device took.

#include "runtime/Device/LaunchClock.h"

#include "runtime/include/Error.h"

#include <chrono>

namespace lamina {
namespace runtime {

LaunchClock::~LaunchClock() {
  for (cuda::Event event : events)
    gpu.driver.destroyEvent(event);
}

cuda::Event LaunchClock::mark() {
  if (used == events.size()) {
    cuda::Event event;
    gpu.check(gpu.driver.createEvent(&event, 0));
    events.push_back(event);
  }
  cuda::Event event = events[used++];
  gpu.check(gpu.driver.recordEvent(event, gpu.stream));
  return event;
}

void LaunchClock::start() {
  used = 0;
  sites.clear();
  gpu.check(gpu.driver.waitForEvent(mark()));
  began = std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count();
}

void LaunchClock::before(const TapeSite &site) {
  sites.push_back(&site);
  mark();
}

void LaunchClock::after() { mark(); }

/// 0 if nobody can say.
static double costOf(const Expression &cost, const SizeValues &sizes) {
  try {
    return double(cost.evaluate(sizes));
  } catch (const Error &) {
    return 0;
  }
}

void LaunchClock::tell(LaunchWatcher &watcher, const SizeValues &sizes) {
  gpu.wait();
  auto at = [&](size_t event) {
    float milliseconds = 0;
    gpu.check(gpu.driver.milliseconds(&milliseconds, events[0], events[event]));
    return began + int64_t(double(milliseconds) * 1e6);
  };
  for (size_t i = 0; i < sites.size(); ++i) {
    LaunchTime launch;
    launch.site = sites[i];
    launch.span = {at(1 + 2 * i), at(2 + 2 * i)};
    launch.flops = costOf(sites[i]->flops, sizes);
    launch.bytes = costOf(sites[i]->bytes, sizes);
    watcher.launched(launch);
  }
}

} // namespace runtime
} // namespace lamina
