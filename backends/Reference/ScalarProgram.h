// SPDX-License-Identifier: Apache-2.0
//
// Regions of scalars, ready to run.
//
// The body of a `linalg.generic`, or a region of attention: a block of scalar
// ops that is run once an element. Looked up once, run many times.

#ifndef LAMINA_BACKENDS_REFERENCE_SCALARPROGRAM_H
#define LAMINA_BACKENDS_REFERENCE_SCALARPROGRAM_H

#include "backends/Reference/ScalarTable.h"

#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/Block.h"

namespace lamina::reference {

class ScalarProgram {
public:
  /// Reads the block `body`. Scalar arguments are given at each run, tensors
  /// once here. `outer` finds values of around the block. Reports an op that is
  /// no scalar op.
  mlir::LogicalResult
  compile(mlir::Block &body, llvm::ArrayRef<Tensor> tensors, Rounding rounding,
          llvm::function_ref<Tensor(mlir::Value)> outer = {});

  /// Runs the block with its scalar arguments, in order, and the loop indices
  /// for `linalg.index`. The result is what the terminator yields, valid until
  /// the next run.
  llvm::ArrayRef<Scalar> run(llvm::ArrayRef<Scalar> arguments,
                             llvm::ArrayRef<int64_t> loops = {});

private:
  struct Step {
    enum Kind { Apply, Extract, LoopIndex } kind;
    ScalarFunction function;
    llvm::SmallVector<unsigned> operands;
    unsigned result;
    unsigned number; // the tensor of `Extract`, the loop of `LoopIndex`
  };

  mlir::LogicalResult compileOp(mlir::Operation &op);
  unsigned slotOf(mlir::Value value);

  Rounding rounding = Rounding::Float64;
  llvm::function_ref<Tensor(mlir::Value)> outer;
  mlir::Block *block = nullptr;
  llvm::DenseMap<mlir::Value, unsigned> slots;
  llvm::DenseMap<mlir::Value, unsigned> tensorNumbers;
  std::vector<Tensor> tensors;
  std::vector<Step> steps;
  std::vector<Scalar> values;
  llvm::SmallVector<unsigned> argumentSlots, yields;
  llvm::SmallVector<Scalar> operandValues, yielded;
};

} // namespace lamina::reference

#endif // LAMINA_BACKENDS_REFERENCE_SCALARPROGRAM_H
