// SPDX-License-Identifier: Apache-2.0
//
// Threads that work on one row.
//
// One thread, a warp or a whole block. A team walks elements side by side,
// member i taking every element i + n · size, and folds what its members have
// in a fixed tree, so that all of them get the same bits.

#ifndef LAMINA_BACKENDS_GPU_TEAM_H
#define LAMINA_BACKENDS_GPU_TEAM_H

#include "backends/GPU/Threads.h"

#include "mlir/IR/Operation.h"

namespace lamina::gpu {

class Team {
public:
  /// `size` is 1, 32 or `threads`, the size of the block.
  Team(LoopBuilder &builder, unsigned size, unsigned threads);

  unsigned size() const { return members; }
  /// The number of the thread in its team, of the team in its block.
  llvm::Value *member() const { return lane; }
  llvm::Value *number() const { return team; }

  /// What the members wrote is seen by all of them afterwards.
  void wait();
  /// for (i = member; i < count; i += size)
  Values walk(llvm::Value *count, ValueRange init,
              llvm::function_ref<Values(llvm::Value *, ValueRange)> body);
  /// The members' values combined; each gets the result.
  llvm::Value *fold(mlir::Operation *combiner, llvm::Value *value);
  /// Only the first member does this.
  void first(llvm::function_ref<void()> body);

private:
  LoopBuilder &b;
  Threads threads;
  unsigned members;
  unsigned blockThreads;
  llvm::Value *lane, *team;
};

} // namespace lamina::gpu

#endif // LAMINA_BACKENDS_GPU_TEAM_H
