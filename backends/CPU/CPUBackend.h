// SPDX-License-Identifier: Apache-2.0
//
// Kernels for x86-64.

#ifndef LAMINA_BACKENDS_CPU_CPUBACKEND_H
#define LAMINA_BACKENDS_CPU_CPUBACKEND_H

#include "backends/Backend.h"

#include <memory>

namespace lamina {

/// The backend for the processor that `cpu` names: `native`, a name of LLVM, or
/// empty for the plain x86-64. Null if LLVM does not know the name.
std::unique_ptr<Backend> createCPUBackend(llvm::StringRef cpu);

} // namespace lamina

#endif // LAMINA_BACKENDS_CPU_CPUBACKEND_H
