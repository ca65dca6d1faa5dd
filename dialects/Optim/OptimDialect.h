// SPDX-License-Identifier: Apache-2.0
//
// The optim dialect.

#ifndef LAMINA_DIALECTS_OPTIM_OPTIMDIALECT_H
#define LAMINA_DIALECTS_OPTIM_OPTIMDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialects/Optim/OptimDialect.h.inc"

#endif // LAMINA_DIALECTS_OPTIM_OPTIMDIALECT_H
