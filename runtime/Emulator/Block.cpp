// SPDX-License-Identifier: Apache-2.0
//
// The threads of one emulated block.

#include "runtime/Emulator/Block.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace lamina::emulator {

namespace context = boost::context;

static constexpr int warpThreads = 32;
/// A kernel's frame is a few hundred bytes; printing a fault needs more.
static constexpr size_t stackBytes = 64 << 10;

/// The next number of a sequence that is good enough to mix threads.
static uint64_t next(uint64_t &state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void Block::fault(const std::string &what) const {
  std::fprintf(stderr, "error: kernel '%s', block %lld, thread %d %s\n",
               launch.kernel->name, static_cast<long long>(block), now,
               what.c_str());
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

void Block::runTogether(uint64_t seed) {
  makeFibers(count);
  for (int i = 0; i < count; ++i)
    threads[size_t(i)].state = State::Ready;
  now = 0;
  while (true) {
    int chosen = choose(seed);
    if (chosen < 0) {
      bool isReleased = releaseBlock();
      for (int warp = 0; warp * warpThreads < count; ++warp)
        isReleased |= releaseWarp(warp);
      if (isReleased)
        continue;
      for (int i = 0; i < count; ++i)
        if (threads[size_t(i)].state != State::Done)
          reportHang();
      return;
    }
    now = chosen;
    Thread &thread = threads[size_t(now)];
    thread.fiber = std::move(thread.fiber).resume();
  }
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

bool Block::releaseBlock() {
  for (int i = 0; i < count; ++i)
    if (threads[size_t(i)].state != State::WaitsForBlock)
      return false;
  for (int i = 0; i < count; ++i)
    threads[size_t(i)].state = State::Ready;
  memory.passBlockBarrier();
  return true;
}

/// Lets the members go on if all of them wait for the same.
bool Block::releaseMembers(int first, uint32_t members, State state) {
  uint32_t words[warpThreads] = {};
  for (int lane = 0; lane < warpThreads; ++lane) {
    if (!(members >> lane & 1))
      continue;
    if (first + lane >= count)
      return false;
    const Thread &thread = threads[size_t(first + lane)];
    if (thread.state != state || thread.members != members)
      return false;
    words[lane] = thread.word;
  }
  for (int lane = 0; lane < warpThreads; ++lane) {
    if (!(members >> lane & 1))
      continue;
    Thread &thread = threads[size_t(first + lane)];
    uint32_t from = uint32_t(lane) ^ thread.distance;
    if (state == State::Exchanges && !(members >> from & 1)) {
      now = first + lane;
      fault("takes a number from lane " + std::to_string(from) +
            ", which is not a member of the shuffle");
    }
    thread.word = words[from % warpThreads];
    thread.state = State::Ready;
  }
  if (state == State::WaitsForWarp)
    memory.passWarpBarrier(first / warpThreads);
  return true;
}

bool Block::releaseWarp(int warp) {
  bool isReleased = false;
  int first = warp * warpThreads;
  for (int i = first; i < std::min(first + warpThreads, count); ++i) {
    Thread &thread = threads[size_t(i)];
    if (thread.state == State::WaitsForWarp || thread.state == State::Exchanges)
      isReleased |= releaseMembers(first, thread.members, thread.state);
  }
  return isReleased;
}

static const char *describe(State state) {
  switch (state) {
  case State::WaitsForBlock:
    return "waits for its block";
  case State::WaitsForWarp:
    return "waits for its warp";
  case State::Exchanges:
    return "waits in a shuffle";
  case State::Done:
    return "is at its end";
  default:
    return "can go on";
  }
}

// Names one thread that waits and, if there is one, another that does
// something else.
void Block::reportHang() const {
  int waiting = 0;
  while (threads[size_t(waiting)].state == State::Done)
    ++waiting;
  const Thread &thread = threads[size_t(waiting)];
  std::string what = describe(thread.state);
  for (int i = 0; i < count; ++i) {
    const Thread &other = threads[size_t(i)];
    bool isMember = thread.state == State::WaitsForBlock ||
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
  const_cast<Block *>(this)->now = waiting;
  fault(what);
}

void Block::waitForBlock() {
  threads[size_t(now)].members = 0;
  pause(State::WaitsForBlock);
}

void Block::waitForWarp(uint32_t members) {
  Thread &thread = threads[size_t(now)];
  thread.members = members;
  thread.distance = 0;
  pause(State::WaitsForWarp);
}

uint32_t Block::exchange(uint32_t members, uint32_t word, uint32_t distance) {
  Thread &thread = threads[size_t(now)];
  if (!(members >> (now % warpThreads) & 1))
    fault("calls a shuffle that it is not a member of");
  thread.members = members;
  thread.word = word;
  thread.distance = distance;
  int self = now;
  pause(State::Exchanges);
  return threads[size_t(self)].word;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void Block::findRanges() {
  size_t buffers = size_t(launch.kernel->buffers);
  std::vector<int64_t> bytes(buffers + 2);
  launch.kernel->sizes(launch.dims, bytes.data());
  ranges.clear();
  for (size_t i = 0; i < buffers; ++i)
    ranges.push_back({static_cast<const char *>(launch.buffers[i]), bytes[i]});
  ranges.push_back({static_cast<const char *>(launch.scalars), bytes[buffers]});
  ranges.push_back(
      {static_cast<const char *>(launch.scratch), bytes[buffers + 1]});
}

/// The buffer whose end is nearest below `address`, for a message.
static std::string nearest(const std::vector<const char *> &ends,
                           const char *address) {
  size_t best = ends.size();
  for (size_t i = 0; i < ends.size(); ++i)
    if (ends[i] <= address && (best == ends.size() || ends[best] < ends[i]))
      best = i;
  if (best == ends.size())
    return "";
  return ", " + std::to_string(address - ends[best]) +
         " bytes behind the end of buffer " + std::to_string(best);
}

void Block::access(const void *address, int bytes, int line, bool writes) {
  if (!checks)
    return;
  std::string where = " (access " + std::to_string(line) + " of the kernel)";
  if (memory.contains(address)) {
    std::string what = memory.access(address, bytes, now, writes);
    if (!what.empty())
      fault(what + where);
    return;
  }
  auto at = static_cast<const char *>(address);
  std::vector<const char *> ends;
  for (const Range &range : ranges) {
    if (at >= range.begin && at + bytes <= range.begin + range.bytes)
      return;
    ends.push_back(range.begin + range.bytes);
  }
  ends.resize(size_t(launch.kernel->buffers));
  fault((writes ? "writes " : "reads ") + std::to_string(bytes) +
        " bytes that belong to no buffer of the kernel" + nearest(ends, at) +
        where);
}

} // namespace lamina::emulator
