// SPDX-License-Identifier: Apache-2.0
//
// The threads of one emulated block.
//
// Each thread is a fiber that runs until it must wait: for its block, or for
// the members of its warp. Which of the threads that can go on goes on is a
// function of the seed, so that a schedule can be run again.

#ifndef LAMINA_RUNTIME_EMULATOR_BLOCK_H
#define LAMINA_RUNTIME_EMULATOR_BLOCK_H

#include "runtime/ABI/Emulator.h"
#include "runtime/Emulator/CopyQueue.h"
#include "runtime/Emulator/Matrices.h"
#include "runtime/Emulator/SharedMemory.h"

#include <boost/context/fiber.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace lamina::emulator {

/// The operands of one launch, as in Kernel.h.
struct Launch {
  const LaminaEmulatedKernel *kernel;
  void *const *buffers;
  const int64_t *dims;
  const void *scalars;
  void *scratch;
};

enum class State {
  Ready,
  WaitsForBlock,
  WaitsForWarp,
  Exchanges,
  LoadsMatrices,
  Multiplies,
  Done
};

struct Thread {
  boost::context::fiber fiber;
  State state = State::Done;
  uint32_t members = 0; ///< of the warp's threads that it waits for
  uint32_t word = 0;    ///< what it gives to an exchange, then what it got
  uint32_t distance = 0;
  const MatrixLoad *load = nullptr;
  const Product *product = nullptr;
  CopyQueue copies;
};

class Block {
public:
  Block() = default;
  Block(const Block &) = delete;

  /// Runs block `number` of `launch`; `seed` 0 takes the threads in order.
  void run(const Launch &launch, int64_t number, uint64_t seed, bool check);

  /// The calls of the thread that runs now.
  int thread() const { return now; }
  int64_t number() const { return block; }
  SharedMemory &shared() { return memory; }
  void waitForBlock();
  void waitForWarp(uint32_t members);
  uint32_t exchange(uint32_t members, uint32_t word, uint32_t distance);
  void loadMatrices(const MatrixLoad &load);
  void multiply(const Product &product);
  void access(const void *address, int bytes, int line, bool writes);
  void copy(const Copy &copy, int line);
  void commitCopies() { threads[size_t(now)].copies.commit(); }
  void waitForCopies(int pending);

private:
  void makeFibers(int count);
  void runAlone();
  void runTogether(uint64_t seed);
  int choose(uint64_t &random) const;
  void pause(State state);
  bool releaseBlock();
  bool releaseWarp(int warp);
  bool areTogether(int first, uint32_t members, State state) const;
  void exchangeWords(int first, uint32_t members);
  void loadTogether(int first);
  void multiplyTogether(int first);
  void findRanges();
  void checkAlignment(const char *what, const void *address, int bytes,
                      int line);
  [[noreturn]] void reportHang() const;
  [[noreturn]] void fault(const std::string &what) const;

  Launch launch{};
  int64_t block = 0;
  int now = 0;
  int count = 0;
  bool checks = false;
  std::vector<Thread> threads;
  boost::context::fiber scheduler;
  SharedMemory memory;
  /// What the kernel may touch: begin and bytes of each buffer, of the scalars
  /// and of the scratch. Known only with checks.
  struct Range {
    const char *begin;
    int64_t bytes;
  };
  std::vector<Range> ranges;
};

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_BLOCK_H
