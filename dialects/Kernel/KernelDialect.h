//===- KernelDialect.h - The kernel dialect -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_DIALECTS_KERNEL_KERNELDIALECT_H
#define LAMINA_DIALECTS_KERNEL_KERNELDIALECT_H


#include "mlir/IR/Dialect.h"

#include "dialects/Kernel/KernelDialect.h.inc"

#endif // LAMINA_DIALECTS_KERNEL_KERNELDIALECT_H
