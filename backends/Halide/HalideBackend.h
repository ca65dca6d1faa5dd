// SPDX-License-Identifier: Apache-2.0
//
// Kernels through Halide.

#ifndef LAMINA_BACKENDS_HALIDE_HALIDEBACKEND_H
#define LAMINA_BACKENDS_HALIDE_HALIDEBACKEND_H

#include "backends/Backend.h"

#include "llvm/Support/Error.h"

#include <memory>

namespace lamina {

/// The backend `halide` for programs that run on `host`; an error if Halide has
/// no code for that machine.
llvm::Expected<std::unique_ptr<Backend>>
createHalideBackend(const TargetModel &host);

} // namespace lamina

#endif // LAMINA_BACKENDS_HALIDE_HALIDEBACKEND_H
