// SPDX-License-Identifier: Apache-2.0
//
// Offsets of slots in one arena.
//
// The one memory planner. The compiler calls it at the usual sizes, to print
// the peak; the runtime calls it whenever a size changes. Both get the same
// offsets for the same intervals, because it is this function.

#ifndef LAMINA_RUNTIME_ABI_PLAN_H
#define LAMINA_RUNTIME_ABI_PLAN_H

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace lamina {

/// A slot: its size in bytes and the positions of the launch that first writes
/// it and of the one that last reads it, both included.
struct PlanInterval {
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
};

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
  std::vector<size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    int64_t more = intervals[a].bytes, less = intervals[b].bytes;
    return more != less ? more > less : a < b;
  });

  Plan plan;
  plan.offsets.assign(intervals.size(), 0);
  std::vector<size_t> placed; // sorted by offset
  for (size_t slot : order) {
    const PlanInterval &it = intervals[slot];
    if (it.bytes == 0)
      continue;
    int64_t offset = 0;
    for (size_t other : placed) {
      const PlanInterval &that = intervals[other];
      if (that.last < it.first || it.last < that.first)
        continue;
      if (plan.offsets[other] - offset >= it.bytes)
        break;
      int64_t end = plan.offsets[other] + that.bytes;
      offset = std::max(offset, (end + alignment - 1) / alignment * alignment);
    }
    plan.offsets[slot] = offset;
    plan.peak = std::max(plan.peak, offset + it.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), slot,
                                   [&](size_t a, size_t b) {
                                     return plan.offsets[a] < plan.offsets[b];
                                   }),
                  slot);
  }
  return plan;
}

} // namespace lamina

#endif // LAMINA_RUNTIME_ABI_PLAN_H
