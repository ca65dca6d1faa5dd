// SPDX-License-Identifier: Apache-2.0
//
// From PLANNED to the tape.

#ifndef LAMINA_BACKENDS_TAPE_WRITETAPE_H
#define LAMINA_BACKENDS_TAPE_WRITETAPE_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace lamina {

struct Tape {
  std::string json;      ///< docs/tape.md
  std::string constants; ///< the block that constant addresses point into
};

/// Writes the tape of a module in PLANNED. Fails with an error at an op that
/// the runtime has no record for. Kernels stand in the order of the module.
/// With `withOpLines` it has the line of each op in each kernel.
mlir::FailureOr<Tape> writeTape(mlir::ModuleOp module, llvm::StringRef name,
                                bool withOpLines = false);

} // namespace lamina

#endif // LAMINA_BACKENDS_TAPE_WRITETAPE_H
