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
#include "runtime/Emulator/BoxCopy.h"
#include "runtime/Emulator/CopyQueue.h"
#include "runtime/Emulator/GroupProducts.h"
#include "runtime/Emulator/Matrices.h"
#include "runtime/Emulator/PhaseBarriers.h"
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
  const TensorView *views; ///< one for each tensor map of the kernel
};

enum class State {
  Ready,
  WaitsForBlock,
  WaitsForPhase,
  MultipliesInGroup,
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
  int barrier = 0;     ///< of the block
  int expected = 0;    ///< threads at that barrier
  int64_t phaseAt = 0; ///< the barrier with phases
  uint32_t parity = 0;
  const MatrixLoad *load = nullptr;
  const Product *product = nullptr;
  CopyQueue copies;
  const GroupProduct *groupProduct = nullptr;
  bool isFenced = false;            ///< sums may be read by products
  int lastProduct = -1;             ///< of its warpgroup
  std::deque<int> groupsOfProducts; ///< the last one of each

  void restart();
};

/// The next number of a sequence that is good enough to mix threads.
uint64_t next(uint64_t &state);

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
  const TensorView *view(int number) const { return launch.views + number; }
  void waitForThreads(int barrier, int expected);
  void waitForBlock() { waitForThreads(0, count); }
  void waitForWarp(uint32_t members);
  uint32_t exchange(uint32_t members, uint32_t word, uint32_t distance);
  void loadMatrices(const MatrixLoad &load);
  void multiply(const Product &product);
  void access(const void *address, int bytes, int op, bool writes);
  void copy(const Copy &copy, int op);
  void commitCopies() { threads[size_t(now)].copies.commit(); }
  void waitForCopies(int pending);

  /// Barriers with phases, the copy engine.
  void makeBarrier(const void *barrier, int arrivals, int op);
  void arrive(const void *barrier, int64_t bytes, int op);
  void waitForPhase(const void *barrier, uint32_t parity, int op);
  void copyBox(BoxCopy copy, const void *to, const void *barrier, int op);

  /// Products of a warpgroup.
  void fenceSums() { threads[size_t(now)].isFenced = true; }
  void multiplyInGroup(const GroupProduct &product);
  void commitProducts();
  void waitForProducts(int pending);
  void waitForSums(float *sums, int count);

private:
  void makeFibers(int count);
  void runAlone();
  void runTogether(uint64_t seed);
  int choose(uint64_t &random) const;
  void pause(State state);
  bool isDone();
  bool release();
  bool releaseBarrier(int barrier);
  bool releasePhases();
  bool releaseGroup(int group);
  bool completeCopy(uint64_t &random);
  void completeProducts(int last);
  void beginReads(const GroupProduct &product);
  void checkBarrier(const void *barrier, int op);
  bool releaseWarp(int warp);
  bool areTogether(int first, uint32_t members, State state) const;
  void exchangeWords(int first, uint32_t members);
  void loadTogether(int first);
  void multiplyTogether(int first);
  void findRanges();
  void checkAlignment(const char *what, const void *address, int bytes, int op);
  std::string describePhases(int first) const;
  [[noreturn]] void reportHang() const;
  /// `op` is the number of the one that is at fault; 0 if that is no one op.
  [[noreturn]] void fault(const std::string &what, int op = 0) const;

  Launch launch{};
  int64_t block = 0;
  int now = 0;
  int count = 0;
  bool checks = false;
  std::vector<Thread> threads;
  boost::context::fiber scheduler;
  SharedMemory memory;
  PhaseBarriers barriers;
  std::vector<BoxCopy> boxes; ///< that are under way
  std::vector<GroupProducts> products;
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
