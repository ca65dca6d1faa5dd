// SPDX-License-Identifier: Apache-2.0
//
// Kernels of one structured op.
//
// scatter, sort, top_k, cumulative and linear algebra: ops that no nest of
// linalg expresses. The leading axis of all tensors is the batch; items run
// over it, and for a scatter over parts of the rows, too.

#ifndef LAMINA_BACKENDS_CPU_STRUCTUREDEMITTER_H
#define LAMINA_BACKENDS_CPU_STRUCTUREDEMITTER_H

#include "backends/CPU/KernelEmitter.h"

#include <memory>

namespace lamina::cpu {

/// Null if the body is not one op of `graph` whose results are the outs.
std::unique_ptr<KernelEmitter> createStructuredEmitter(const KernelBody &body,
                                                       unsigned lanes);

/// A dense tensor seen as [batch, …]: addresses of its elements.
class ElementAccess {
public:
  ElementAccess(Frame &frame, mlir::Value tensor);
  ElementAccess(Frame &frame, Storage where);

  llvm::Value *address(ValueRange at) const;
  llvm::Value *load(ValueRange at) const;
  void store(ValueRange at, llvm::Value *value) const;
  llvm::Type *type() const { return element; }

private:
  LoopBuilder *b;
  Storage where;
  llvm::Type *element;
};

/// Emits the work of one batch.
void emitSort(Frame &frame, mlir::Operation *op, llvm::Value *batch,
              llvm::Value *scratch);
llvm::Value *emitSortScratch(Frame &frame, mlir::Operation *op);
void emitLinearAlgebra(Frame &frame, mlir::Operation *op, llvm::Value *batch);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_STRUCTUREDEMITTER_H
