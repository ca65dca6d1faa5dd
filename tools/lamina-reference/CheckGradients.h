// SPDX-License-Identifier: Apache-2.0
//
// Derivatives against differences.

#ifndef LAMINA_TOOLS_LAMINA_REFERENCE_CHECKGRADIENTS_H
#define LAMINA_TOOLS_LAMINA_REFERENCE_CHECKGRADIENTS_H

#include "backends/Reference/Tensor.h"

#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace lamina {

struct CheckOptions {
  llvm::StringMap<int64_t> sizes; ///< of named sizes; 3 for others
  uint64_t seed = 1;
  std::string passes; ///< run behind the expansion of gradients
};

/// Expands the gradients of the module, then runs `passes` on it.
mlir::LogicalResult expand(mlir::ModuleOp module, const CheckOptions &options);

/// Compares, for each public function, first and second derivatives and the
/// pushforward with central differences in float64, on drawn inputs. Prints a
/// line for each function; fails if one is off.
///
/// Inputs are drawn from the interval of the argument's attribute `test.range`
/// (-1 to 1 without one), integers likewise (0 to 2). A function with the
/// attribute `test.order = 1` is checked for the first derivative only.
mlir::LogicalResult checkGradients(mlir::ModuleOp module,
                                   const CheckOptions &options);

/// The highest derivative that `checkGradients` looks at: 1 or 2.
int64_t orderOf(mlir::func::FuncOp function);

/// Runs each public function on a stack of inputs, its ops written by the batch
/// law, and compares with the function on each of them: equal to the last bit.
mlir::LogicalResult checkBatchLaw(mlir::ModuleOp module,
                                  const CheckOptions &options);

/// Inputs as `checkGradients` draws them, for `values` of a function.
llvm::SmallVector<reference::Tensor> drawInputs(mlir::func::FuncOp function,
                                                mlir::ValueRange values,
                                                const CheckOptions &options,
                                                int64_t stream, bool useRanges);

} // namespace lamina

#endif // LAMINA_TOOLS_LAMINA_REFERENCE_CHECKGRADIENTS_H
