// SPDX-License-Identifier: Apache-2.0
//
// Arith and math on lanes.
//
// One op of `arith` or `math` on scalar types becomes LLVM IR on numbers or on
// lanes of them. A `math` op on f32 becomes a polynomial, one on f64 a call of
// libm for each lane; an op that has neither is refused.

#ifndef LAMINA_BACKENDS_CPU_SCALAROPS_H
#define LAMINA_BACKENDS_CPU_SCALAROPS_H

#include "backends/CPU/LoopBuilder.h"

#include "mlir/IR/Operation.h"

namespace lamina::cpu {

/// The type of `type` in registers (i1 is one bit) and in memory (a byte).
llvm::Type *registerType(mlir::Type type, llvm::LLVMContext &context);
llvm::Type *memoryType(mlir::Type type, llvm::LLVMContext &context);

/// Numbers of bfloat16, or lanes of them, as float.
llvm::Value *widenBFloat(LoopBuilder &b, llvm::Value *x);
/// Numbers of float rounded to bfloat16.
llvm::Value *roundToBFloat(llvm::IRBuilderBase &b, llvm::Value *x);

class ScalarOps {
public:
  ScalarOps(LoopBuilder &builder, unsigned width) : b(builder), width(width) {}

  /// The results of `op`. Operands may be numbers or vectors of `width` lanes;
  /// where they are mixed, numbers are put into each lane. Empty if the op is
  /// not known.
  Values emit(mlir::Operation *op, ValueRange operands);

private:
  llvm::Value *emitOne(mlir::Operation *op, ValueRange x);
  llvm::Value *emitFloat(mlir::Operation *op, llvm::StringRef name,
                         ValueRange x);
  llvm::Value *emitInteger(mlir::Operation *op, llvm::StringRef name,
                           ValueRange x);
  llvm::Value *emitConversion(mlir::Operation *op, llvm::StringRef name,
                              ValueRange x);
  llvm::Value *castBFloat(llvm::Instruction::CastOps cast, llvm::Value *x,
                          llvm::Type *to);
  llvm::Value *emitMath(mlir::Operation *op, llvm::StringRef name,
                        ValueRange x);
  llvm::Value *emitCompare(mlir::Operation *op, ValueRange x);
  llvm::Value *emitConstant(mlir::Operation *op);
  llvm::Value *emitDivision(llvm::StringRef name, llvm::Value *x,
                            llvm::Value *y);
  llvm::Value *emitLibraryCalls(llvm::StringRef name, ValueRange x);
  llvm::Value *extremum(bool larger, bool keepNaN, llvm::Value *x,
                        llvm::Value *y);
  llvm::Value *emitPower(llvm::Value *x, llvm::Value *exponent);
  Values emitExtendedProduct(mlir::Operation *op, ValueRange x);
  llvm::Type *typeLike(mlir::Type type, llvm::Value *lanes);

  LoopBuilder &b;
  unsigned width;
};

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_SCALAROPS_H
