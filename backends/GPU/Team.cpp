// SPDX-License-Identifier: Apache-2.0
//
// Threads that work on one row.

#include "backends/GPU/Team.h"

#include "backends/CPU/Combination.h"

using namespace llvm;

namespace lamina::gpu {

Team::Team(LoopBuilder &builder, unsigned size, unsigned blockThreads)
    : b(builder), threads(builder), members(size), blockThreads(blockThreads) {
  Value *thread = threads.thread();
  lane = size == blockThreads ? thread : b.remainder(thread, b.index(size));
  team = size == blockThreads ? b.index(0) : b.divide(thread, b.index(size));
}

void Team::wait() {
  if (members == blockThreads)
    threads.waitForBlock();
  else if (members > 1)
    threads.waitForWarp();
}

Values Team::walk(Value *count, ValueRange init,
                  function_ref<Values(Value *, ValueRange)> body) {
  return b.emitFor(lane, count, b.index(members), init, body);
}

// Neighbours exchange at half the distance each time: x + y and y + x are the
// same bits, so all threads of a warp end with one value. The warps of a block
// are combined in order, by every thread.
Value *Team::fold(mlir::Operation *combiner, Value *value) {
  if (members == 1)
    return value;
  for (unsigned distance = warpThreads / 2; distance; distance /= 2)
    value =
        cpu::combine(b, 1, combiner, value, threads.exchange(value, distance));
  if (members == warpThreads)
    return value;
  unsigned warps = members / warpThreads;
  Type *type = value->getType();
  Value *slots = threads.sharedMemory(int64_t(warps) * 8, "partial");
  Value *isLeader =
      b.CreateICmpEQ(b.remainder(lane, b.index(warpThreads)), b.index(0));
  b.emitIf(isLeader, [&] {
    Value *warp = b.divide(lane, b.index(warpThreads));
    b.CreateStore(value, b.CreateGEP(b.getInt64Ty(), slots, warp));
  });
  threads.waitForBlock();
  Value *total = b.CreateLoad(type, slots);
  for (unsigned warp = 1; warp < warps; ++warp)
    total = cpu::combine(
        b, 1, combiner, total,
        b.CreateLoad(type, b.CreateConstGEP1_64(b.getInt64Ty(), slots, warp)));
  // The slots are used again in the next row.
  threads.waitForBlock();
  return total;
}

void Team::first(function_ref<void()> body) {
  if (members == 1)
    return body();
  b.emitIf(b.CreateICmpEQ(lane, b.index(0)), body);
}

} // namespace lamina::gpu
