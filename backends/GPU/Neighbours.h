// SPDX-License-Identifier: Apache-2.0
//
// Four neighbours at once.
//
// Where all that a group reads and writes along its last loop are neighbours in
// memory, a thread takes four iterations together, with reads and writes of 16
// bytes (f32). Whether the buffers begin at multiples of that is known at the
// launch only: they may be rows of others.

#ifndef LAMINA_BACKENDS_GPU_NEIGHBOURS_H
#define LAMINA_BACKENDS_GPU_NEIGHBOURS_H

#include "backends/CPU/Frame.h"
#include "backends/CPU/LoopProgram.h"

namespace lamina::gpu {

/// Iterations that a thread takes where it may.
constexpr unsigned neighbours = 4;

/// Whether four iterations of the last loop of `group` may be taken at once. A
/// last loop that is not the only one behind the `outer` first ones has a
/// multiple of four iterations, so that each four are of one line.
bool haveNeighbours(const cpu::KernelBody &body,
                    const cpu::LoopProgram &program, const cpu::Group &group,
                    unsigned outer);

/// Whether all buffers, and `scratch` if it is not null, begin at multiples of
/// four elements.
llvm::Value *areAligned(cpu::Frame &frame, const cpu::KernelBody &body,
                        llvm::Value *scratch = nullptr);

/// From now on four elements of a tensor in memory begin at a multiple of their
/// size, or at any element.
void setAligned(cpu::Frame &frame, const cpu::KernelBody &body,
                const cpu::LoopProgram &program, bool isAligned);

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_NEIGHBOURS_H
