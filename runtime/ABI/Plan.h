// SPDX-License-Identifier: Apache-2.0
//
// Offsets of slots in one arena.
//
// The one memory planner. The compiler calls it at the usual sizes, to print
// the peak; the runtime calls it whenever a size changes. Both get the same
// offsets for the same intervals, because it is this function.

#ifndef LAMINA_RUNTIME_ABI_PLAN_H
#define LAMINA_RUNTIME_ABI_PLAN_H

#include "runtime/ABI/PlaceSlots.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace lamina {

struct Plan {
  std::vector<int64_t>
      offsets;      ///< one for each interval, multiples of the alignment
  int64_t peak = 0; ///< bytes of the arena
};

/// First fit by decreasing size: large slots are placed first, each at the
/// lowest offset that is free for its whole lifetime. Ties are broken by
/// position, so the plan is a function of its argument alone.
inline Plan planArena(const std::vector<PlanInterval> &intervals,
                      int64_t alignment = 64) {
  std::vector<size_t> order(intervals.size()), placed(intervals.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return isPlacedBefore(intervals.data(), a, b);
  });
  Plan plan;
  plan.offsets.assign(intervals.size(), 0);
  plan.peak = placeSlots(intervals.data(), intervals.size(), order.data(),
                         placed.data(), plan.offsets.data(), alignment);
  return plan;
}

} // namespace lamina

#endif // LAMINA_RUNTIME_ABI_PLAN_H
