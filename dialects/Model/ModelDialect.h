// SPDX-License-Identifier: Apache-2.0
//
// The model dialect.

#ifndef LAMINA_DIALECTS_MODEL_MODELDIALECT_H
#define LAMINA_DIALECTS_MODEL_MODELDIALECT_H

#include "dialects/Graph/StackType.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/Types.h"

#include "dialects/Model/ModelDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Model/ModelTypes.h.inc"

#endif // LAMINA_DIALECTS_MODEL_MODELDIALECT_H
