// SPDX-License-Identifier: Apache-2.0
//
// Plays an entry.
//
// An entry resolved at its sizes, a table of bases and a pool of threads in;
// the kernels run in order, on this machine. Without globals: several players
// may run at once.

#ifndef LAMINA_RUNTIME_EXECUTOR_PLAYER_H
#define LAMINA_RUNTIME_EXECUTOR_PLAYER_H

#include "runtime/ABI/Kernel.h"
#include "runtime/Executor/TapeWalk.h"
#include "runtime/Threads/ThreadPool.h"

#include <memory>

namespace lamina {
namespace runtime {

/// Memory whose address is a multiple of 64; grows, never shrinks.
class AlignedBlock {
public:
  /// At least `bytes` of it; what was in it may be lost. Throws if there is no
  /// memory for it.
  char *reserve(int64_t bytes);
  char *data() const { return memory.get(); }

private:
  struct Free {
    void operator()(char *p) const;
  };
  std::unique_ptr<char, Free> memory;
  int64_t capacity = 0;
};

/// The operands of one part of a launch, as the kernel takes them.
struct KernelCall {
  std::vector<void *> buffers;
  std::vector<int64_t> dims;
  std::vector<uint64_t> scalars;
  int64_t items = 0;
};

class Player : public TapeWalk {
public:
  Player(const Tape &tape, const LaminaKernel *kernels, ThreadPool &pool)
      : tape(tape), kernels(kernels), pool(pool), scratch(size_t(pool.size())) {
  }

  /// Plays `instance` of `entry`. Throws an `Error` if a check fails.
  void play(const TapeEntry &entry, const Instance &instance,
            const EntryCall &call, char *arena, const void *constants);

  /// Who is told of each launch; null if nobody asks.
  LaunchWatcher *watcher = nullptr;

private:
  void launch(const Record<N> &record) override;
  void move(const std::vector<Move> &moves) override;
  void copy(const Move &move) override;
  void zero(char *to, N bytes) override;
  void put(Element element, char *to, const HostValue &value) override;
  bool isSet(const char *word) override;
  N numberAt(const char *number) override;

  /// Runs the items [first, last) of all parts.
  void runItems(const LaminaKernel &kernel, size_t parts, int64_t first,
                int64_t last, int worker);
  void launchWatched(const Record<N> &record, int64_t items);
  /// Fills `calls` for the parts of a launch; returns the items of all.
  int64_t prepareCalls(const Record<N> &record);
  void storeResults(const TapeEntry &entry, const Instance &instance);

  const Tape &tape;
  const LaminaKernel *kernels;
  ThreadPool &pool;
  std::vector<AlignedBlock> scratch; ///< one for each worker

  std::vector<KernelCall>
      calls; ///< of the launch in progress, kept for its memory
  const SizeValues *sizes = nullptr; ///< of the entry that is played
  std::vector<TimeSpan> workerTimes; ///< of a watched launch
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_PLAYER_H
