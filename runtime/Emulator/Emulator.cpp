// SPDX-License-Identifier: Apache-2.0
//
// What emulated GPU kernels call.

#include "runtime/ABI/Emulator.h"

#include "runtime/Emulator/Block.h"

#include <algorithm>
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

/// By who launches, where that is not the program.
static thread_local std::vector<TensorView> givenViews;

static std::vector<TensorView> viewTensors(const LaminaEmulatedKernel &kernel,
                                           void *const *buffers,
                                           const int64_t *dims) {
  if (!givenViews.empty())
    return givenViews;
  std::vector<LaminaTensorMap> maps(size_t(kernel.map_count));
  if (kernel.map_count)
    kernel.maps(dims, maps.data());
  std::vector<TensorView> views;
  for (const LaminaTensorMap &map : maps)
    views.push_back({map, static_cast<const char *>(buffers[map.buffer])});
  return views;
}

extern "C" {

void lamina_emulator_configure(uint64_t seed, int32_t check) {
  scheduleSeed = seed;
  areChecked = check != 0;
}

void lamina_emulator_give_maps(const LaminaTensorMap *maps,
                               const void *const *tensors, int32_t count) {
  givenViews.clear();
  for (int32_t i = 0; i < count; ++i)
    givenViews.push_back({maps[i], static_cast<const char *>(tensors[i])});
}

void lamina_emulate(const LaminaEmulatedKernel *kernel, void *const *buffers,
                    const int64_t *dims, const void *scalars, int64_t first,
                    int64_t last, void *scratch) {
  std::vector<TensorView> views = viewTensors(*kernel, buffers, dims);
  Launch launch{kernel, buffers, dims, scalars, scratch, views.data()};
  for (int64_t block = first; block < last; ++block)
    currentBlock().run(launch, block, scheduleSeed, areChecked);
}

int32_t lamina_emulated_thread(void) { return currentBlock().thread(); }

int32_t lamina_emulated_block(void) { return int32_t(currentBlock().number()); }

void *lamina_emulated_shared(void) { return currentBlock().shared().address(); }

void lamina_emulated_wait_for_block(int32_t) { currentBlock().waitForBlock(); }

void lamina_emulated_wait_for_threads(int32_t barrier, int32_t threads) {
  currentBlock().waitForThreads(barrier, threads);
}

void lamina_emulated_wait_for_warp(int32_t members) {
  currentBlock().waitForWarp(uint32_t(members));
}

int32_t lamina_emulated_exchange(int32_t members, int32_t word,
                                 int32_t distance, int32_t) {
  return int32_t(currentBlock().exchange(uint32_t(members), uint32_t(word),
                                         uint32_t(distance)));
}

void lamina_emulated_read(const void *address, int32_t bytes, int32_t op) {
  currentBlock().access(address, bytes, op, false);
}

void lamina_emulated_write(const void *address, int32_t bytes, int32_t op) {
  currentBlock().access(address, bytes, op, true);
}

void lamina_emulated_copy(void *to, const void *from, int32_t valid,
                          int32_t bytes, int32_t op) {
  currentBlock().copy(
      {static_cast<char *>(to), static_cast<const char *>(from), bytes, valid},
      op);
}

void lamina_emulated_commit_copies(void) { currentBlock().commitCopies(); }

void lamina_emulated_wait_for_copies(int32_t pending) {
  currentBlock().waitForCopies(pending);
}

void lamina_emulated_load_matrices(uint32_t *words, const void *row,
                                   int32_t count, int32_t is_transposed,
                                   int32_t op) {
  currentBlock().loadMatrices({row, words, count, is_transposed != 0, op});
}

void lamina_emulated_multiply(float *sums, uint32_t a0, uint32_t a1,
                              uint32_t a2, uint32_t a3, uint32_t b0,
                              uint32_t b1, float c0, float c1, float c2,
                              float c3) {
  uint32_t a[] = {a0, a1, a2, a3}, b[] = {b0, b1};
  float c[] = {c0, c1, c2, c3};
  currentBlock().multiply({a, b, c, sums});
}

const void *lamina_emulated_tensor_map(int32_t number) {
  return currentBlock().view(number);
}

void lamina_emulated_make_barrier(void *barrier, int32_t arrivals, int32_t op) {
  currentBlock().makeBarrier(barrier, arrivals, op);
}

int64_t lamina_emulated_arrive(void *barrier, int32_t op) {
  currentBlock().arrive(barrier, 0, op);
  return 0;
}

int64_t lamina_emulated_arrive_for_bytes(void *barrier, int32_t bytes,
                                         int32_t op) {
  currentBlock().arrive(barrier, bytes, op);
  return 0;
}

int32_t lamina_emulated_wait_for_phase(void *barrier, int32_t parity,
                                       int32_t op) {
  currentBlock().waitForPhase(barrier, uint32_t(parity), op);
  return 1;
}

void lamina_emulated_copy_box(void *to, void *barrier, const void *map,
                              const int32_t *at, int32_t rank, int32_t op) {
  BoxCopy copy{};
  copy.view = static_cast<const TensorView *>(map);
  std::copy_n(at, rank, copy.at);
  currentBlock().copyBox(copy, to, barrier, op);
}

void lamina_emulated_fence_sums(void) { currentBlock().fenceSums(); }

void lamina_emulated_multiply_in_group(float *sums, int32_t columns, uint64_t a,
                                       uint64_t b, int32_t a_is_transposed,
                                       int32_t b_is_transposed, int32_t op) {
  currentBlock().multiplyInGroup({sums,
                                  columns,
                                  {a, 64, a_is_transposed != 0},
                                  {b, columns, b_is_transposed != 0},
                                  op});
}

void lamina_emulated_commit_products(void) { currentBlock().commitProducts(); }

void lamina_emulated_wait_for_products(int64_t pending) {
  currentBlock().waitForProducts(int(pending));
}

void lamina_emulated_wait_for_sums(float *sums, int32_t count) {
  currentBlock().waitForSums(sums, count);
}

} // extern "C"
