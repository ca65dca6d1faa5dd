/* SPDX-License-Identifier: Apache-2.0
 *
 * Calling a module for WebAssembly.
 *
 * `lamina build --target=wasm32 model.lam` makes a module that exports these
 * functions and its `memory`, and imports nothing: it runs in a browser, in
 * Node, and in every other host. It has the samples and functions of the file.
 * Addresses, sizes and `int` are i32. docs/wasm.md has an example in
 * JavaScript.
 *
 *   give all weights, in any order     lamina_module_weight
 *   call an entry as often as wanted   lamina_module_call
 *
 * An instance is one program, used by one thread at a time. What a host hands
 * over stands in the module's memory, in blocks of `lamina_module_allocate`; it
 * is read during the call and may be freed or used again behind it. Memory may
 * grow in any call: in JavaScript views of it are made anew.
 */

#ifndef LAMINA_MODULE_H
#define LAMINA_MODULE_H

#include "Lamina.h" /* LaminaTensor; its functions are those of native libraries */

#ifdef __cplusplus
extern "C" {
#endif

/* Memory at a multiple of 128; NULL, without a message, if there is none. */
void *lamina_module_allocate(size_t bytes);
void lamina_module_release(void *block);

/* What the module has, as JSON: entries with parameters and results, weights
 * with shapes. docs/wasm.md lists the keys. */
const char *lamina_module_describe(void);

/* Copies a tensor of a safetensors file, by its name there, to where the
 * entries read it. Real numbers are converted. Returns 0, or -1 on failure. */
int lamina_module_weight(const LaminaTensor *tensor);

/* The seed of every random number (0 at first). */
void lamina_module_seed(int64_t seed);

/* Runs an entry. Each parameter is given by its name, those with a default may
 * be left out; a length is an I64 of rank 0. Fills up to `output_count`
 * results, whose data belongs to the module and stays until its next call.
 * Returns the number of results of the entry, or -1 on failure. */
int lamina_module_call(const char *entry, const LaminaTensor *inputs,
                       size_t input_count, LaminaTensor *outputs,
                       size_t output_count);

/* What went wrong in the last call that failed; never NULL. */
const char *lamina_module_error(void);

#ifdef __cplusplus
}
#endif

#endif /* LAMINA_MODULE_H */
