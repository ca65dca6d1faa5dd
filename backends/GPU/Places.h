// SPDX-License-Identifier: Apache-2.0
//
// Where results stand, and which element a number means.

#ifndef LAMINA_BACKENDS_GPU_PLACES_H
#define LAMINA_BACKENDS_GPU_PLACES_H

#include "backends/CPU/Evaluator.h"
#include "backends/CPU/LoopProgram.h"

namespace lamina::gpu {

/// Gives each result of `program` that is (a part of) an out its storage.
/// Fails, with a diagnostic, at a partial sum that has none.
mlir::LogicalResult placeResults(cpu::Frame &frame,
                                 const cpu::LoopProgram &program);

using cpu::splitIndex;

/// The product of sizes that are all known now; negative if one is not.
int64_t staticProduct(llvm::ArrayRef<cpu::Extent> extents);

/// How many columns neighbouring threads of a block take: a power of two, not
/// more than `size` needs, or a warp's where that is negative: not known yet.
unsigned columnsOfBlock(int64_t size, unsigned threads);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_PLACES_H
