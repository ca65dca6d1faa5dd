// SPDX-License-Identifier: Apache-2.0
//
// The register tile of a product.

#ifndef LAMINA_BACKENDS_CPU_MICROKERNEL_H
#define LAMINA_BACKENDS_CPU_MICROKERNEL_H

#include "llvm/IR/Module.h"

namespace lamina::cpu {

/// A tile of `rows` × (`vectors` · `lanes`) sums in registers.
struct TileShape {
  unsigned rows;
  unsigned vectors;
  unsigned lanes;

  int64_t columns() const { return int64_t(vectors) * lanes; }
};

/// How a row of the left operand, and an element of it, are apart.
struct RowLayout {
  int64_t rowStride;
  int64_t stride;

  bool operator==(const RowLayout &other) const {
    return rowStride == other.rowStride && stride == other.stride;
  }
};

/// The function
///     void (ptr a, ptr b, i64 k, ptr c, i64 rowOfC, i1 accumulate)
/// that sets or adds to the tile at `c` the product of `tile.rows` rows at `a`
/// and a packed panel at `b`, whose rows have `tile.columns()` numbers. Made on
/// first use; never inlined, so that a kernel has one copy of its unrolled
/// code.
llvm::Function *getMicroKernel(llvm::Module &module, llvm::StringRef kernel,
                               TileShape tile, RowLayout layout);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_MICROKERNEL_H
