// SPDX-License-Identifier: Apache-2.0
//
// The threads of one emulated block.

#include "runtime/Emulator/Block.h"

#include "runtime/Emulator/Descriptions.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace lamina::emulator {

namespace context = boost::context;

static constexpr int blockBarriers = 16;
/// A kernel's frame is a few hundred bytes; printing a fault needs more.
static constexpr size_t stackBytes = 64 << 10;

uint64_t next(uint64_t &state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void Block::fault(const std::string &what, int op) const {
  std::fprintf(stderr, "error: %s, block %lld, thread %d %s\n",
               describe(*launch.kernel, op).c_str(),
               static_cast<long long>(block), now, what.c_str());
  std::fflush(stderr);
  std::_Exit(1);
}

//===----------------------------------------------------------------------===//
// Scheduling
//===----------------------------------------------------------------------===//

// A fiber is used for block after block: it runs its thread whenever it is
// resumed with the thread not started, and parks at the end.
void Block::makeFibers(int wanted) {
  while (int(threads.size()) < wanted) {
    threads.emplace_back();
    threads.back().fiber = context::fiber(
        std::allocator_arg, context::fixedsize_stack(stackBytes),
        [this](context::fiber &&main) {
          scheduler = std::move(main);
          while (true) {
            launch.kernel->thread(launch.buffers, launch.dims, launch.scalars,
                                  launch.scratch);
            pause(State::Done);
          }
          return std::move(scheduler);
        });
  }
}

void Thread::restart() {
  state = State::Ready;
  copies.clear();
  isFenced = false;
  lastProduct = -1;
  groupsOfProducts.clear();
}

void Block::pause(State state) {
  threads[size_t(now)].state = state;
  scheduler = std::move(scheduler).resume();
}

void Block::run(const Launch &what, int64_t number, uint64_t seed, bool check) {
  launch = what;
  block = number;
  count = launch.kernel->threads;
  checks = check;
  memory.prepare(launch.kernel->shared_bytes, count, check);
  if (check)
    findRanges();
  if (launch.kernel->waits)
    runTogether(seed ? seed * 0x9e3779b97f4a7c15u + uint64_t(number) : 0);
  else
    runAlone();
}

void Block::runAlone() {
  for (now = 0; now < count; ++now)
    launch.kernel->thread(launch.buffers, launch.dims, launch.scalars,
                          launch.scratch);
}

int Block::choose(uint64_t &random) const {
  int start = random ? int(next(random) % uint64_t(count)) : now;
  for (int i = 0; i < count; ++i) {
    int candidate = (start + i) % count;
    if (threads[size_t(candidate)].state == State::Ready)
      return candidate;
  }
  return -1;
}

// Memory that a copy is under way to is another block's soon.
bool Block::isDone() {
  for (int i = 0; i < count; ++i)
    if (threads[size_t(i)].state != State::Done)
      return false;
  if (!boxes.empty()) {
    now = boxes.front().thread;
    fault("is at its end with all others, but its copy to " +
          std::to_string(boxes.front().to) + " of shared memory is under way");
  }
  return true;
}

void Block::runTogether(uint64_t seed) {
  makeFibers(count);
  for (int i = 0; i < count; ++i)
    threads[size_t(i)].restart();
  barriers.clear();
  boxes.clear();
  products.assign(size_t(count + groupThreads - 1) / groupThreads, {});
  now = 0;
  while (true) {
    int chosen = choose(seed);
    if (chosen < 0) {
      if (release())
        continue;
      if (isDone())
        return;
      if (completeCopy(seed))
        continue;
      reportHang();
    }
    now = chosen;
    Thread &thread = threads[size_t(now)];
    thread.fiber = std::move(thread.fiber).resume();
  }
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

bool Block::release() {
  bool isReleased = releasePhases();
  for (int barrier = 0; barrier < blockBarriers; ++barrier)
    isReleased |= releaseBarrier(barrier);
  for (int warp = 0; warp * warpThreads < count; ++warp)
    isReleased |= releaseWarp(warp);
  for (int group = 0; (group + 1) * groupThreads <= count; ++group)
    isReleased |= releaseGroup(group);
  return isReleased;
}

// What some threads wrote before their barrier is taken for seen by all: a
// barrier of a part of the block hides missing ones between the others.
bool Block::releaseBarrier(int barrier) {
  int waiting = 0, expected = 0;
  auto isHere = [&](const Thread &thread) {
    return thread.state == State::WaitsForBlock && thread.barrier == barrier;
  };
  for (int i = 0; i < count; ++i)
    if (isHere(threads[size_t(i)])) {
      ++waiting;
      expected = threads[size_t(i)].expected;
    }
  if (waiting == 0 || waiting != expected)
    return false;
  for (int i = 0; i < count; ++i)
    if (isHere(threads[size_t(i)]))
      threads[size_t(i)].state = State::Ready;
  memory.passBlockBarrier();
  return true;
}

void Block::waitForThreads(int barrier, int expected) {
  Thread &thread = threads[size_t(now)];
  thread.members = 0;
  thread.barrier = barrier;
  thread.expected = expected;
  pause(State::WaitsForBlock);
}

static const char *describe(State state) {
  switch (state) {
  case State::WaitsForBlock:
    return "waits for its block";
  case State::WaitsForPhase:
    return "waits for a phase";
  case State::MultipliesInGroup:
    return "waits in a product of its warpgroup";
  case State::WaitsForWarp:
    return "waits for its warp";
  case State::Exchanges:
    return "waits in a shuffle";
  case State::LoadsMatrices:
    return "waits in a load of matrices";
  case State::Multiplies:
    return "waits in a product of matrices";
  case State::Done:
    return "is at its end";
  default:
    return "can go on";
  }
}

/// What a thread waits for, and one that waits for something else.
std::string Block::describePhases(int first) const {
  std::string what = barriers.describe(threads[size_t(first)].phaseAt);
  for (int i = first; i < count; ++i) {
    const Thread &other = threads[size_t(i)];
    if (other.state == State::WaitsForPhase &&
        other.phaseAt != threads[size_t(first)].phaseAt)
      return what + "; thread " + std::to_string(i) + " " +
             barriers.describe(other.phaseAt);
  }
  return what;
}

// Names one thread that waits and, if there is one, another that does
// something else.
void Block::reportHang() const {
  int waiting = 0;
  while (threads[size_t(waiting)].state == State::Done)
    ++waiting;
  const Thread &thread = threads[size_t(waiting)];
  const_cast<Block *>(this)->now = waiting;
  if (thread.state == State::WaitsForPhase)
    fault(describePhases(waiting));
  std::string what = describe(thread.state);
  for (int i = 0; i < count; ++i) {
    const Thread &other = threads[size_t(i)];
    bool isMember = thread.state == State::WaitsForBlock ||
                    (thread.state == State::MultipliesInGroup &&
                     i / groupThreads == waiting / groupThreads) ||
                    (i / warpThreads == waiting / warpThreads &&
                     thread.members >> (i % warpThreads) & 1);
    if (isMember &&
        (other.state != thread.state || other.members != thread.members)) {
      what += ", but thread " + std::to_string(i) + " " + describe(other.state);
      if (other.state == thread.state)
        what += " with other members";
      break;
    }
  }
  fault(what);
}

} // namespace lamina::emulator
