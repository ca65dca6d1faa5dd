// SPDX-License-Identifier: Apache-2.0
//
// Kernels for x86-64 and aarch64.

#ifndef LAMINA_BACKENDS_CPU_CPUBACKEND_H
#define LAMINA_BACKENDS_CPU_CPUBACKEND_H

#include "backends/Backend.h"

#include <memory>

namespace lamina {

std::unique_ptr<Backend> createCPUBackend(const TargetModel &target);

} // namespace lamina

#endif // LAMINA_BACKENDS_CPU_CPUBACKEND_H
