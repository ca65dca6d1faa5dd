// SPDX-License-Identifier: Apache-2.0
//
// The program dialect.

#ifndef LAMINA_DIALECTS_PROGRAM_PROGRAMDIALECT_H
#define LAMINA_DIALECTS_PROGRAM_PROGRAMDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialects/Program/ProgramDialect.h.inc"

#endif // LAMINA_DIALECTS_PROGRAM_PROGRAMDIALECT_H
