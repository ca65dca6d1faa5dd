// SPDX-License-Identifier: Apache-2.0
//
// Workers that share the items of a kernel.
//
// A number of items and a function in, all items done out. A step launches
// hundreds of kernels a few microseconds apart, so workers spin for a while
// before they sleep: waking a thread costs more than most kernels.

#include "runtime/Threads/ThreadPool.h"

#include "runtime/Files/Files.h"

#include <algorithm>
#include <chrono>
#include <sched.h>
#include <system_error>

namespace lamina {
namespace runtime {

/// How long a worker looks for the next launch before it sleeps. Longer than
/// the gaps within a step, short enough that waiting for data costs nothing.
static constexpr std::chrono::microseconds spinTime(100);

static inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Spins until `ready()`; false if the time is over. After a first while it
/// yields, so that a machine with more threads than processors stays usable.
template <typename Ready>
static bool spin(Ready ready) {
  auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0;; ++i) {
    if (ready())
      return true;
    pause();
    if (i % 64 == 63) {
      auto waited = std::chrono::steady_clock::now() - start;
      if (waited > spinTime)
        return false;
      if (waited > spinTime / 4)
        std::this_thread::yield();
    }
  }
}

int ThreadPool::availableProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

ThreadPool::ThreadPool(int count) {
  try {
    for (int worker = 1; worker < count; ++worker)
      threads.emplace_back([this, worker] { workerLoop(worker); });
  } catch (const std::system_error &error) {
    int64_t started = int64_t(threads.size()) + 1;
    stop();
    throw Error(join("the system gives this program ",
                     counted(started, "thread"), ", not ", count, ": ",
                     systemMessage(error.code().value())))
        .note("--threads takes fewer; limits of memory count threads too");
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping = true;
  round.fetch_add(1);
  wakeSleepers();
  for (std::thread &thread : threads)
    thread.join();
}

void ThreadPool::run(int64_t count, Work function, void *argument) {
  if (count <= 0)
    return;
  int workers = int(std::min<int64_t>(count, size()));
  if (workers == 1)
    return function(argument, 0, count, 0);
  items = count;
  work = function;
  context = argument;
  sharers = workers;
  unfinished.store(int(threads.size()));
  round.fetch_add(1);
  wakeSleepers();
  runShare(0, workers);
  awaitOthers();
}

void ThreadPool::runShare(int worker, int workers) {
  if (worker >= workers)
    return;
  // Products of items and workers stay in range: items are below 2^56.
  int64_t first = items * worker / workers,
          last = items * (worker + 1) / workers;
  if (first < last)
    work(context, first, last, worker);
}

void ThreadPool::workerLoop(int worker) {
  uint32_t seen = 0;
  while (true) {
    seen = awaitRound(seen);
    if (stopping)
      return;
    runShare(worker, sharers);
    if (unfinished.fetch_sub(1) == 1 && callerSleeps.load()) {
      std::lock_guard<std::mutex> lock(mutex);
      done.notify_one();
    }
  }
}

uint32_t ThreadPool::awaitRound(uint32_t seen) {
  if (!spin([&] { return round.load() != seen; })) {
    std::unique_lock<std::mutex> lock(mutex);
    sleepers.fetch_add(1);
    wake.wait(lock, [&] { return round.load() != seen; });
    sleepers.fetch_sub(1);
  }
  return seen + 1;
}

void ThreadPool::wakeSleepers() {
  // A worker counts itself as a sleeper before it looks at the round for the
  // last time, so either it sees the new round or we see the sleeper.
  if (sleepers.load() == 0)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  wake.notify_all();
}

void ThreadPool::awaitOthers() {
  auto finished = [&] { return unfinished.load() == 0; };
  if (spin(finished))
    return;
  std::unique_lock<std::mutex> lock(mutex);
  callerSleeps.store(true);
  done.wait(lock, finished);
  callerSleeps.store(false);
}

} // namespace runtime
} // namespace lamina
