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

/// The indices of element `number` of a dense tensor of these sizes.
cpu::Coordinates splitIndex(cpu::Frame &frame,
                            llvm::ArrayRef<cpu::Extent> domain,
                            llvm::Value *number);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_PLACES_H
