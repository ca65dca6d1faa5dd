//===- KernelOps.h - Kernels and launches ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
// The ops of KERNEL and PLANNED: what a backend compiles (`kernel.func`) and
// what becomes the tape (`launch`, `host`, `loop`, `if`).
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_DIALECTS_KERNEL_KERNELOPS_H
#define LAMINA_DIALECTS_KERNEL_KERNELOPS_H

#include "dialects/Graph/GraphOps.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Kernel/KernelEnums.h.inc"

#include "dialects/Kernel/KernelDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttrs.h.inc"

namespace lamina::kernel {
class YieldOp;
class ReturnOp;

/// Whether a value of this type may be computed by the host: rank 0, or a key.
bool isHostType(mlir::Type type);

/// How many scalar arguments of a kernel a host value is: 2 for a key, else 1.
unsigned getNumScalars(mlir::Type type);

/// The number of elements of a tensor with named sizes.
graph::SizeExpr getElementCount(mlir::RankedTensorType type);
} // namespace lamina::kernel

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

#endif // LAMINA_DIALECTS_KERNEL_KERNELOPS_H
