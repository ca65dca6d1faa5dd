// SPDX-License-Identifier: Apache-2.0
//
// Ops of the program dialect.

#ifndef LAMINA_DIALECTS_PROGRAM_PROGRAMOPS_H
#define LAMINA_DIALECTS_PROGRAM_PROGRAMOPS_H

#include "dialects/Program/ProgramDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "dialects/Program/ProgramOps.h.inc"

#endif // LAMINA_DIALECTS_PROGRAM_PROGRAMOPS_H
