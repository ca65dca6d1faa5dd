// SPDX-License-Identifier: Apache-2.0
//
// Copies of boxes by the emulated copy engine.

#include "runtime/Emulator/BoxCopy.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lamina::emulator {

static constexpr int64_t chunkBytes = 16;

int64_t BoxCopy::bytes() const {
  int64_t count = 2;
  for (int axis = 0; axis < view->map.rank; ++axis)
    count *= view->map.box[axis];
  return count;
}

void BoxCopy::forEachLine(const Line &line) const {
  const LaminaTensorMap &map = view->map;
  int64_t lines = bytes() / lineBytes();
  for (int64_t number = 0; number < lines; ++number) {
    const char *from = view->base + int64_t(at[0]) * 2;
    bool isInside = true;
    int64_t rest = number;
    for (int axis = 1; axis < map.rank; ++axis) {
      int64_t index = at[axis] + rest % map.box[axis];
      rest /= map.box[axis];
      from += index * map.strides[axis];
      isInside &= index >= 0 && index < map.sizes[axis];
    }
    int64_t first = std::clamp<int64_t>(-at[0], 0, map.box[0]);
    int64_t last = std::clamp<int64_t>(map.sizes[0] - at[0], first, map.box[0]);
    line(to + number * lineBytes(), from, first * 2,
         isInside ? (last - first) * 2 : 0);
  }
}

void BoxCopy::run(char *memory) const {
  forEachLine(
      [&](int64_t place, const char *from, int64_t before, int64_t inside) {
        std::vector<char> line(size_t(lineBytes()), 0);
        if (inside)
          std::memcpy(line.data() + before, from + before, size_t(inside));
        for (int64_t chunk = 0; chunk < lineBytes(); chunk += chunkBytes)
          std::memcpy(memory + mixed(place + chunk), line.data() + chunk,
                      chunkBytes);
      });
}

} // namespace lamina::emulator
