/* SPDX-License-Identifier: Apache-2.0
 *
 * What emulated GPU kernels call.
 *
 * A kernel for the emulator is the module for NVPTX compiled for this machine:
 * each special register, barrier and shuffle is a call of a function below,
 * each access to memory is reported to one. They hold inside of
 * `lamina_emulate` only.
 */

#ifndef LAMINA_RUNTIME_ABI_EMULATOR_H
#define LAMINA_RUNTIME_ABI_EMULATOR_H

#include "runtime/ABI/TensorMap.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thread of a kernel: buffers, dims, scalars and scratch as in Kernel.h. */
typedef void (*LaminaEmulatedThread)(void *const *buffers, const int64_t *dims,
                                     const void *scalars, void *scratch);

/* Fills `bytes` with the size of each buffer, then of the scalars and of the
 * scratch of one block. */
typedef void (*LaminaEmulatedSizes)(const int64_t *dims, int64_t *bytes);

typedef struct LaminaEmulatedKernel {
  const char *name;
  LaminaEmulatedThread thread;
  LaminaEmulatedSizes sizes;
  int32_t buffers;       /* how many */
  int32_t threads;       /* of a block */
  int32_t shared_bytes;  /* of a block */
  int32_t waits;         /* whether threads ever wait for others */
  LaminaTensorMaps maps; /* of this many tensors */
  int32_t map_count;
  const void *run; /* what the kernel exports (Kernel.h), to know it by */
} LaminaEmulatedKernel;

/* `seed` 0 runs threads in order, any other mixes them in a way of its own;
 * with `check` faults in the use of memory end the program with a message.
 * Call it while no kernel runs. */
void lamina_emulator_configure(uint64_t seed, int32_t check);

/* What messages call the kernel that exports `run`: `title`, and for each
 * number of `lamina_emulated_read` and `_write` the source line, "" where there
 * is none; the first is the kernel's own. The texts are copied. */
void lamina_emulator_describe(const void *run, const char *title,
                              const char *const *lines, int32_t count);

/* The tensors that the thread's launches copy from until the next call, in
 * place of what the kernel itself says of them: a driver has them from its
 * caller. No tensors: the kernel's again. */
void lamina_emulator_give_maps(const LaminaTensorMap *maps,
                               const void *const *tensors, int32_t count);

/* Runs the blocks [first, last) of `kernel`, one after another. */
void lamina_emulate(const LaminaEmulatedKernel *kernel, void *const *buffers,
                    const int64_t *dims, const void *scalars, int64_t first,
                    int64_t last, void *scratch);

/* Special registers. */
int32_t lamina_emulated_thread(void);
int32_t lamina_emulated_block(void);

/* Shared memory of the block. */
void *lamina_emulated_shared(void);

/* bar.sync 0; bar.sync of some threads; bar.warp.sync; shfl.sync.bfly.b32 */
void lamina_emulated_wait_for_block(int32_t barrier);
void lamina_emulated_wait_for_threads(int32_t barrier, int32_t threads);
void lamina_emulated_wait_for_warp(int32_t members);
int32_t lamina_emulated_exchange(int32_t members, int32_t word,
                                 int32_t distance, int32_t clamp);

/* cp.async: `valid` bytes and zeros behind them, `bytes` in all; its groups;
 * ldmatrix of `count` matrices; mma.m16n8k16 of bf16, which adds to c. */
void lamina_emulated_copy(void *to, const void *from, int32_t valid,
                          int32_t bytes, int32_t op);
void lamina_emulated_commit_copies(void);
void lamina_emulated_wait_for_copies(int32_t pending);
void lamina_emulated_load_matrices(uint32_t *words, const void *row,
                                   int32_t count, int32_t is_transposed,
                                   int32_t op);
void lamina_emulated_multiply(float *sums, uint32_t a0, uint32_t a1,
                              uint32_t a2, uint32_t a3, uint32_t b0,
                              uint32_t b1, float c0, float c1, float c2,
                              float c3);

/* A map as `lamina_emulated_copy_box` takes it. */
const void *lamina_emulated_tensor_map(int32_t number);

/* mbarrier: init, arrive, arrive.expect_tx, try_wait.parity, which here waits
 * and returns 1. */
void lamina_emulated_make_barrier(void *barrier, int32_t arrivals, int32_t op);
int64_t lamina_emulated_arrive(void *barrier, int32_t op);
int64_t lamina_emulated_arrive_for_bytes(void *barrier, int32_t bytes,
                                         int32_t op);
int32_t lamina_emulated_wait_for_phase(void *barrier, int32_t parity,
                                       int32_t op);

/* cp.async.bulk.tensor of the box at `at`, whose bytes `barrier` counts. */
void lamina_emulated_copy_box(void *to, void *barrier, const void *map,
                              const int32_t *at, int32_t rank, int32_t op);

/* wgmma: fence; mma_async m64n(columns)k16 of bf16 on descriptors, which leaves
 * tokens in `sums`; commit_group; wait_group; wait_group 0, which puts numbers
 * in place of the tokens. */
void lamina_emulated_fence_sums(void);
void lamina_emulated_multiply_in_group(float *sums, int32_t columns, uint64_t a,
                                       uint64_t b, int32_t a_is_transposed,
                                       int32_t b_is_transposed, int32_t op);
void lamina_emulated_commit_products(void);
void lamina_emulated_wait_for_products(int64_t pending);
void lamina_emulated_wait_for_sums(float *sums, int32_t count);

/* An access to `bytes` bytes at `address`; `op`, here and above, is the number
 * of the kernel's op that makes it, 0 if it is of none. */
void lamina_emulated_read(const void *address, int32_t bytes, int32_t op);
void lamina_emulated_write(const void *address, int32_t bytes, int32_t op);

#ifdef __cplusplus
}
#endif

#endif /* LAMINA_RUNTIME_ABI_EMULATOR_H */
