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

} // extern "C"
