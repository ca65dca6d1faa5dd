// SPDX-License-Identifier: Apache-2.0
//
// The mask dialect.

#ifndef LAMINA_DIALECTS_MASK_MASKDIALECT_H
#define LAMINA_DIALECTS_MASK_MASKDIALECT_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Mask/MaskDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Mask/MaskAttrs.h.inc"

#endif // LAMINA_DIALECTS_MASK_MASKDIALECT_H
