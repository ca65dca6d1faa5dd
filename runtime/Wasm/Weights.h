// SPDX-License-Identifier: Apache-2.0
//
// Weights of a module, as the host gives them.

#ifndef LAMINA_RUNTIME_WASM_WEIGHTS_H
#define LAMINA_RUNTIME_WASM_WEIGHTS_H

#include "runtime/include/Lamina.h"

namespace lamina::wasm {

/// Copies the tensor to the weight of its name. False after a message, with
/// nothing changed.
bool takeWeight(const LaminaTensor &tensor);

/// The block of variables; null after a message.
char *variables();

/// Whether every weight was given; otherwise says which one was not.
bool hasWeights();

/// "f32", for messages.
const char *nameOf(int32_t element);

/// Elements of a tensor; -1 if it has a negative axis or more than memory
/// holds.
int64_t elementCount(const int64_t *shape, int32_t rank);

} // namespace lamina::wasm

#endif // LAMINA_RUNTIME_WASM_WEIGHTS_H
