// SPDX-License-Identifier: Apache-2.0
//
// Offsets of slots in one arena, in memory that is given.
//
// The core of runtime/ABI/Plan.h. It needs no library, so that modules for
// WebAssembly, which have none, place their slots by the same function.

#ifndef LAMINA_RUNTIME_ABI_PLACESLOTS_H
#define LAMINA_RUNTIME_ABI_PLACESLOTS_H

#include <stddef.h>
#include <stdint.h>

namespace lamina {

/// A slot: its size in bytes and the positions of the launch that first writes
/// it and of the one that last reads it, both included.
struct PlanInterval {
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
};

/// Whether slot `a` is placed before slot `b`: large ones come first, equal
/// ones by position.
inline bool isPlacedBefore(const PlanInterval *intervals, size_t a, size_t b) {
  int64_t more = intervals[a].bytes, less = intervals[b].bytes;
  return more != less ? more > less : a < b;
}

/// Fills `offsets` with multiples of `alignment` and returns the bytes of the
/// arena. `order` has the slots as `isPlacedBefore` says; `placed` is room for
/// as many.
inline int64_t placeSlots(const PlanInterval *intervals, size_t count,
                          const size_t *order, size_t *placed, int64_t *offsets,
                          int64_t alignment) {
  int64_t peak = 0;
  size_t used = 0; // of `placed`, which is sorted by offset
  for (size_t number = 0; number < count; ++number) {
    size_t slot = order[number];
    const PlanInterval &it = intervals[slot];
    offsets[slot] = 0;
    if (it.bytes == 0)
      continue;
    int64_t offset = 0;
    for (size_t i = 0; i < used; ++i) {
      const PlanInterval &that = intervals[placed[i]];
      if (that.last < it.first || it.last < that.first)
        continue;
      if (offsets[placed[i]] - offset >= it.bytes)
        break;
      int64_t end = offsets[placed[i]] + that.bytes;
      int64_t next = (end + alignment - 1) / alignment * alignment;
      offset = next > offset ? next : offset;
    }
    offsets[slot] = offset;
    peak = offset + it.bytes > peak ? offset + it.bytes : peak;
    size_t at = used++;
    for (; at > 0 && offsets[placed[at - 1]] > offset; --at)
      placed[at] = placed[at - 1];
    placed[at] = slot;
  }
  return peak;
}

} // namespace lamina

#endif // LAMINA_RUNTIME_ABI_PLACESLOTS_H
