// SPDX-License-Identifier: Apache-2.0
//
// Ops of the optim dialect.

#ifndef LAMINA_DIALECTS_OPTIM_OPTIMOPS_H
#define LAMINA_DIALECTS_OPTIM_OPTIMOPS_H

#include "dialects/Graph/GraphDialect.h"
#include "dialects/Optim/OptimDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace lamina::optim {
class YieldOp;
} // namespace lamina::optim

#define GET_OP_CLASSES
#include "dialects/Optim/OptimOps.h.inc"

#endif // LAMINA_DIALECTS_OPTIM_OPTIMOPS_H
