// SPDX-License-Identifier: Apache-2.0
//
// The instructions that products of matrices are made of.
//
// Copies that run beside the threads (cp.async), loads of fragments (ldmatrix)
// and products of fragments (mma.sync), as calls of `llvm.nvvm.*`. Every thread
// of a warp calls the last two at once.

#ifndef LAMINA_BACKENDS_GPU_TENSORCORE_H
#define LAMINA_BACKENDS_GPU_TENSORCORE_H

#include "backends/CPU/LoopBuilder.h"

namespace lamina::gpu {

class TensorCore {
public:
  explicit TensorCore(cpu::LoopBuilder &builder) : b(builder) {}

  /// Begins a copy of 16 bytes to shared memory, of which the first `valid`
  /// ones come from `from` and the others are zeros.
  void copy(llvm::Value *to, llvm::Value *from, llvm::Value *valid);
  /// Ends a group of copies.
  void commitCopies();
  /// Waits for all groups of this thread but the last `pending`.
  void waitForCopies(unsigned pending);

  /// Four matrices of 8 × 8 bf16, of which lane 8 · j + i knows where row i of
  /// matrix j begins. A lane gets two neighbours of row lane / 4 of each, or,
  /// transposed, of column lane / 4.
  cpu::Values loadMatrices(llvm::Value *row, bool isTransposed);
  /// Two numbers rounded to bf16, in one word: the first one in its lower half.
  llvm::Value *roundPair(llvm::Value *first, llvm::Value *second);
  /// The two numbers of such a word.
  cpu::Values splitPair(llvm::Value *word);
  /// sums + a · b: 16 × 16 by 16 × 8 of bf16, sums of f32.
  cpu::Values multiply(cpu::ValueRange a, cpu::ValueRange b,
                       cpu::ValueRange sums);

private:
  llvm::Value *toShared(llvm::Value *address);
  cpu::Values parts(llvm::Value *results);

  cpu::LoopBuilder &b;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_TENSORCORE_H
