// SPDX-License-Identifier: Apache-2.0
//
// What the threads of an emulated warp do together.
//
// Each of them waits; when the last one has come, all get their results.

#include "runtime/Emulator/Block.h"

#include <algorithm>

namespace lamina::emulator {

static constexpr uint32_t wholeWarp = ~0u;

/// Whether all members wait for the same.
bool Block::areTogether(int first, uint32_t members, State state) const {
  for (int lane = 0; lane < warpThreads; ++lane) {
    if (!(members >> lane & 1))
      continue;
    if (first + lane >= count)
      return false;
    const Thread &thread = threads[size_t(first + lane)];
    if (thread.state != state || thread.members != members)
      return false;
  }
  return true;
}

bool Block::releaseWarp(int warp) {
  bool isReleased = false;
  int first = warp * warpThreads;
  for (int i = first; i < std::min(first + warpThreads, count); ++i) {
    State state = threads[size_t(i)].state;
    uint32_t members = threads[size_t(i)].members;
    if (state < State::WaitsForWarp || state > State::Multiplies ||
        !areTogether(first, members, state))
      continue;
    if (state == State::Exchanges)
      exchangeWords(first, members);
    else if (state == State::LoadsMatrices)
      loadTogether(first);
    else if (state == State::Multiplies)
      multiplyTogether(first);
    else
      memory.passWarpBarrier(warp);
    for (int lane = 0; lane < warpThreads; ++lane)
      if (members >> lane & 1)
        threads[size_t(first + lane)].state = State::Ready;
    isReleased = true;
  }
  return isReleased;
}

void Block::waitForWarp(uint32_t members) {
  threads[size_t(now)].members = members;
  pause(State::WaitsForWarp);
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

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

void Block::exchangeWords(int first, uint32_t members) {
  uint32_t words[warpThreads] = {};
  for (int lane = 0; lane < warpThreads; ++lane)
    if (members >> lane & 1)
      words[lane] = threads[size_t(first + lane)].word;
  for (int lane = 0; lane < warpThreads; ++lane) {
    if (!(members >> lane & 1))
      continue;
    Thread &thread = threads[size_t(first + lane)];
    uint32_t from = uint32_t(lane) ^ thread.distance;
    if (!(members >> from & 1)) {
      now = first + lane;
      fault("takes a number from lane " + std::to_string(from) +
            ", which is not a member of the shuffle");
    }
    thread.word = words[from % warpThreads];
  }
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

void Block::loadMatrices(const MatrixLoad &load) {
  Thread &thread = threads[size_t(now)];
  thread.members = wholeWarp;
  thread.load = &load;
  pause(State::LoadsMatrices);
}

void Block::loadTogether(int first) {
  const MatrixLoad *lanes[warpThreads];
  for (int lane = 0; lane < warpThreads; ++lane)
    lanes[lane] = threads[size_t(first + lane)].load;
  for (int lane = 0; lane < 8 * lanes[0]->count; ++lane) {
    now = first + lane;
    checkAlignment("reads a row of a matrix at", lanes[lane]->row, 16,
                   lanes[lane]->op);
    access(lanes[lane]->row, 16, lanes[lane]->op, /*writes=*/false);
  }
  emulator::loadMatrices(lanes);
}

void Block::multiply(const Product &product) {
  Thread &thread = threads[size_t(now)];
  thread.members = wholeWarp;
  thread.product = &product;
  pause(State::Multiplies);
}

void Block::multiplyTogether(int first) {
  const Product *lanes[warpThreads];
  for (int lane = 0; lane < warpThreads; ++lane)
    lanes[lane] = threads[size_t(first + lane)].product;
  emulator::multiply(lanes);
}

} // namespace lamina::emulator
