// SPDX-License-Identifier: Apache-2.0
//
// From a cluster to a kernel.
//
// One builder for each form of kernel. A builder may be called several times:
// first to find out which digits of the axes its views need, then which loops
// everything treats alike, then for good.

#ifndef LAMINA_PASSES_KERNEL_BUILDKERNEL_H
#define LAMINA_PASSES_KERNEL_BUILDKERNEL_H

#include "passes/Kernel/ElementCode.h"

#include "mlir/IR/OwningOpRef.h"

namespace lamina {

/// A kernel, and what its launch needs. `outs` are the values of the cluster
/// that the results replace.
struct BuiltKernel {
  mlir::OwningOpRef<kernel::FuncOp> func;
  llvm::SmallVector<mlir::Value> ins;
  llvm::SmallVector<ScalarOperand> scalars;
  llvm::SmallVector<mlir::Value> outs;
  llvm::SmallVector<std::pair<int64_t, mlir::Value>> inits;
  std::vector<SizeExpr> dims;
};

/// Builds the kernel of a cluster. Fails with an error at the op that has no
/// form inside a kernel.
mlir::FailureOr<BuiltKernel> buildKernel(const Cluster &cluster,
                                         const HostValues &host,
                                         llvm::StringRef name);

/// Writes the body with the loops that the body has; adds an out for each
/// output and returns the results.
using WriteBody =
    llvm::function_ref<llvm::SmallVector<mlir::Value>(KernelBody &)>;

/// Runs `write` until the loops need no change any more.
mlir::FailureOr<BuiltKernel> writeKernel(const Cluster &cluster,
                                         const HostValues &host,
                                         llvm::StringRef name,
                                         std::vector<IndexSpace> spaces,
                                         WriteBody write);

mlir::FailureOr<BuiltKernel>
buildMap(const Cluster &cluster, const HostValues &host, llvm::StringRef name);
/// `concat`, `pad` and `dynamic_update`: parts written into a whole.
mlir::FailureOr<BuiltKernel> buildParts(const Cluster &cluster,
                                        const HostValues &host,
                                        llvm::StringRef name);
/// `row` and `columns`: reductions over the same axes and what is between them.
mlir::FailureOr<BuiltKernel> buildReduction(const Cluster &cluster,
                                            const HostValues &host,
                                            llvm::StringRef name);
mlir::FailureOr<BuiltKernel> buildContract(const Cluster &cluster,
                                           const HostValues &host,
                                           llvm::StringRef name);
/// One op of `graph` on whole tensors.
mlir::FailureOr<BuiltKernel> buildStructured(const Cluster &cluster,
                                             const HostValues &host,
                                             llvm::StringRef name);
/// `attend` and `attend_grad`, on all of their axes.
mlir::FailureOr<BuiltKernel> buildAttention(const Cluster &cluster,
                                            const HostValues &host,
                                            llvm::StringRef name);

/// Whether a kernel of its own is made for this op alone: `scatter`, `sort` …
bool isStructured(mlir::Operation *op);
/// Whether it reads sums of loops: then both operands are tensors in memory.
bool isWindowed(graph::ContractOp contract);
/// Whether the op is written part by part into its result.
bool isAssembled(mlir::Operation *op);

/// The groups of a run of loops.
llvm::SmallVector<unsigned> getGroups(const IndexSpace &space, unsigned first,
                                      unsigned end);
/// Extents and run-time marks of an out whose axes are these groups; tells the
/// space that it is written there.
struct OutAxes {
  llvm::SmallVector<SizeExpr> extents;
  llvm::SmallVector<bool> runtime;
};
OutAxes getOutAxes(KernelBody &body, llvm::ArrayRef<unsigned> groups);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_BUILDKERNEL_H
