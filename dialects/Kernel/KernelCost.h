// SPDX-License-Identifier: Apache-2.0
//
// What a launch of a kernel costs.

#ifndef LAMINA_DIALECTS_KERNEL_KERNELCOST_H
#define LAMINA_DIALECTS_KERNEL_KERNELCOST_H

#include "dialects/Kernel/KernelOps.h"

#include <string>
#include <vector>

namespace lamina::kernel {

struct KernelCost {
  graph::SizeExpr flops; ///< a product and its sum count as two
  graph::SizeExpr bytes; ///< of all tensors, each once
};

/// The cost of a kernel when its dims have these sizes.
KernelCost getCost(FuncOp func, llvm::ArrayRef<graph::SizeExpr> dims);

/// The source lines behind a location, "file:line:column", each once, in order.
std::vector<std::string> getLines(mlir::Location loc);

/// The ops of a kernel's body and of their regions, in the order of their
/// numbers, which begin with 1.
std::vector<mlir::Operation *> getNumberedOps(FuncOp func);

/// The line of each op by its number, empty for one that has none of its own;
/// the first is the kernel's.
std::vector<std::string> getOpLines(FuncOp func);

/// The layer that the first line behind a location is of, "net.blocks.feed.0";
/// empty if it is of none.
std::string getLayer(mlir::Location loc);

} // namespace lamina::kernel

#endif // LAMINA_DIALECTS_KERNEL_KERNELCOST_H
