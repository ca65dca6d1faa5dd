// SPDX-License-Identifier: Apache-2.0
//
// What the members of a cluster run over.
//
// A kernel has one set of loops. Tensors of as many elements share them only if
// their axes are digits of the same loops: [6, 4] and [3, 8] are, with loops of
// 3, 2 and 4; [6, 4] and [4, 6] are not. Two domains unite exactly where the
// builders of kernels find such loops.

#ifndef LAMINA_PASSES_KERNEL_CLUSTERDOMAIN_H
#define LAMINA_PASSES_KERNEL_CLUSTERDOMAIN_H

#include "passes/Kernel/ClusterGraph.h"
#include "passes/Kernel/IndexSpace.h"

namespace lamina {

/// How far apart neighbours along the axes of some tensors stand: 1 first, the
/// number of elements last, each a divisor of the next.
using Strides = std::vector<SizeExpr>;

Strides getStrides(const graph::Shape &shape);
/// The strides of both; nothing if they do not divide each other.
std::optional<Strides> mergeStrides(Strides a, const Strides &b);

struct ClusterDomain {
  SizeExpr elements; ///< of the largest members
  SizeExpr rows;     ///< of what remains of reductions
  SizeExpr inner;    ///< elements of a row
  Strides strides;   ///< of members with all elements; of rows, if trailing
  Strides kept;      ///< of rows, where reductions are not trailing
  bool reduces = false;
  bool trailing = true; ///< reductions are over the last axes
  bool contracts = false;
  bool alone = false;
};

ClusterDomain getDomain(mlir::Operation *op, const HostValues &host);

/// The domain of two clusters in one; nothing if their loops differ.
std::optional<ClusterDomain> unite(const ClusterDomain &a,
                                   const ClusterDomain &b);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_CLUSTERDOMAIN_H
