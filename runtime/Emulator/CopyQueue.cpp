// SPDX-License-Identifier: Apache-2.0
//
// Copies to shared memory that one thread has begun.

#include "runtime/Emulator/CopyQueue.h"

#include <cstddef>
#include <cstring>

namespace lamina::emulator {

void Copy::run() const {
  std::memcpy(to, from, size_t(valid));
  std::memset(to + valid, 0, size_t(bytes - valid));
}

void CopyQueue::clear() {
  open.clear();
  groups.clear();
}

void CopyQueue::commit() {
  groups.push_back(std::move(open));
  open.clear();
}

std::vector<Copy> CopyQueue::wait(int pending) {
  std::vector<Copy> done;
  while (int(groups.size()) > pending) {
    done.insert(done.end(), groups.front().begin(), groups.front().end());
    groups.pop_front();
  }
  return done;
}

} // namespace lamina::emulator
