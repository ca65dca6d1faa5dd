// SPDX-License-Identifier: Apache-2.0
//
// Kernels for NVIDIA GPUs.

#ifndef LAMINA_BACKENDS_GPU_GPUBACKEND_H
#define LAMINA_BACKENDS_GPU_GPUBACKEND_H

#include "backends/Backend.h"

#include <memory>

namespace lamina {

/// Compiles kernels to PTX, for programs that run on `host`. Not one of the
/// backends that `--backend` names: its kernels stand beside those of the host
/// (`--device`), they do not take their place.
std::unique_ptr<Backend> createGPUBackend(const TargetModel &host);

} // namespace lamina

#endif // LAMINA_BACKENDS_GPU_GPUBACKEND_H
