// SPDX-License-Identifier: Apache-2.0
//
// What a watched launch costs, and when it is.

#include "runtime/Executor/LaunchTimes.h"

#include "runtime/include/Error.h"

#include <chrono>

namespace lamina {
namespace runtime {

int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static double costOf(const Expression &cost, const SizeValues &sizes) {
  try {
    return double(cost.evaluate(sizes));
  } catch (const Error &) {
    return 0;
  }
}

LaunchTime launchAt(const TapeSite &site, const SizeValues &sizes) {
  LaunchTime launch;
  launch.site = &site;
  launch.flops = costOf(site.flops, sizes);
  launch.bytes = costOf(site.bytes, sizes);
  return launch;
}

} // namespace runtime
} // namespace lamina
