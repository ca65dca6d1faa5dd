// SPDX-License-Identifier: Apache-2.0
//
// What is known of a processor.

#ifndef LAMINA_BACKENDS_TARGETMODEL_H
#define LAMINA_BACKENDS_TARGETMODEL_H

#include <cstdint>
#include <string>

namespace lamina {

/// What the passes and emitters know of a processor. Everything that is tuned
/// is tuned by these numbers, never by the name of a model.
struct TargetModel {
  std::string triple;   ///< LLVM's target triple
  std::string cpu;      ///< LLVM's processor name, for scheduling only
  std::string features; ///< LLVM's feature string, "+avx512f,+fma"
  /// The least processor that runs the code: `x86-64`, `x86-64-v2` … `-v4`, or
  /// the name of another architecture. A program checks it when it starts.
  std::string level;
  int64_t vectorBits = 128;
  int64_t vectorRegisters = 16;
  bool hasFMA = false;
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  int64_t cores = 1; ///< processors, or multiprocessors of a GPU
  bool hasThreadGroups =
      false;               ///< a GPU: `vectorBits` are of a group's threads
  double flopsPerByte = 8; ///< peak arithmetic over copy bandwidth beyond L2
};

} // namespace lamina

#endif // LAMINA_BACKENDS_TARGETMODEL_H
