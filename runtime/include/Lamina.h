/* SPDX-License-Identifier: Apache-2.0
 *
 * Calling a built program from C.
 *
 * `lamina build --emit=lib model.lam` makes a shared library that exports these
 * functions. They call the samples and functions of the file by name, with its
 * weights loaded from a safetensors file.
 *
 *   LaminaProgram *net = lamina_open("run1/weights.safetensors", 0);
 *   LaminaTensor in = {"x", LAMINA_F32, 2, {1, 784}, pixels}, out;
 *   if (!net || lamina_call(net, "classify", &in, 1, &out, 1) < 0)
 *     puts(lamina_error());
 */

#ifndef LAMINA_H
#define LAMINA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct LaminaProgram LaminaProgram;

typedef enum LaminaElement {
  LAMINA_F32,
  LAMINA_F64,
  LAMINA_BF16,
  LAMINA_BOOL, /* a byte */
  LAMINA_I8,
  LAMINA_I32,
  LAMINA_I64
} LaminaElement;

#define LAMINA_MAX_RANK 8

/* A dense row-major tensor. Numbers have rank 0. */
typedef struct LaminaTensor {
  const char *name; /* of the parameter or result */
  LaminaElement element;
  int32_t rank;
  int64_t shape[LAMINA_MAX_RANK];
  void *data;
} LaminaTensor;

/* Loads the weights; NULL for a program without any. `threads`: 0 for all
 * processors. Returns NULL on failure: see `lamina_error`. One program is used
 * by one thread at a time; several may be open. */
LaminaProgram *lamina_open(const char *weights, int threads);
void lamina_close(LaminaProgram *program);

/* The seed of every random number (0 when opened). */
void lamina_seed(LaminaProgram *program, int64_t seed);

/* Runs the sample or function `name`. Each parameter is given by its name,
 * those with a default may be left out; a length is an I64 of rank 0. Fills up
 * to `output_count` results, whose data belongs to the program and stays until
 * its next call. Returns the number of results of `name`, or -1 on failure. */
int lamina_call(LaminaProgram *program, const char *name,
                const LaminaTensor *inputs, size_t input_count,
                LaminaTensor *outputs, size_t output_count);

/* What went wrong in the last call on this thread; never NULL. */
const char *lamina_error(void);

#ifdef __cplusplus
}
#endif

#endif /* LAMINA_H */
