// SPDX-License-Identifier: Apache-2.0
//
// Copies of boxes by the emulated copy engine.
//
// cp.async.bulk.tensor: a box of a tensor goes to shared memory line by line,
// chunks of 16 bytes mixed, zeros for what is outside of the tensor.

#ifndef LAMINA_RUNTIME_EMULATOR_BOXCOPY_H
#define LAMINA_RUNTIME_EMULATOR_BOXCOPY_H

#include "runtime/ABI/TensorMap.h"

#include <cstddef>
#include <functional>

namespace lamina::emulator {

/// Where byte `offset` of shared memory stands when chunks are mixed over 128
/// bytes. TMA and wgmma agree on it.
inline int64_t mixed(int64_t offset) {
  return offset ^ ((offset >> 7 & 7) << 4);
}

/// A map and where the tensor is in this launch.
struct TensorView {
  LaminaTensorMap map;
  const char *base;
};

struct BoxCopy {
  const TensorView *view;
  int32_t at[LAMINA_TENSOR_MAP_AXES];
  int64_t to;      ///< in shared memory
  int64_t barrier; ///< in shared memory
  int thread;

  int64_t lineBytes() const { return int64_t(view->map.box[0]) * 2; }
  int64_t bytes() const;
  /// Calls `line` with each line's place in shared memory, where it begins in
  /// the tensor, how many of its bytes are before the tensor's first element,
  /// and how many follow that are in the tensor.
  using Line = std::function<void(int64_t to, const char *from, int64_t before,
                                  int64_t inside)>;
  void forEachLine(const Line &line) const;
  /// Copies to the shared memory at `memory`.
  void run(char *memory) const;
};

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_BOXCOPY_H
