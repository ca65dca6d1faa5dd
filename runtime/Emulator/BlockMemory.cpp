// SPDX-License-Identifier: Apache-2.0
//
// What the threads of an emulated block do to memory.

#include "runtime/Emulator/Block.h"

namespace lamina::emulator {

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

void Block::access(const void *address, int bytes, int op, bool writes) {
  if (!checks)
    return;
  if (memory.contains(address)) {
    std::string what = memory.access(address, bytes, now, writes);
    if (!what.empty())
      fault(what, op);
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
            " bytes that belong to no buffer of the kernel" + nearest(ends, at),
        op);
}

/// Hardware has no unaligned form of what `what` says.
void Block::checkAlignment(const char *what, const void *address, int bytes,
                           int op) {
  uintptr_t offset = reinterpret_cast<uintptr_t>(address) % uintptr_t(bytes);
  if (offset)
    fault(std::string(what) + " an address that is " + std::to_string(offset) +
              " bytes behind a multiple of " + std::to_string(bytes),
          op);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

// It may happen at any time from now on, so other threads must be done with the
// bytes now; it does happen when the thread waits for it.
void Block::copy(const Copy &copy, int op) {
  checkAlignment("copies to", copy.to, copy.bytes, op);
  if (copy.valid)
    checkAlignment("copies from", copy.from, copy.bytes, op);
  access(copy.to, copy.bytes, op, /*writes=*/true);
  if (copy.valid)
    access(copy.from, copy.valid, op, /*writes=*/false);
  memory.beginCopy(copy.to, copy.bytes, now);
  threads[size_t(now)].copies.begin(copy);
}

void Block::waitForCopies(int pending) {
  for (const Copy &copy : threads[size_t(now)].copies.wait(pending)) {
    copy.run();
    memory.finishCopy(copy.to, copy.bytes, now);
  }
}

} // namespace lamina::emulator
