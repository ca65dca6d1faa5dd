// SPDX-License-Identifier: Apache-2.0
//
// Values that have to be in memory.

#ifndef LAMINA_PASSES_KERNEL_MEMORYDEMANDS_H
#define LAMINA_PASSES_KERNEL_MEMORYDEMANDS_H

#include "passes/Kernel/HostValues.h"

namespace lamina {

/// Puts a copy (`graph.stop` with a cluster) behind every view and number of
/// the host that something in the block, or in a loop of it, needs in memory.
void copyDemandedViews(mlir::Block &block, const HostValues &host);

} // namespace lamina

#endif // LAMINA_PASSES_KERNEL_MEMORYDEMANDS_H
