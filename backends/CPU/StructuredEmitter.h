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
#include "dialects/Graph/GraphOps.h"

#include <memory>

namespace lamina::cpu {

/// The op of `graph` that the body is, if it is one whose results are the outs.
mlir::Operation *findStructuredOp(const KernelBody &body);

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

/// What a running sum, product, extremum or logsumexp (`kind`) becomes with one
/// number more, and what it starts from.
llvm::Value *combineRunning(LoopBuilder &b, graph::ReduceKind kind,
                            llvm::Value *x, llvm::Value *y);
llvm::Constant *neutralRunning(graph::ReduceKind kind, llvm::Type *type);

/// Whether `x` stands strictly before `y`; NaN stands behind everything else.
llvm::Value *standsBefore(LoopBuilder &b, bool descending, llvm::Value *x,
                          llvm::Value *y);
bool isDescending(mlir::Operation *sort);
/// Writes what `sort`, a sort or top_k, has at [batch, i, j]; it comes from
/// `position` along the middle axis.
void writeSorted(Frame &frame, mlir::Operation *sort, ValueRange at,
                 llvm::Value *position);

/// Emits the work of one batch.
void emitSort(Frame &frame, mlir::Operation *op, llvm::Value *batch,
              llvm::Value *scratch);
llvm::Value *emitSortScratch(Frame &frame, mlir::Operation *op);
void emitLinearAlgebra(Frame &frame, mlir::Operation *op, llvm::Value *batch);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_STRUCTUREDEMITTER_H
