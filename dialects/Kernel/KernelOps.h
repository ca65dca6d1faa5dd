//===- KernelOps.h - Ops of the kernel dialect -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_DIALECTS_KERNEL_KERNELOPS_H
#define LAMINA_DIALECTS_KERNEL_KERNELOPS_H

#include "dialects/Kernel/KernelDialect.h"
#include "dialects/Graph/GraphDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Kernel/KernelEnums.h.inc"

namespace lamina::kernel {
class ReturnOp;
} // namespace lamina::kernel

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

#endif // LAMINA_DIALECTS_KERNEL_KERNELOPS_H
