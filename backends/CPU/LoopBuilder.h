// SPDX-License-Identifier: Apache-2.0
//
// Structured control flow in LLVM IR.
//
// An IRBuilder that knows loops with carried values, lanes and masks, so that
// the emitters read as the loop nests they emit.

#ifndef LAMINA_BACKENDS_CPU_LOOPBUILDER_H
#define LAMINA_BACKENDS_CPU_LOOPBUILDER_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace lamina::cpu {

using Values = llvm::SmallVector<llvm::Value *, 4>;
using ValueRange = llvm::ArrayRef<llvm::Value *>;

class LoopBuilder : public llvm::IRBuilder<> {
public:
  explicit LoopBuilder(llvm::Function *function);

  llvm::Function *function() const { return parent; }

  /// A constant of type i64.
  llvm::Value *index(int64_t value) { return getInt64(uint64_t(value)); }

  /// Appends a block and gives it the next number: blocks are numbered in the
  /// order in which they are made, so a smaller number is further outside.
  llvm::BasicBlock *appendBlock(const llvm::Twine &name);
  unsigned blockNumber(const llvm::BasicBlock *block) const {
    return numbers.lookup(block);
  }

  /// for (i = lo; i < hi; i += step) carried = body(i, carried). Returns the
  /// carried values after the last round.
  Values emitFor(llvm::Value *lo, llvm::Value *hi, llvm::Value *step,
                 ValueRange init,
                 llvm::function_ref<Values(llvm::Value *, ValueRange)> body);
  void emitFor(llvm::Value *lo, llvm::Value *hi, llvm::Value *step,
               llvm::function_ref<void(llvm::Value *)> body);

  /// while (test(carried)) carried = body(carried).
  Values emitWhile(ValueRange init,
                   llvm::function_ref<llvm::Value *(ValueRange)> test,
                   llvm::function_ref<Values(ValueRange)> body);

  void emitIf(llvm::Value *condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr);

  /// condition ? body(values) : values
  Values emitWhenever(llvm::Value *condition, ValueRange values,
                      llvm::function_ref<Values(ValueRange)> body);

  llvm::Value *minimum(llvm::Value *a, llvm::Value *b);
  llvm::Value *maximum(llvm::Value *a, llvm::Value *b);
  /// Sums, products and quotients of i64 that fold where both are constants;
  /// `ceilDivide` and `divide` are of numbers that are not negative.
  llvm::Value *add(llvm::Value *a, llvm::Value *b);
  llvm::Value *multiply(llvm::Value *a, llvm::Value *b);
  llvm::Value *divide(llvm::Value *a, llvm::Value *b);
  llvm::Value *remainder(llvm::Value *a, llvm::Value *b);
  llvm::Value *ceilDivide(llvm::Value *a, llvm::Value *b);
  llvm::Value *roundUp(llvm::Value *a, int64_t multiple);

  /// `value` in each of `width` lanes; a vector is returned as it is.
  llvm::Value *splat(llvm::Value *value, unsigned width);
  /// Lane i is active if i < count.
  llvm::Value *activeLanes(llvm::Value *count, unsigned width);

private:
  llvm::Function *parent;
  llvm::DenseMap<const llvm::BasicBlock *, unsigned> numbers;
};

/// The value of a constant integer, if it is one.
std::optional<int64_t> constantIndex(llvm::Value *value);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_LOOPBUILDER_H
