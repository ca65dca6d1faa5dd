// SPDX-License-Identifier: Apache-2.0
//
// Memory of the fake device, and copies.

#include <cstdlib>
#include <cstring>
#include <map>

#include "FakeCuda.h"

namespace fakecuda {

/// What device addresses are above their host's: beyond all that a process has.
static constexpr uint64_t distance = uint64_t(1) << 48;
/// Nothing that is read before it was written looks like a number.
static constexpr int poison = 0xFF;

static std::map<uint64_t, uint64_t> &deviceBlocks() {
  static std::map<uint64_t, uint64_t> blocks; // address on the device, bytes
  return blocks;
}

static std::map<uint64_t, uint64_t> &pinnedBlocks() {
  static std::map<uint64_t, uint64_t> blocks;
  return blocks;
}

static bool holds(const std::map<uint64_t, uint64_t> &blocks, uint64_t address,
                  uint64_t bytes) {
  auto next = blocks.upper_bound(address);
  if (next == blocks.begin())
    return false;
  --next;
  return address + bytes <= next->first + next->second;
}

char *hostAddress(uint64_t device, uint64_t bytes) {
  return holds(deviceBlocks(), device, bytes)
             ? reinterpret_cast<char *>(device - distance)
             : nullptr;
}

bool isPinned(const void *memory) {
  return holds(pinnedBlocks(), reinterpret_cast<uint64_t>(memory), 1);
}

static uint64_t usedBytes() {
  uint64_t bytes = 0;
  for (const auto &block : deviceBlocks())
    bytes += block.second;
  return bytes;
}

static uint64_t allBytes() {
  return uint64_t(setting("memory", int64_t(1) << 30));
}

static Result copyNow(void *to, const void *from, size_t bytes) {
  if (!to || !from)
    return IllegalAddress;
  std::memmove(to, from, bytes);
  return Success;
}

} // namespace fakecuda

using namespace fakecuda;

extern "C" {

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  *total = allBytes();
  *free = allBytes() - usedBytes();
  return Success;
}

Result cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  if (broken)
    return broken;
  if (bytes == 0)
    return InvalidValue;
  if (usedBytes() + bytes > allBytes())
    return OutOfMemory;
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(memory, poison, bytes);
  *address = reinterpret_cast<uint64_t>(memory) + distance;
  deviceBlocks()[*address] = bytes;
  count("allocations");
  return Success;
}

Result cuMemFree_v2(uint64_t address) {
  finishAll();
  if (!deviceBlocks().erase(address))
    return InvalidValue;
  std::free(reinterpret_cast<void *>(address - distance));
  return Success;
}

Result cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  if (broken)
    return broken;
  *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(*memory, poison, bytes);
  pinnedBlocks()[reinterpret_cast<uint64_t>(*memory)] = bytes;
  return Success;
}

Result cuMemFreeHost(void *memory) {
  finishAll();
  if (!pinnedBlocks().erase(reinterpret_cast<uint64_t>(memory)))
    return InvalidValue;
  std::free(memory);
  return Success;
}

Result cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes,
                            Stream *stream) {
  count("bytes to the device", int64_t(bytes));
  if (isPinned(from))
    return enqueue(
        stream, [=] { return copyNow(hostAddress(to, bytes), from, bytes); });
  // From other memory a driver takes the bytes before it returns.
  const char *begin = static_cast<const char *>(from);
  std::vector<char> kept(begin, begin + bytes);
  return enqueue(stream, [=] {
    return copyNow(hostAddress(to, bytes), kept.data(), bytes);
  });
}

Result cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes,
                            Stream *stream) {
  count("bytes to the host", int64_t(bytes));
  return enqueue(stream,
                 [=] { return copyNow(to, hostAddress(from, bytes), bytes); });
}

Result cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes,
                            Stream *stream) {
  // A device copies in any order: what overlaps is nobody's.
  if (to < from + bytes && from < to + bytes)
    return InvalidValue;
  return enqueue(stream, [=] {
    return copyNow(hostAddress(to, bytes), hostAddress(from, bytes), bytes);
  });
}

Result cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes,
                       Stream *stream) {
  return enqueue(stream, [=] {
    char *at = hostAddress(to, bytes);
    if (!at)
      return Result(IllegalAddress);
    std::memset(at, value, bytes);
    return Result(Success);
  });
}

} // extern "C"
