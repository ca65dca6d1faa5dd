// SPDX-License-Identifier: Apache-2.0
//
// Products and the sums behind them.

#ifndef LAMINA_BACKENDS_HALIDE_FUSEPRODUCTS_H
#define LAMINA_BACKENDS_HALIDE_FUSEPRODUCTS_H

#include "llvm/IR/Module.h"

namespace lamina::halide {

/// Makes one op of each sum and the product that it adds, which rounds once
/// where the processor can. Which product a sum takes in depends on expressions
/// alone, so that all schedules give the same bits: left to LLVM it would
/// depend on blocks, loops and the order of operands.
void fuseProducts(llvm::Module &module);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_FUSEPRODUCTS_H
