// SPDX-License-Identifier: Apache-2.0
//
// What an element costs to compute.
//
// Rough costs in operations, for two questions: is a value computed again where
// it is read, and is an intermediate of a row kept.

#ifndef LAMINA_PASSES_KERNEL_ELEMENTCOST_H
#define LAMINA_PASSES_KERNEL_ELEMENTCOST_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/IR/Operation.h"

namespace lamina {

/// A load and a store in the first cache, in operations: what costs more is
/// kept, not computed again.
inline constexpr unsigned kWorthStoring = 6;

/// What fits into the shadow of the load it is applied to.
inline constexpr unsigned kCheap = 4;

/// The operations of one elementwise op or view on one element.
unsigned getOpCost(mlir::Operation *op);

/// The operations behind one element of `value`, up to values that are `known`.
/// Stops counting when it is more than anything worth storing.
unsigned getElementCost(mlir::Value value,
                        llvm::function_ref<bool(mlir::Value)> known);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_ELEMENTCOST_H
