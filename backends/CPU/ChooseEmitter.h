// SPDX-License-Identifier: Apache-2.0
//
// Which emitter takes a kernel.

#ifndef LAMINA_BACKENDS_CPU_CHOOSEEMITTER_H
#define LAMINA_BACKENDS_CPU_CHOOSEEMITTER_H

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/KernelEmitter.h"

namespace lamina::cpu {

/// The fastest emitter whose form the body has. Null, with a diagnostic, if no
/// emitter takes it.
std::unique_ptr<KernelEmitter> chooseEmitter(const KernelBody &body,
                                             const TargetModel &target,
                                             const EmitOptions &options);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_CHOOSEEMITTER_H
