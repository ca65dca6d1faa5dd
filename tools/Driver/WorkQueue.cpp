// SPDX-License-Identifier: Apache-2.0
//
// Tasks for a few threads.

#include "tools/Driver/WorkQueue.h"

#include "dialects/RegisterAll.h"

#include "mlir/IR/DialectRegistry.h"

#include <iterator>
#include <thread>

using namespace mlir;

namespace lamina::driver {

MLIRContext &Worker::context() {
  if (!made) {
    DialectRegistry registry;
    registerAllDialects(registry);
    made = std::make_unique<MLIRContext>(registry,
                                         MLIRContext::Threading::DISABLED);
  }
  return *made;
}

void WorkQueue::add(Task task) {
  std::lock_guard<std::mutex> lock(mutex);
  waiting.push_back(std::move(task));
  changed.notify_one();
}

void WorkQueue::addFirst(std::vector<Task> tasks) {
  std::lock_guard<std::mutex> lock(mutex);
  waiting.insert(waiting.begin(), std::make_move_iterator(tasks.begin()),
                 std::make_move_iterator(tasks.end()));
  changed.notify_all();
}

WorkQueue::Task WorkQueue::take() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return !waiting.empty() || running == 0; });
  if (waiting.empty())
    return nullptr;
  Task task = std::move(waiting.front());
  waiting.pop_front();
  ++running;
  return task;
}

void WorkQueue::work() {
  Worker worker;
  while (Task task = take()) {
    task(worker);
    std::lock_guard<std::mutex> lock(mutex);
    if (--running == 0)
      changed.notify_all();
  }
}

void WorkQueue::run(int threads) {
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i)
    others.emplace_back([this] { work(); });
  work();
  for (std::thread &other : others)
    other.join();
}

} // namespace lamina::driver
