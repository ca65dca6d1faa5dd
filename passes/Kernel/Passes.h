// SPDX-License-Identifier: Apache-2.0
//
// From GRAPH to KERNEL and PLANNED.

#ifndef LAMINA_PASSES_KERNEL_PASSES_H
#define LAMINA_PASSES_KERNEL_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace lamina {
#define GEN_PASS_DECL
#include "passes/Kernel/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Kernel/Passes.h.inc"
} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_PASSES_H
