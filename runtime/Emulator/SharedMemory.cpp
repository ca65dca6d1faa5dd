// SPDX-License-Identifier: Apache-2.0
//
// The shared memory of an emulated block, and who touched it.

#include "runtime/Emulator/SharedMemory.h"

#include "runtime/Emulator/Matrices.h"

#include <cstddef>
#include <cstring>

namespace lamina::emulator {

/// Descriptors of matrices in shared memory hold 18 bits of an address.
static constexpr size_t alignment = 256 << 10;
/// All bytes 0xff are NaN in every floating-point type.
static constexpr int poison = 0xff;

char *SharedMemory::base() {
  auto address = reinterpret_cast<uintptr_t>(bytes.data());
  return reinterpret_cast<char *>((address + alignment - 1) & -alignment);
}

void SharedMemory::prepare(int newSize, int threads, bool check) {
  size = newSize;
  if (bytes.empty())
    bytes.resize(2 * alignment);
  std::memset(base(), poison, size_t(size));
  shadow.assign(check ? size_t(size) : 0, Byte());
  warpEpochs.assign(size_t(threads + warpThreads - 1) / warpThreads, 0);
  blockEpoch = 0;
}

bool SharedMemory::isOrdered(const Access &before, int thread) const {
  if (before.thread < 0 || before.block != blockEpoch)
    return true;
  if (before.isOne && before.thread == thread)
    return true;
  int warp = thread / warpThreads;
  return before.warp == warp && before.inWarp != warpEpochs[size_t(warp)];
}

void SharedMemory::note(Access &access, int thread) const {
  int warp = thread / warpThreads;
  bool isNew = access.thread < 0 || access.block != blockEpoch;
  access.isOne = isNew || (access.isOne && access.thread == thread);
  access.warp = isNew || access.warp == warp ? warp : -1;
  access.thread = thread;
  access.block = blockEpoch;
  access.inWarp = warpEpochs[size_t(warp)];
}

bool SharedMemory::contains(const void *address) {
  auto offset = static_cast<const char *>(address) - base();
  return offset >= 0 && offset < std::ptrdiff_t(alignment);
}

std::string SharedMemory::check(int64_t offset, int length, int thread,
                                bool writes) const {
  std::string what = (writes ? "writes " : "reads ") + std::to_string(length) +
                     " bytes at " + std::to_string(offset) +
                     " of shared memory";
  if (offset + length > size)
    return what + ", which has " + std::to_string(size);
  for (int64_t at = offset; at < offset + length; ++at) {
    const Byte &byte = shadow[size_t(at)];
    if (byte.copier >= 0)
      return what + ", which thread " + std::to_string(byte.copier) +
             " copies to and has not waited for";
    if (writes && byte.readers > 0)
      return what + ", which a product that is under way reads";
    if (!isOrdered(byte.write, thread))
      return what + ", which thread " + std::to_string(byte.write.thread) +
             " writes with no barrier between them";
    if (writes && !isOrdered(byte.read, thread))
      return what + ", which thread " + std::to_string(byte.read.thread) +
             " reads with no barrier between them";
    if (!writes && !byte.isWritten)
      return what + ", which nobody has written";
  }
  return "";
}

std::string SharedMemory::access(const void *address, int length, int thread,
                                 bool writes) {
  int64_t first = offset(address);
  std::string what = check(first, length, thread, writes);
  if (!what.empty())
    return what;
  for (int64_t at = first; at < first + length; ++at) {
    Byte &byte = shadow[size_t(at)];
    note(writes ? byte.write : byte.read, thread);
    byte.isWritten |= writes;
  }
  return "";
}

void SharedMemory::beginCopy(const void *address, int length, int thread) {
  auto offset = static_cast<const char *>(address) - base();
  std::memset(base() + offset, poison, size_t(length));
  if (!shadow.empty())
    for (std::ptrdiff_t at = offset; at < offset + length; ++at)
      shadow[size_t(at)].copier = thread;
}

void SharedMemory::finishCopy(const void *address, int length, int thread) {
  auto offset = static_cast<const char *>(address) - base();
  if (!shadow.empty())
    for (std::ptrdiff_t at = offset; at < offset + length; ++at) {
      Byte &byte = shadow[size_t(at)];
      byte.copier = -1;
      byte.write = Access();
      if (thread >= 0)
        note(byte.write, thread);
    }
}

std::string SharedMemory::beginRead(int64_t offset, int length, int thread) {
  if (shadow.empty())
    return "";
  std::string what = check(offset, length, thread, /*writes=*/false);
  if (what.empty())
    addReaders(offset, length, 1);
  return what;
}

void SharedMemory::addReaders(int64_t offset, int length, int count) {
  if (!shadow.empty())
    for (int64_t at = offset; at < offset + length; ++at)
      shadow[size_t(at)].readers += count;
}

} // namespace lamina::emulator
