// SPDX-License-Identifier: Apache-2.0
//
// Which keys a mask shows, row by row.
//
// The region of a mask in, `#mask.blocks` out: what holds for every size.

#ifndef LAMINA_DIALECTS_MASK_MASKANALYSIS_H
#define LAMINA_DIALECTS_MASK_MASKANALYSIS_H

#include "dialects/Mask/MaskDialect.h"

#include "mlir/IR/Block.h"

namespace lamina::mask {

/// `query` and `key` are the arguments of `mask` that number rows and keys.
/// Null if nothing is known.
BlocksAttr classifyBlocks(mlir::Block &mask, mlir::Value query,
                          mlir::Value key);

} // namespace lamina::mask

#endif // LAMINA_DIALECTS_MASK_MASKANALYSIS_H
