// SPDX-License-Identifier: Apache-2.0
//
// A kernel's body, element by element.
//
// The plain meaning of a kernel's body in doubles, op after op. What the code
// generator makes is compared with it.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_BODYINTERPRETER_H
#define LAMINA_TOOLS_LAMINAKERNEL_BODYINTERPRETER_H

#include "backends/Reference/Tensor.h"
#include "dialects/Kernel/KernelOps.h"

#include "llvm/ADT/DenseMap.h"

namespace lamina::tools {

using reference::Scalar;
using reference::Shape;
using reference::Tensor;

class BodyInterpreter {
public:
  /// `arguments` has a tensor for each argument of the kernel, of rank 0 for
  /// scalars; `dims` are the sizes of its dims. Returns what the kernel
  /// returns; empty after a diagnostic.
  std::vector<Tensor> run(kernel::FuncOp kernel,
                          llvm::ArrayRef<Tensor> arguments,
                          llvm::ArrayRef<int64_t> dims);

private:
  bool execute(mlir::Operation &op);
  bool executeLinalg(mlir::Operation &op);
  bool executeTensor(mlir::Operation &op);
  bool executeStructured(mlir::Operation &op);
  bool executeScatter(mlir::Operation &op);
  bool executeSort(mlir::Operation &op);
  bool executeTopK(mlir::Operation &op);
  bool executeCumulative(mlir::Operation &op);
  int64_t index(mlir::OpFoldResult value);

  llvm::DenseMap<mlir::Value, Tensor> values;
  llvm::ArrayRef<int64_t> dims;
};

} // namespace lamina::tools

#endif // LAMINA_TOOLS_LAMINAKERNEL_BODYINTERPRETER_H
