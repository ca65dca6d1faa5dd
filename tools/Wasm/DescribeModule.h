// SPDX-License-Identifier: Apache-2.0
//
// What a module says of itself.

#ifndef LAMINA_TOOLS_WASM_DESCRIBEMODULE_H
#define LAMINA_TOOLS_WASM_DESCRIBEMODULE_H

#include "tools/Wasm/ReadProgram.h"

namespace lamina::wasm {

/// The JSON of `lamina_module_describe`; docs/wasm.md lists its keys.
std::string describeModule(const ModuleProgram &program);

} // namespace lamina::wasm

#endif // LAMINA_TOOLS_WASM_DESCRIBEMODULE_H
