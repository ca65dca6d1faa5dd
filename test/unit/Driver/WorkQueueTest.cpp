// SPDX-License-Identifier: Apache-2.0
//
// Order, growth and threads of a queue of tasks.

#include "tools/Driver/WorkQueue.h"

#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <string>
#include <thread>

using lamina::driver::Worker;
using lamina::driver::WorkQueue;

TEST(WorkQueue, OneThreadKeepsTheOrder) {
  WorkQueue queue;
  std::string order;
  for (char name : {'a', 'b', 'c'})
    queue.add([&order, name](Worker &) { order += name; });
  queue.run(1);
  EXPECT_EQ(order, "abc");
}

TEST(WorkQueue, WhatIsAddedFirstRunsBeforeWhatWaits) {
  WorkQueue queue;
  std::string order;
  queue.add([&](Worker &) {
    order += "a";
    queue.addFirst(
        {[&](Worker &) { order += "1"; }, [&](Worker &) { order += "2"; }});
    queue.add([&](Worker &) { order += "z"; });
  });
  queue.add([&](Worker &) { order += "b"; });
  queue.run(1);
  EXPECT_EQ(order, "a12bz");
}

TEST(WorkQueue, NoTaskEnds) {
  WorkQueue queue;
  queue.run(4);
}

/// A thread that finds nothing to do waits for what running tasks may add.
TEST(WorkQueue, ThreadsWaitForTasksOfOthers) {
  WorkQueue queue;
  std::atomic<int> arrived{0};
  // Each ends only once two run at once, so both threads must take one.
  auto meet = [&](Worker &) {
    ++arrived;
    while (arrived < 2)
      std::this_thread::yield();
  };
  queue.add([&](Worker &) {
    queue.add(meet);
    queue.add(meet);
  });
  queue.run(2);
  EXPECT_EQ(arrived, 2);
}

TEST(WorkQueue, EachThreadHasItsContext) {
  WorkQueue queue;
  std::mutex mutex;
  std::set<mlir::MLIRContext *> contexts;
  std::set<std::thread::id> threads;
  std::atomic<int> waiting{0};
  for (int i = 0; i < 6; ++i)
    queue.add([&](Worker &worker) {
      mlir::MLIRContext *context = &worker.context();
      EXPECT_EQ(context, &worker.context());
      ++waiting;
      while (waiting < 2)
        std::this_thread::yield();
      std::lock_guard<std::mutex> lock(mutex);
      contexts.insert(context);
      threads.insert(std::this_thread::get_id());
    });
  queue.run(2);
  EXPECT_EQ(threads.size(), 2u);
  EXPECT_EQ(contexts.size(), 2u);
}
