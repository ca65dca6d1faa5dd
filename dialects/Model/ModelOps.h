// SPDX-License-Identifier: Apache-2.0
//
// Ops of the model dialect.

#ifndef LAMINA_DIALECTS_MODEL_MODELOPS_H
#define LAMINA_DIALECTS_MODEL_MODELOPS_H

#include "dialects/Graph/GraphDialect.h"
#include "dialects/Model/ModelDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "dialects/Model/ModelOps.h.inc"

#endif // LAMINA_DIALECTS_MODEL_MODELOPS_H
