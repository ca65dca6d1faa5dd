// SPDX-License-Identifier: Apache-2.0
//
// The instructions that products of matrices are made of on sm_90a.
//
// Barriers with phases (mbarrier), copies of boxes by the copy engine (TMA),
// and products that a warpgroup, four warps, begins together and waits for
// later (wgmma). Where LLVM has no intrinsic they are inline assembly.

#ifndef LAMINA_BACKENDS_GPU_GROUPCORE_H
#define LAMINA_BACKENDS_GPU_GROUPCORE_H

#include "backends/CPU/LoopBuilder.h"

namespace lamina::gpu {

constexpr unsigned groupThreads = 128;

class GroupCore {
public:
  explicit GroupCore(cpu::LoopBuilder &builder) : b(builder) {}

  /// A barrier at `barrier`, 8 bytes of shared memory: a phase ends when it has
  /// `arrivals` and all bytes that it was told to expect.
  void makeBarrier(llvm::Value *barrier, unsigned arrivals);
  /// What was made is seen by the copy engine, too.
  void publishBarriers();
  void arrive(llvm::Value *barrier);
  /// Arrives, and expects `bytes` more in this phase.
  void arriveForBytes(llvm::Value *barrier, int64_t bytes);
  /// Waits for the end of the phase with this parity (i64, 0 or 1).
  void waitForPhase(llvm::Value *barrier, llvm::Value *parity);
  /// Waits for `threads` threads at barrier `number` of the block.
  void waitForThreads(unsigned number, unsigned threads);

  /// Begins to copy the box at `at` (i32, the axis of neighbours first).
  void copyBox(llvm::Value *to, llvm::Value *barrier, llvm::Value *map,
               cpu::ValueRange at);

  /// Registers that each thread of the warpgroup has from now on.
  void takeRegisters(unsigned count);
  void giveRegisters(unsigned count);

  /// A descriptor of a matrix at `address`, mixed over 128 bytes.
  llvm::Value *matrix(llvm::Value *address, int64_t betweenBlocks,
                      int64_t betweenGroups);
  /// Before the first product on sums that others have written.
  void fence();
  /// Begins sums + a · b: 64 rows, 16 of k. Sums are not to be touched before
  /// they are waited for.
  cpu::Values multiply(llvm::Value *a, bool aIsTransposed, llvm::Value *c,
                       bool cIsTransposed, cpu::ValueRange sums);
  void commit();
  /// Waits for all committed products but the last `pending`.
  void waitForProducts(unsigned pending);
  /// Waits for all of them; what it returns are the sums.
  cpu::Values waitForSums(cpu::ValueRange sums);

private:
  cpu::Values assemble(const std::string &text, cpu::ValueRange sums,
                       cpu::ValueRange others, llvm::StringRef constraints);
  llvm::Value *toShared(llvm::Value *address);

  cpu::LoopBuilder &b;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_GROUPCORE_H
