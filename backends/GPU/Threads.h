// SPDX-License-Identifier: Apache-2.0
//
// What the threads of a block know and do together.
//
// The special registers, barriers, shuffles and shared memory of a GPU kernel,
// as calls of `llvm.nvvm.*`, so that one module goes to NVPTX and to the
// emulator alike.

#ifndef LAMINA_BACKENDS_GPU_THREADS_H
#define LAMINA_BACKENDS_GPU_THREADS_H

#include "backends/CPU/LoopBuilder.h"

namespace lamina::gpu {

using cpu::LoopBuilder;
using cpu::ValueRange;
using cpu::Values;

constexpr unsigned warpThreads = 32;

class Threads {
public:
  explicit Threads(LoopBuilder &builder) : b(builder) {}

  /// Numbers from 0 as i64: of the thread in its block, of the block in the
  /// grid.
  llvm::Value *thread();
  llvm::Value *block();

  /// Waits for all threads of the block; what they wrote is seen by all.
  void waitForBlock();
  /// Waits for the 32 threads of the warp.
  void waitForWarp();
  /// The value that the thread with number `thread xor distance` has for `x`:
  /// a number of 32 or 64 bits, or i1.
  llvm::Value *exchange(llvm::Value *x, unsigned distance);
  /// The largest, or the sum, of what `count` neighbouring threads have for
  /// `x`; all of them get it. `count` is a power of two, at most a warp.
  llvm::Value *largest(llvm::Value *x, unsigned count);
  llvm::Value *sum(llvm::Value *x, unsigned count);

  /// Memory that all threads of the block share, aligned to 16.
  llvm::Value *sharedMemory(int64_t bytes, const llvm::Twine &name);
  /// The shared memory that the launch asks for, aligned to 1024.
  llvm::Value *dynamicMemory(const llvm::Twine &name);

private:
  llvm::Value *special(llvm::Intrinsic::ID id);
  llvm::Value *exchangeWord(llvm::Value *word, unsigned distance);

  LoopBuilder &b;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_THREADS_H
