// SPDX-License-Identifier: Apache-2.0
//
// An entry at the sizes of a run.
//
// Sizes in; every expression of an entry evaluated and its slots placed in one
// arena out. Made once for each combination of sizes that a run meets.

#ifndef LAMINA_RUNTIME_EXECUTOR_INSTANCE_H
#define LAMINA_RUNTIME_EXECUTOR_INSTANCE_H

#include "runtime/Executor/Tape.h"

namespace lamina {
namespace runtime {

/// The table of bases: arena, constants, then each argument and each result.
constexpr uint32_t arenaBase = 0, constantBase = 1, firstArgumentBase = 2;

struct Instance {
  std::vector<Record<int64_t>> body;
  std::vector<Address<int64_t>> resultAddresses; ///< unused for registers
  std::vector<int64_t> resultBytes;
  int64_t arenaBytes = 0;
  std::vector<bool> used;  ///< bases that some address begins at
  bool readsWords = false; ///< something in memory decides what runs

  /// Throws if a size is out of range.
  static Instance make(const TapeEntry &entry, const SizeValues &sizes);
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_INSTANCE_H
