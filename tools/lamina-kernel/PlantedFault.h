// SPDX-License-Identifier: Apache-2.0
//
// Faults planted into kernels, for the emulator to find.
//
// Each takes a right kernel for a GPU and breaks one thing that its author
// could have: a wait left out, a count off by one, an address mixed the other
// way. A check that does not speak up on a planted fault is no check.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_PLANTEDFAULT_H
#define LAMINA_TOOLS_LAMINAKERNEL_PLANTEDFAULT_H

#include "llvm/IR/Module.h"

namespace lamina::tools {

/// Plants the fault `name` ("missing-wait") into a module for NVPTX that is not
/// optimized yet. False if there is no such fault, or no place for it here.
bool plantFault(llvm::Module &module, llvm::StringRef name);

} // namespace lamina::tools

#endif // LAMINA_TOOLS_LAMINAKERNEL_PLANTEDFAULT_H
