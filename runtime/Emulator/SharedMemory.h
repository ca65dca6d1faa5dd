// SPDX-License-Identifier: Apache-2.0
//
// The shared memory of an emulated block, and who touched it.
//
// Filled with NaN before each block. With checks it knows for each byte who
// read and wrote it last, and between which barriers: two threads of which one
// writes must have a barrier between them.

#ifndef LAMINA_RUNTIME_EMULATOR_SHAREDMEMORY_H
#define LAMINA_RUNTIME_EMULATOR_SHAREDMEMORY_H

#include <cstdint>
#include <string>
#include <vector>

namespace lamina::emulator {

class SharedMemory {
public:
  void prepare(int bytes, int threads, bool check);
  char *address() { return base(); }
  int64_t offset(const void *address) {
    return static_cast<const char *>(address) - base();
  }

  /// Whether `address` is in shared memory, or right behind it.
  bool contains(const void *address);
  /// What is wrong with an access by `thread`; empty if nothing is.
  std::string access(const void *address, int bytes, int thread, bool writes);

  /// From `begin` to `finish` the bytes belong to a copy of `thread`: nobody
  /// may read or write them.
  void beginCopy(const void *address, int bytes, int thread);
  void finishCopy(const void *address, int bytes, int thread);

  /// From `begin` to `end` a product of `thread` that is under way may read the
  /// bytes: nobody may write them. Returns what is wrong with that.
  std::string beginRead(int64_t offset, int bytes, int thread);
  void endRead(int64_t offset, int bytes) { addReaders(offset, bytes, -1); }

  void passBlockBarrier() { ++blockEpoch; }
  void passWarpBarrier(int warp) { ++warpEpochs[size_t(warp)]; }

private:
  /// The last access of one kind, by one thread or by several.
  struct Access {
    int32_t thread = -1; ///< -1: nobody yet
    int32_t warp = -1;   ///< -1: threads of several warps
    uint32_t block = 0, inWarp = 0;
    bool isOne = true;
  };
  struct Byte {
    Access read, write;
    int32_t copier = -1; ///< whose copy is under way; -1: none
    int32_t readers = 0; ///< products that are under way
    bool isWritten = false;
  };

  char *base();
  std::string check(int64_t offset, int bytes, int thread, bool writes) const;
  void addReaders(int64_t offset, int bytes, int count);
  bool isOrdered(const Access &before, int thread) const;
  void note(Access &access, int thread) const;

  std::vector<char> bytes;
  std::vector<Byte> shadow;
  std::vector<uint32_t> warpEpochs;
  uint32_t blockEpoch = 0;
  int size = 0;
};

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_SHAREDMEMORY_H
