// SPDX-License-Identifier: Apache-2.0
//
// How partial results become one.
//
// The op that combines two of them (`arith.addf`, `arith.maximumf`), and the
// number that changes nothing when it is combined with another.

#ifndef LAMINA_BACKENDS_CPU_COMBINATION_H
#define LAMINA_BACKENDS_CPU_COMBINATION_H

#include "backends/CPU/LoopBuilder.h"

#include "mlir/IR/Operation.h"

namespace lamina::cpu {

/// What a result of type `number` starts from; zero where `combiner` is null.
llvm::Value *neutralElement(mlir::Operation *combiner, llvm::Type *number);

/// `x` and `y` combined, numbers or lanes of them.
llvm::Value *combine(LoopBuilder &b, unsigned width, mlir::Operation *combiner,
                     llvm::Value *x, llvm::Value *y);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_COMBINATION_H
