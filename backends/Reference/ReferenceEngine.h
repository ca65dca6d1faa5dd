// SPDX-License-Identifier: Apache-2.0
//
// Runs a program by the interpreter.

#ifndef LAMINA_BACKENDS_REFERENCE_REFERENCEENGINE_H
#define LAMINA_BACKENDS_REFERENCE_REFERENCEENGINE_H

#include "backends/Reference/Tensor.h"
#include "runtime/include/Engine.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace lamina::reference {

/// Plays the entries of a GRAPH module for the runtime: arithmetic in float64,
/// or with every result rounded to its type, variables stored in the types that
/// the program gives them. Owns the module. `sizes` are the names of the tape's
/// sizes, in its order.
std::unique_ptr<runtime::Engine>
makeReferenceEngine(mlir::OwningOpRef<mlir::ModuleOp> graph,
                    std::vector<std::string> sizes,
                    Rounding rounding = Rounding::Float64);

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_REFERENCEENGINE_H
