// SPDX-License-Identifier: Apache-2.0
//
// Kernels and launches.
//
// The ops of KERNEL and PLANNED: what a backend compiles (`kernel.func`) and
// what becomes the tape (`launch`, `host`, `loop`, `if`).

#ifndef LAMINA_DIALECTS_KERNEL_KERNELOPS_H
#define LAMINA_DIALECTS_KERNEL_KERNELOPS_H

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace lamina::kernel {
class YieldOp;
class ReturnOp;

/// Whether the host may compute it: rank 0, of no short floats, or a key.
bool isHostType(mlir::Type type);

/// How many scalar arguments of a kernel a host value is: 2 for a key, else 1.
unsigned getNumScalars(mlir::Type type);
} // namespace lamina::kernel

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

#endif // LAMINA_DIALECTS_KERNEL_KERNELOPS_H
