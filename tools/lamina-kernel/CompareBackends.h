// SPDX-License-Identifier: Apache-2.0
//
// Backends against the plain meaning.
//
// Takes a module behind `convert-graph-to-kernel` and runs the kernel of each
// launch, on random buffers, as several backends compile it.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_COMPAREBACKENDS_H
#define LAMINA_TOOLS_LAMINAKERNEL_COMPAREBACKENDS_H

#include "backends/Backend.h"
#include "tools/lamina-kernel/PlainMeaning.h"

#include "llvm/ADT/StringMap.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <memory>

namespace lamina::tools {

struct Comparison {
  std::vector<std::unique_ptr<Backend>> backends;
  /// What the named sizes of launches are.
  llvm::StringMap<int64_t> sizes;
  Tolerance tolerance;
  Contents contents;
  /// Every so many kernels the emulator checks each access.
  int64_t checkEvery = 1;
  /// Only launches of this kernel; of all if it is empty.
  std::string kernel = {};
};

/// Prints a line for each kernel and backend that takes it, and how many there
/// were. False if one of them differs or could not be run.
bool compareBackends(mlir::ModuleOp module, const Comparison &comparison);

} // namespace lamina::tools

#endif // LAMINA_TOOLS_LAMINAKERNEL_COMPAREBACKENDS_H
