// SPDX-License-Identifier: Apache-2.0
//
// What the warpgroups of an emulated block do: barriers with phases, copies by
// the copy engine, products that are waited for later.
//
// Whatever is not bound to happen happens last. A copy arrives when no thread
// can go on without it, a product is computed when its sums are waited for.

#include "runtime/Emulator/Block.h"

namespace lamina::emulator {

//===----------------------------------------------------------------------===//
// Barriers with phases
//===----------------------------------------------------------------------===//

void Block::makeBarrier(const void *barrier, int arrivals, int op) {
  checkAlignment("makes a barrier at", barrier, 8, op);
  access(barrier, 8, op, /*writes=*/true);
  barriers.make(memory.offset(barrier), arrivals);
}

void Block::checkBarrier(const void *barrier, int op) {
  access(barrier, 8, op, /*writes=*/false);
  if (!memory.contains(barrier) || !barriers.has(memory.offset(barrier)))
    fault("uses a barrier where none has been made", op);
}

void Block::arrive(const void *barrier, int64_t bytes, int op) {
  checkBarrier(barrier, op);
  int64_t offset = memory.offset(barrier);
  if (bytes)
    barriers.expect(offset, bytes);
  std::string what = barriers.arrive(offset);
  if (!what.empty())
    fault(what, op);
}

void Block::waitForPhase(const void *barrier, uint32_t parity, int op) {
  checkBarrier(barrier, op);
  Thread &thread = threads[size_t(now)];
  thread.members = 0;
  thread.phaseAt = memory.offset(barrier);
  thread.parity = parity;
  pause(State::WaitsForPhase);
}

bool Block::releasePhases() {
  bool isReleased = false;
  for (int i = 0; i < count; ++i) {
    Thread &thread = threads[size_t(i)];
    if (thread.state != State::WaitsForPhase ||
        !barriers.isOver(thread.phaseAt, thread.parity))
      continue;
    thread.state = State::Ready;
    isReleased = true;
  }
  return isReleased;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

// It may happen at any time from now on, so what reads the bytes must be done
// with them now.
void Block::copyBox(BoxCopy copy, const void *to, const void *barrier, int op) {
  checkBarrier(barrier, op);
  checkAlignment("copies a box to", to, 128, op);
  checkAlignment("copies a box of a tensor at", copy.view->base, 16, op);
  copy.to = memory.offset(to);
  copy.barrier = memory.offset(barrier);
  copy.thread = now;
  access(to, int(copy.bytes()), op, /*writes=*/true);
  copy.forEachLine(
      [&](int64_t, const char *from, int64_t before, int64_t inside) {
        if (inside)
          access(from + before, int(inside), op, /*writes=*/false);
      });
  memory.beginCopy(to, int(copy.bytes()), now);
  boxes.push_back(copy);
}

bool Block::completeCopy(uint64_t &random) {
  if (boxes.empty())
    return false;
  size_t chosen = random ? size_t(next(random) % boxes.size()) : 0;
  BoxCopy copy = boxes[chosen];
  boxes.erase(boxes.begin() + std::ptrdiff_t(chosen));
  copy.run(memory.address());
  memory.finishCopy(memory.address() + copy.to, int(copy.bytes()), -1);
  barriers.complete(copy.barrier, copy.bytes());
  return true;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void Block::multiplyInGroup(const GroupProduct &product) {
  Thread &thread = threads[size_t(now)];
  if (!thread.isFenced)
    fault("begins a product on sums that it may have written, without a fence"
          " before it",
          product.op);
  thread.groupProduct = &product;
  thread.members = 0;
  pause(State::MultipliesInGroup);
}

void Block::beginReads(const GroupProduct &product) {
  for (const SharedMatrix *matrix : {&product.a, &product.b}) {
    std::string what = matrix->fault();
    if (!what.empty())
      fault("multiplies by a matrix " + what, product.op);
    matrix->forEachChunk([&](int64_t offset) {
      std::string why = memory.beginRead(offset, 16, now);
      if (!why.empty())
        fault(why, product.op);
    });
  }
}

bool Block::releaseGroup(int group) {
  const GroupProduct *members[groupThreads];
  int first = group * groupThreads;
  for (int i = 0; i < groupThreads; ++i) {
    if (threads[size_t(first + i)].state != State::MultipliesInGroup)
      return false;
    members[i] = threads[size_t(first + i)].groupProduct;
  }
  for (int i = 0; i < groupThreads; ++i) {
    now = first + i;
    if (!members[i]->isSame(*members[0]))
      fault("multiplies other matrices than thread " + std::to_string(first) +
                " of its warpgroup",
            members[i]->op);
  }
  now = first;
  beginReads(*members[0]);
  int number = products[size_t(group)].begin(members);
  for (int i = 0; i < groupThreads; ++i) {
    threads[size_t(first + i)].lastProduct = number;
    threads[size_t(first + i)].state = State::Ready;
  }
  return true;
}

void Block::commitProducts() {
  Thread &thread = threads[size_t(now)];
  thread.groupsOfProducts.push_back(thread.lastProduct);
}

void Block::completeProducts(int last) {
  GroupProducts &group = products[size_t(now / groupThreads)];
  while (const GroupProduct *product = group.next(last)) {
    for (const SharedMatrix *matrix : {&product->a, &product->b})
      matrix->forEachChunk([&](int64_t offset) { memory.endRead(offset, 16); });
    group.runNext(memory.address());
  }
}

void Block::waitForProducts(int pending) {
  Thread &thread = threads[size_t(now)];
  while (int(thread.groupsOfProducts.size()) > pending) {
    completeProducts(thread.groupsOfProducts.front());
    thread.groupsOfProducts.pop_front();
  }
}

void Block::waitForSums(float *sums, int number) {
  waitForProducts(0);
  Thread &thread = threads[size_t(now)];
  thread.isFenced = false;
  for (int i = 0; i < number; ++i)
    sums[i] = products[size_t(now / groupThreads)].resolve(now % groupThreads,
                                                           sums[i]);
}

} // namespace lamina::emulator
