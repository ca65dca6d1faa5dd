// SPDX-License-Identifier: Apache-2.0
//
// What the host can compute.

#ifndef LAMINA_DIALECTS_KERNEL_HOSTOPS_H
#define LAMINA_DIALECTS_KERNEL_HOSTOPS_H

#include "llvm/ADT/StringRef.h"
#include "mlir/IR/Operation.h"

namespace lamina::kernel {

/// The name of an op on numbers in the tape (docs/tape.md); "same" where it
/// changes nothing there, since the host has one whole and one real type. Empty
/// if the host has no such op.
llvm::StringRef getHostOp(mlir::Operation *op);

} // namespace lamina::kernel

#endif // LAMINA_DIALECTS_KERNEL_HOSTOPS_H
