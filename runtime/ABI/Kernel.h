/* SPDX-License-Identifier: Apache-2.0
 *
 * What a compiled kernel and a built program export.
 *
 * The C interface between generated code and the runtime. A backend makes an
 * object that exports three functions a kernel; the driver makes a table of
 * them, embeds the tape (docs/tape.md) and calls `lamina_main`.
 */

#ifndef LAMINA_RUNTIME_ABI_KERNEL_H
#define LAMINA_RUNTIME_ABI_KERNEL_H

#include "runtime/ABI/Commands.h"
#include "runtime/ABI/TensorMap.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Number of work items at these sizes. It depends on nothing but `dims`, so the
 * split of a sum, and with it every bit of the result, is the same on any
 * number of threads. Items are independent and may run in any order. */
typedef int64_t (*LaminaKernelItems)(const int64_t *dims);

/* Bytes of scratch that one worker needs. */
typedef int64_t (*LaminaKernelScratch)(const int64_t *dims);

/* Runs the items [first, last).
 *
 * buffers  one pointer for each tensor operand, `ins` before `outs`; dense,
 *          row-major. A buffer is aligned to its element only.
 * dims     the run-time sizes, in the order of the kernel's `dims` attribute.
 * scalars  the scalar operands, each in 8 bytes at its index: f32 in the first
 *          4 bytes, f64 and i64 whole, i1 and i32 as i32 in the first 4 bytes,
 *          a random key as two neighbouring i64.
 * scratch  aligned to 64; what is in it is garbage before and after the call.
 */
typedef void (*LaminaKernelRun)(void *const *buffers, const int64_t *dims,
                                const void *scalars, int64_t first,
                                int64_t last, void *scratch);

/* The functions are null where only a device launches the kernel. */
typedef struct LaminaKernel {
  const char *name;
  LaminaKernelItems items;
  LaminaKernelScratch scratch;
  LaminaKernelRun run;
} LaminaKernel;

/* The kernels of a program for one level of the processor: `x86-64`,
 * `x86-64-v2` to `-v4`, or the name of another architecture. Tables of one
 * program have the same names in the same order. */
typedef struct LaminaVariant {
  const char *level;
  const LaminaKernel *kernels;
} LaminaVariant;

/* How a block of a device's kernel is launched. The kernel takes a pointer for
 * each buffer, an i64 for each size, a pointer to the scalars (laid out as
 * above), one to the scratch of all blocks, and the encoded tensor maps of
 * TensorMap.h, 128 bytes each by value; the grid has one dimension. */
typedef struct LaminaLaunch {
  int32_t threads;      /* of a block */
  int32_t shared_bytes; /* of a block, beside what the code declares itself */
  int32_t map_count;    /* tensor maps that the kernel takes */
  LaminaTensorMaps maps;
  /* Blocks of a second grid, `<entry>_finish` in the code, that is launched
   * behind the first one with the same arguments and as many threads; null if
   * there is none. */
  LaminaKernelItems finish;
} LaminaLaunch;

/* A kernel of the tape on a device: what one launch of it needs, or the
 * function that commands it. */
typedef struct LaminaDeviceKernel {
  const char *entry;           /* its name in the code; null: it has none */
  LaminaKernelItems blocks;    /* of the grid */
  LaminaKernelScratch scratch; /* bytes of scratch of one block */
  const LaminaLaunch *launch;
  LaminaCommand command; /* null but for OpenCL, where the rest is null */
} LaminaDeviceKernel;

/* Code of all kernels of a flavour, packed by zlib. Text (PTX, OpenCL C) is
 * compiled by the driver; what is binary (a cubin) runs on devices of its
 * generation. */
typedef struct LaminaDeviceCode {
  const char *chip; /* "sm_90" */
  int32_t is_binary;
  const void *packed;
  size_t packed_size;
  size_t size;
} LaminaDeviceCode;

/* Kernels for a kind of device: `opencl`, `opencl_f64` for those that compute
 * in 64 bits, where a device has them; or a GPU of NVIDIA. Those for `sm_80`
 * run on every later one; a
 * name that ends in `a`, `sm_90a`, is for that device alone, where its kernels
 * take the place of the others of their name. */
typedef struct LaminaDeviceVariant {
  const char *chip;
  const LaminaDeviceKernel *kernels; /* as the tape's */
  const LaminaDeviceCode *codes;
  size_t code_count;
} LaminaDeviceVariant;

/* All that a built program is, beside the runtime. `tape` is JSON
 * (docs/tape.md), `constants` the bytes that its constant addresses point into;
 * variants stand from the plainest to the best. */
typedef struct LaminaImage {
  const char *tape;
  size_t tape_size;
  const void *constants;
  size_t constants_size;
  size_t kernel_count;
  const LaminaVariant *variants;
  size_t variant_count;
  const LaminaDeviceVariant *device_variants; /* by name */
  size_t device_variant_count;                /* 0: for the processor alone */
} LaminaImage;

/* What a library exports instead of `main`, for runtime/include/Lamina.h. */
extern const LaminaImage lamina_image;

/* The whole program behind its command line. Returns the exit code: 0, 1 for
 * bad input, 2 for misuse of flags. */
int lamina_main(int argc, char **argv, const LaminaImage *image);

#ifdef __cplusplus
}
#endif

#endif /* LAMINA_RUNTIME_ABI_KERNEL_H */
