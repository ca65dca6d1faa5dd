// SPDX-License-Identifier: Apache-2.0
//
// Tasks for a few threads.

#ifndef LAMINA_TOOLS_DRIVER_WORKQUEUE_H
#define LAMINA_TOOLS_DRIVER_WORKQUEUE_H

#include "mlir/IR/MLIRContext.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace lamina::driver {

/// What a thread keeps from task to task.
class Worker {
public:
  /// A context of its own with all dialects, made when it is first asked for.
  mlir::MLIRContext &context();

private:
  std::unique_ptr<mlir::MLIRContext> made;
};

/// Tasks in the order in which they came, but for those that must not wait: the
/// long ones, which would otherwise end alone. A task may add others.
class WorkQueue {
public:
  using Task = std::function<void(Worker &)>;

  void add(Task task);
  /// In front of all that wait, in this order.
  void addFirst(std::vector<Task> tasks);

  /// Runs all tasks, and those that they add, on `threads` threads, this one
  /// among them.
  void run(int threads);

private:
  /// Waits for a task; none once all are done.
  Task take();
  void work();

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> waiting;
  size_t running = 0; ///< tasks, which may add others
};

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_WORKQUEUE_H
