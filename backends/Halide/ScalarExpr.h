// SPDX-License-Identifier: Apache-2.0
//
// Arith and math as Halide expressions.
//
// One op of `arith` or `math` on numbers becomes the instructions that the CPU
// backend emits for it, polynomials of elementary functions included, and these
// become expressions. So a number has one meaning in both backends.

#ifndef LAMINA_BACKENDS_HALIDE_SCALAREXPR_H
#define LAMINA_BACKENDS_HALIDE_SCALAREXPR_H

#include "mlir/IR/Operation.h"

#include <vector>

#include "Halide.h"

namespace lamina::halide {

/// The type of a number in expressions: integers have no sign and wrap around,
/// bf16 is its 16 bits. A type of no bits if Halide has no such numbers.
Halide::Type valueType(mlir::Type type);
/// The type in memory: an i1 is a byte.
Halide::Type memoryType(mlir::Type type);

/// The results of `op` for these operands (`index` as 64 bits). Empty if the op
/// has no form in Halide. `never` is 0, which Halide does not know;
/// `isForGPU` that a GPU computes.
std::vector<Halide::Expr> makeExprs(mlir::Operation *op,
                                    const std::vector<Halide::Expr> &operands,
                                    const Halide::Expr &never, bool isForGPU);

/// `value` as it is, but if it is a product no sum takes it in
/// (FuseProducts.h).
Halide::Expr keepApart(const Halide::Expr &value, const Halide::Expr &never);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_SCALAREXPR_H
