// SPDX-License-Identifier: Apache-2.0
//
// The object that makes kernels a module.

#ifndef LAMINA_TOOLS_WASM_BUILDMODULE_H
#define LAMINA_TOOLS_WASM_BUILDMODULE_H

#include "backends/TargetModel.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace lamina::wasm {

/// An object file for `target` with the entries of `tape` as functions and the
/// tables that runtime/Wasm reads. `kernels` are the symbols of the tape's
/// kernels, `constants` what its constant addresses point into. The error is a
/// sentence.
llvm::Expected<llvm::SmallVector<char, 0>>
buildModule(const std::string &tape, const std::string &constants,
            llvm::ArrayRef<std::string> kernels, const TargetModel &target);

} // namespace lamina::wasm

#endif // LAMINA_TOOLS_WASM_BUILDMODULE_H
