// SPDX-License-Identifier: Apache-2.0
//
// What emulated GPU kernels call.

#include "runtime/ABI/Emulator.h"

#include "runtime/Emulator/Block.h"

#include <atomic>

using namespace lamina::emulator;

/// A worker runs one block at a time, so its fibers and its shared memory are
/// made once.
static Block &currentBlock() {
  static thread_local Block block;
  return block;
}

static std::atomic<uint64_t> scheduleSeed{0};
static std::atomic<bool> areChecked{false};

extern "C" {

void lamina_emulator_configure(uint64_t seed, int32_t check) {
  scheduleSeed = seed;
  areChecked = check != 0;
}

void lamina_emulate(const LaminaEmulatedKernel *kernel, void *const *buffers,
                    const int64_t *dims, const void *scalars, int64_t first,
                    int64_t last, void *scratch) {
  Launch launch{kernel, buffers, dims, scalars, scratch};
  for (int64_t block = first; block < last; ++block)
    currentBlock().run(launch, block, scheduleSeed, areChecked);
}

int32_t lamina_emulated_thread(void) { return currentBlock().thread(); }

int32_t lamina_emulated_block(void) { return int32_t(currentBlock().number()); }

void *lamina_emulated_shared(void) { return currentBlock().shared().address(); }

void lamina_emulated_wait_for_block(int32_t) { currentBlock().waitForBlock(); }

void lamina_emulated_wait_for_warp(int32_t members) {
  currentBlock().waitForWarp(uint32_t(members));
}

int32_t lamina_emulated_exchange(int32_t members, int32_t word,
                                 int32_t distance, int32_t) {
  return int32_t(currentBlock().exchange(uint32_t(members), uint32_t(word),
                                         uint32_t(distance)));
}

void lamina_emulated_read(const void *address, int32_t bytes, int32_t line) {
  currentBlock().access(address, bytes, line, false);
}

void lamina_emulated_write(const void *address, int32_t bytes, int32_t line) {
  currentBlock().access(address, bytes, line, true);
}

void lamina_emulated_copy(void *to, const void *from, int32_t valid,
                          int32_t bytes, int32_t line) {
  currentBlock().copy(
      {static_cast<char *>(to), static_cast<const char *>(from), bytes, valid},
      line);
}

void lamina_emulated_commit_copies(void) { currentBlock().commitCopies(); }

void lamina_emulated_wait_for_copies(int32_t pending) {
  currentBlock().waitForCopies(pending);
}

void lamina_emulated_load_matrices(uint32_t *words, const void *row,
                                   int32_t count, int32_t is_transposed,
                                   int32_t line) {
  currentBlock().loadMatrices({row, words, count, is_transposed != 0, line});
}

void lamina_emulated_multiply(float *sums, uint32_t a0, uint32_t a1,
                              uint32_t a2, uint32_t a3, uint32_t b0,
                              uint32_t b1, float c0, float c1, float c2,
                              float c3) {
  uint32_t a[] = {a0, a1, a2, a3}, b[] = {b0, b1};
  float c[] = {c0, c1, c2, c3};
  currentBlock().multiply({a, b, c, sums});
}

} // extern "C"
