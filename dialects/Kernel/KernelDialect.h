// SPDX-License-Identifier: Apache-2.0
//
// The kernel dialect.

#ifndef LAMINA_DIALECTS_KERNEL_KERNELDIALECT_H
#define LAMINA_DIALECTS_KERNEL_KERNELDIALECT_H

#include "dialects/Graph/GraphDialect.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Kernel/KernelDialect.h.inc"
#include "dialects/Kernel/KernelEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.h.inc"

#endif // LAMINA_DIALECTS_KERNEL_KERNELDIALECT_H
