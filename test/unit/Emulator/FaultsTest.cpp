// SPDX-License-Identifier: Apache-2.0
//
// Kernels with faults, and what the emulator says of them.
//
// The kernels call what generated ones call. Each of them is right but for the
// one line that its test plants.

#include "runtime/ABI/Emulator.h"

#include <gtest/gtest.h>
#include <numeric>
#include <vector>

namespace {

constexpr int threads = 64;

/// What is wrong with the kernel that runs; 0: nothing.
int plant = 0;
enum Plant {
  Nothing,
  MissingBarrier,
  Unwritten,
  BehindShared,
  BehindBuffer,
  TwoWriters,
  PartialMask,
  DroppedLane,
  LeavesEarly,
};

float load(const float *address, int line) {
  lamina_emulated_read(address, 4, line);
  return *address;
}

void store(float *address, float value, int line) {
  lamina_emulated_write(address, 4, line);
  *address = value;
}

/// y[i] = x[63 - i] + the number of the warp's lane next to it, by shared
/// memory and a shuffle.
void mirror(void *const *buffers, const int64_t *, const void *, void *) {
  auto *x = static_cast<const float *>(buffers[0]);
  auto *y = static_cast<float *>(buffers[1]);
  auto *shared = static_cast<float *>(lamina_emulated_shared());
  int i = lamina_emulated_thread();
  int to = plant == BehindShared && i == 9 ? threads : i;
  if (plant == TwoWriters && i == 5)
    to = 4;
  if (plant != Unwritten || i != 7)
    store(shared + to, load(x + i, 1), 2);
  if (plant == LeavesEarly && i == 3)
    return;
  if (plant != MissingBarrier)
    lamina_emulated_wait_for_block(0);
  float other = load(shared + (threads - 1 - i), 3);
  int members = plant == PartialMask ? 0x7fffffff : -1;
  if (plant == DroppedLane && i == 40)
    return;
  int neighbour = lamina_emulated_exchange(members, i, 1, 31);
  store(y + i + (plant == BehindBuffer && i == 63), other + float(neighbour),
        4);
}

void sizesOfMirror(const int64_t *, int64_t *bytes) {
  bytes[0] = bytes[1] = threads * 4;
  bytes[2] = bytes[3] = 0;
}

const LaminaEmulatedKernel kernel = {
    "mirror",    mirror, sizesOfMirror, 2, threads,
    threads * 4, 1,      nullptr,       0, &plant};

std::vector<float> run(Plant fault, uint64_t seed) {
  plant = fault;
  std::vector<float> x(threads), y(threads + 1);
  std::iota(x.begin(), x.end(), 100.f);
  void *buffers[] = {x.data(), y.data()};
  lamina_emulator_configure(seed, 1);
  lamina_emulate(&kernel, buffers, nullptr, nullptr, 0, 3, nullptr);
  return y;
}

class Schedules : public testing::TestWithParam<int> {};

TEST_P(Schedules, GiveTheSameNumbers) {
  std::vector<float> y = run(Nothing, uint64_t(GetParam()));
  for (int i = 0; i < threads; ++i)
    EXPECT_EQ(y[size_t(i)], float(100 + 63 - i + (i ^ 1)));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Schedules, testing::Range(0, 10));

/// The planted fault ends the program, whatever the schedule, with a message
/// that begins like this.
void expectFault(Plant fault, const std::string &message) {
  for (uint64_t seed : {0, 1, 2})
    EXPECT_EXIT(run(fault, seed), testing::ExitedWithCode(1),
                "error: kernel 'mirror', block 0, thread " + message);
}

TEST(Faults, AMissingBarrierIsARace) {
  expectFault(MissingBarrier,
              "[0-9]+ (reads 4 bytes at [0-9]+ of shared memory, which (nobody "
              "has written|thread [0-9]+ writes with no barrier between them)"
              "|writes 4 bytes at [0-9]+ of shared memory, which thread [0-9]+ "
              "reads with no barrier between them)");
}

TEST(Faults, SharedMemoryIsReadBeforeItIsWritten) {
  expectFault(Unwritten, "56 reads 4 bytes at 28 of shared memory, which "
                         "nobody has written");
}

TEST(Faults, AnAccessIsBehindSharedMemory) {
  expectFault(BehindShared, "9 writes 4 bytes at 256 of shared memory, which "
                            "has 256");
}

TEST(Faults, AnAccessIsBehindABuffer) {
  expectFault(BehindBuffer,
              "63 writes 4 bytes that belong to no buffer of the kernel, 0 "
              "bytes behind the end of buffer 1");
}

TEST(Faults, TwoThreadsWriteOneNumber) {
  expectFault(TwoWriters, "[45] writes 4 bytes at 16 of shared memory, which "
                          "thread [45] writes with no barrier between them");
}

TEST(Faults, AShuffleLeavesOutItsCaller) {
  expectFault(PartialMask, "(31|63) calls a shuffle that it is not a member of"
                           "|.* takes a number from lane 31, which is not a "
                           "member of the shuffle");
}

TEST(Faults, ALaneIsMissingInAShuffle) {
  expectFault(DroppedLane, "[0-9]+ waits in a shuffle, but thread 40 is at its "
                           "end");
}

/// Op 4 has no line of its own, and a thread that waits is at no one op.
TEST(Faults, AreAtTheLineOfTheOp) {
  const char *lines[] = {"m.lam:1:1", "m.lam:2:3", "m.lam:5:9", "m.lam:6:2",
                         ""};
  auto expect = [&](Plant fault, const std::string &message) {
    EXPECT_EXIT(
        (lamina_emulator_describe(&plant, "step.map", lines, 5), run(fault, 0)),
        testing::ExitedWithCode(1), message);
  };
  expect(BehindShared, "error: m.lam:5:9: kernel 'step.map', block 0, thread 9 "
                       "writes 4 bytes at 256 of shared memory, which has 256");
  expect(BehindBuffer,
         "error: m.lam:1:1: kernel 'step.map', block 0, thread 63 "
         "writes 4 bytes that belong to no buffer of the kernel");
  expect(LeavesEarly, "error: m.lam:1:1: kernel 'step.map', block 0, thread "
                      "[0-9]+ waits for its block");
}

TEST(Faults, AThreadLeavesBeforeTheBarrier) {
  expectFault(LeavesEarly, "[0-9]+ waits for its block, but thread 3 is at its "
                           "end");
}

} // namespace
