// SPDX-License-Identifier: Apache-2.0
//
// Parameters of an entry, as the host gives them.

#ifndef LAMINA_RUNTIME_WASM_PARAMETERS_H
#define LAMINA_RUNTIME_WASM_PARAMETERS_H

#include "runtime/ABI/Module.h"
#include "runtime/include/Lamina.h"

namespace lamina::wasm {

/// The inputs of a call.
struct Inputs {
  const LaminaTensor *tensors;
  size_t count;

  const LaminaTensor *find(const char *name) const;
};

/// Binds the named sizes and fills the arguments that parameters give. False
/// after a message.
bool bindParameters(const LaminaModuleEntry &entry, const Inputs &inputs,
                    int64_t *sizes, void **arguments);

} // namespace lamina::wasm

#endif // LAMINA_RUNTIME_WASM_PARAMETERS_H
