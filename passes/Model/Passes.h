// SPDX-License-Identifier: Apache-2.0
//
// Passes on MODEL.

#ifndef LAMINA_PASSES_MODEL_PASSES_H
#define LAMINA_PASSES_MODEL_PASSES_H

#include "mlir/Pass/Pass.h"

namespace lamina {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Model/Passes.h.inc"

} // namespace lamina

#endif // LAMINA_PASSES_MODEL_PASSES_H
