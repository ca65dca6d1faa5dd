// SPDX-License-Identifier: Apache-2.0
//
// What each launch on a device took.

#include "runtime/Device/LaunchClock.h"

#include "runtime/Executor/LaunchTimes.h"
#include "runtime/include/Error.h"

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
  began = nanoseconds();
}

void LaunchClock::before(const TapeSite &site) {
  sites.push_back(&site);
  mark();
}

void LaunchClock::after() { mark(); }

void LaunchClock::tell(LaunchWatcher &watcher, const SizeValues &sizes) {
  gpu.wait();
  auto at = [&](size_t event) {
    float milliseconds = 0;
    gpu.check(gpu.driver.milliseconds(&milliseconds, events[0], events[event]));
    return began + int64_t(double(milliseconds) * 1e6);
  };
  for (size_t i = 0; i < sites.size(); ++i) {
    LaunchTime launch = launchAt(*sites[i], sizes);
    launch.span = {at(1 + 2 * i), at(2 + 2 * i)};
    watcher.launched(launch);
  }
}

} // namespace runtime
} // namespace lamina
