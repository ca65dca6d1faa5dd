/* SPDX-License-Identifier: Apache-2.0
 *
 * A tensor as the copy engine of a GPU sees it.
 *
 * What cuTensorMapEncodeTiled takes. A launch record has a function that fills
 * one for each map of the kernel at given sizes; the kernel takes the encoded
 * maps, 128 bytes each, by value behind its other arguments. The elements are
 * bf16, the space between elements is 1, nothing is interleaved, what is
 * outside reads as zero.
 */

#ifndef LAMINA_RUNTIME_ABI_TENSORMAP_H
#define LAMINA_RUNTIME_ABI_TENSORMAP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAMINA_TENSOR_MAP_AXES 5

typedef struct LaminaTensorMap {
  int64_t sizes[LAMINA_TENSOR_MAP_AXES];   /* the axis of neighbours first */
  int64_t strides[LAMINA_TENSOR_MAP_AXES]; /* bytes; the first one is 2 */
  int32_t box[LAMINA_TENSOR_MAP_AXES];     /* elements of one copy */
  int32_t rank;
  int32_t buffer;  /* of the kernel, which begins at a multiple of 16 */
  int32_t swizzle; /* bytes over which chunks of 16 are mixed: 128 */
} LaminaTensorMap;

/* Fills `maps`. No size is below 1, also where the tensor is empty: such a
 * kernel copies nothing. */
typedef void (*LaminaTensorMaps)(const int64_t *dims, LaminaTensorMap *maps);

#ifdef __cplusplus
}
#endif

#endif /* LAMINA_RUNTIME_ABI_TENSORMAP_H */
