// SPDX-License-Identifier: Apache-2.0
//
// A kernel as C.

#ifndef WRITEKERNEL_H
#define WRITEKERNEL_H

#include "dialects/Kernel/KernelOps.h"

#include <string>

/// The C of a kernel, or why there is none: one of both is empty.
struct CText {
  std::string code;
  std::string why;
};

/// Writes the three functions of runtime/ABI/Kernel.h for a kernel of kind
/// `map` that is one loop nest over numbers of f32 and i32.
CText writeKernel(lamina::kernel::FuncOp kernel);

#endif // WRITEKERNEL_H
