/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that the host commands.
 *
 * The C interface between the runtime and code that puts a kernel on a device:
 * it computes the grids and calls back for each of them. What it calls takes
 * the arguments that code of Halide has, so that such code needs nothing else.
 */

#ifndef LAMINA_RUNTIME_ABI_COMMANDS_H
#define LAMINA_RUNTIME_ABI_COMMANDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who takes commands; the runtime's own. */
typedef struct LaminaQueue LaminaQueue;

typedef struct LaminaDeviceAxis {
  int32_t min, extent, stride;
  uint32_t flags;
} LaminaDeviceAxis;

/* Memory of a device, laid out as `halide_buffer_t`. `device` is an address of
 * the queue's; strides count elements. */
typedef struct LaminaDeviceBuffer {
  uint64_t device;
  const void *device_interface;
  void *host;
  uint64_t flags;
  uint8_t type_code, type_bits;
  uint16_t type_lanes;
  int32_t dimensions;
  LaminaDeviceAxis *axes;
  void *padding;
} LaminaDeviceBuffer;

/* Puts a kernel on the device. `buffers` are addresses of the queue's, the rest
 * is as in Kernel.h. Code need not look at what a call back returns: a queue
 * that failed does nothing more of the kernel. */
typedef int32_t (*LaminaCommand)(LaminaQueue *queue, const uint64_t *buffers,
                                 const int64_t *dims, const void *scalars);

/* Runs `entry` of the program's code over groups of threads that share
 * `local_bytes`. Arguments end where a size is 0; a buffer's is a pointer to a
 * LaminaDeviceBuffer. Not 0: the queue knows why. */
int32_t lamina_queue_run(LaminaQueue *queue, void *unused, const char *entry,
                         int32_t groups_x, int32_t groups_y, int32_t groups_z,
                         int32_t threads_x, int32_t threads_y,
                         int32_t threads_z, int32_t local_bytes,
                         const size_t *sizes, void *const *arguments,
                         const int8_t *are_buffers);

/* Memory for what `buffer` describes, until it is freed, or dropped on the way
 * out after a failure. */
int32_t lamina_queue_allocate(LaminaQueue *queue, LaminaDeviceBuffer *buffer,
                              const void *unused);
int32_t lamina_queue_free(LaminaQueue *queue, LaminaDeviceBuffer *buffer);
void lamina_queue_drop(LaminaQueue *queue, LaminaDeviceBuffer *buffer);

#ifdef __cplusplus
}
#endif

#endif /* LAMINA_RUNTIME_ABI_COMMANDS_H */
