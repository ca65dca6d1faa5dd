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

std::string SharedMemory::access(const void *address, int length, int thread,
                                 bool writes) {
  auto offset = static_cast<const char *>(address) - base();
  std::string what = (writes ? "writes " : "reads ") + std::to_string(length) +
                     " bytes at " + std::to_string(offset) +
                     " of shared memory";
  if (offset + length > size)
    return what + ", which has " + std::to_string(size);
  for (std::ptrdiff_t at = offset; at < offset + length; ++at) {
    Byte &byte = shadow[size_t(at)];
    if (byte.copier >= 0)
      return what + ", which thread " + std::to_string(byte.copier) +
             " copies to and has not waited for";
    if (!isOrdered(byte.write, thread))
      return what + ", which thread " + std::to_string(byte.write.thread) +
             " writes with no barrier between them";
    if (writes && !isOrdered(byte.read, thread))
      return what + ", which thread " + std::to_string(byte.read.thread) +
             " reads with no barrier between them";
    if (!writes && byte.write.thread < 0)
      return what + ", which nobody has written";
    note(writes ? byte.write : byte.read, thread);
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
      shadow[size_t(at)].copier = -1;
      note(shadow[size_t(at)].write, thread);
    }
}

} // namespace lamina::emulator
