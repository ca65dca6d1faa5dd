// SPDX-License-Identifier: Apache-2.0
//
// Kernels for OpenCL through Halide.

#ifndef LAMINA_BACKENDS_HALIDE_OPENCLBACKEND_H
#define LAMINA_BACKENDS_HALIDE_OPENCLBACKEND_H

#include "backends/Backend.h"

#include "llvm/Support/Error.h"

namespace lamina {

/// Kernels for any device that has OpenCL C 1.2, commanded from `host`.
llvm::Expected<std::unique_ptr<Backend>>
createOpenCLBackend(const TargetModel &host);

} // namespace lamina

#endif // LAMINA_BACKENDS_HALIDE_OPENCLBACKEND_H
