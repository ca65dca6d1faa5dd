// SPDX-License-Identifier: Apache-2.0
//
// Workers that share the items of a kernel.
//
// A kernel says into how many items it splits; the pool hands each worker one
// contiguous range of them. The split is static: which worker runs an item
// changes with the number of threads, what the item computes does not.

#ifndef LAMINA_RUNTIME_THREADS_THREADPOOL_H
#define LAMINA_RUNTIME_THREADS_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace lamina {
namespace runtime {

class ThreadPool {
public:
  /// `count` workers, the caller included; at least one.
  explicit ThreadPool(int count);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int size() const { return int(threads.size()) + 1; }

  /// Work on the items [first, last), done by `worker` of `size()`.
  using Work = void (*)(void *context, int64_t first, int64_t last, int worker);

  /// Splits [0, items) over the workers and returns when all are done. A single
  /// item runs on the caller, without waking anyone.
  void run(int64_t items, Work work, void *context);

  template <typename Function>
  void run(int64_t items, Function &&function) {
    run(
        items,
        [](void *context, int64_t first, int64_t last, int worker) {
          (*static_cast<std::remove_reference_t<Function> *>(context))(
              first, last, worker);
        },
        &function);
  }

  /// Processors that this process may use.
  static int availableProcessors();

private:
  void stop();
  void workerLoop(int worker);
  void runShare(int worker, int workers);
  uint32_t awaitRound(uint32_t seen);
  void wakeSleepers();
  void awaitOthers();

  // The round that the workers see; the fields below it are written before it
  // is raised and read after.
  std::atomic<uint32_t> round{0};
  std::atomic<int> unfinished{0};
  std::atomic<int> sleepers{0};
  std::atomic<bool> callerSleeps{false};
  bool stopping = false;
  int64_t items = 0;
  int sharers = 1;
  Work work = nullptr;
  void *context = nullptr;

  std::mutex mutex;
  std::condition_variable wake, done;
  std::vector<std::thread> threads;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_THREADS_THREADPOOL_H
