/* SPDX-License-Identifier: Apache-2.0
 *
 * What the compiler writes into a module for a host of WebAssembly.
 *
 * Tables of entries and weights, laid out by tools/Wasm, read by runtime/Wasm.
 * A module is one program with one memory: everything is static, and an entry
 * is a function that calls its kernels one after the other.
 */

#ifndef LAMINA_RUNTIME_ABI_MODULE_H
#define LAMINA_RUNTIME_ABI_MODULE_H

#include "runtime/ABI/PlaceSlots.h"

#include <stddef.h>
#include <stdint.h>

extern "C" {

/* Elements are numbered as in runtime/ABI/Element.h. */

/* The length of an axis: `scale` times a named size, and `plus`. */
struct LaminaAxis {
  int64_t scale, plus;
  int32_t size; /* number of the named size; -1: `plus` alone */
};

struct LaminaNamedSize {
  const char *name; /* as the source has it: other entries may have the same */
  int64_t low, high;
};

/* A value for an argument that is not given. */
struct LaminaDefault {
  const int64_t *shape;
  const void *data;
};

/* A parameter of an entry: a tensor, a size, or both. */
struct LaminaParameter {
  const char *name;
  int32_t element, rank;
  const LaminaAxis *axes;
  int32_t argument;               /* of the entry; -1: it is only a size */
  int32_t size;                   /* that it gives; -1: none */
  int64_t below;                  /* ids are in [0, below); -1: anything goes */
  const LaminaDefault *otherwise; /* null: it must be given */
  int64_t size_otherwise;         /* of a size; -1: it must be given */
};

enum LaminaArgumentKind {
  LAMINA_ARGUMENT_STORED, /* `storage`: a weight */
  LAMINA_ARGUMENT_GIVEN,  /* by a parameter */
  LAMINA_ARGUMENT_KEY,    /* of random numbers */
  LAMINA_ARGUMENT_SEED,
  LAMINA_ARGUMENT_NUMBER /* `number` */
};

struct LaminaArgument {
  int32_t kind, element;
  int64_t place;
  double number;
};

struct LaminaOutput {
  const char *name; /* null: nobody sees it */
  int32_t element, rank;
  int64_t place;      /* of a variable; -1: memory for each call */
  int32_t cut_axis;   /* of this many elements is only a part good; -1: none */
  int32_t cut_length; /* number of the result that says how many */
};

struct LaminaModuleEntry {
  const char *name; /* null: the host does not call it */
  const LaminaParameter *parameters;
  const LaminaArgument *arguments;
  const LaminaOutput *results;
  int32_t parameter_count, argument_count, result_count;
  int32_t axis_count; /* of all results */
  /* The lengths of the axes of all results, one after the other. */
  void (*measure)(const int64_t *sizes, int64_t *axes);
  /* 0, or another number after a message. */
  int32_t (*run)(const int64_t *sizes, void *const *arguments,
                 void *const *results);
};

/* A tensor of a checkpoint: a weight, or one copy of a stack of them. */
struct LaminaWeight {
  const char *name;
  int32_t element, rank;
  const int64_t *shape;
  int64_t place;
};

/* What is kept and not given: a number everywhere, or what `init` computes. */
struct LaminaValue {
  int64_t place, count; /* of elements */
  int32_t element, init;
  double number;
};

struct LaminaModule {
  const char *description; /* JSON */
  const LaminaNamedSize *sizes;
  int64_t *size_values; /* room for as many */
  const LaminaModuleEntry *entries;
  const LaminaWeight *weights;
  uint8_t *given; /* of each weight */
  const LaminaValue *values;
  int32_t size_count, entry_count, weight_count, value_count;
  int64_t variable_bytes; /* of the block */
};

extern const LaminaModule lamina_module;

/* What the code of entries calls. -------------------------------------------*/

/* Memory until the next call; null after a message. */
void *lamina_arena(int64_t bytes);
void *lamina_scratch(int64_t bytes);

/* Fills `offsets` of `count` slots; returns the bytes of the arena, or -1 after
 * a message. */
int64_t lamina_place(const lamina::PlanInterval *slots, int32_t count,
                     int64_t *offsets);

/* a * b where both are sizes; the largest number if that is too large. */
int64_t lamina_multiply(int64_t a, int64_t b);

struct LaminaMove {
  void *to;
  const void *from;
  int64_t bytes;
};

/* All are read before any is written. 0, or 1 after a message. */
int32_t lamina_move(const LaminaMove *moves, int32_t count);

double lamina_load_real(int32_t element, const void *from);
int64_t lamina_load_whole(int32_t element, const void *from);
void lamina_store_real(int32_t element, void *to, double value);
void lamina_store_whole(int32_t element, void *to, int64_t value);

/* The key for `n` below `key`, two words each. */
void lamina_derive(const int64_t *key, int64_t n, int64_t *derived);

/* 1, after a message, for a division of `number` by 0. */
int32_t lamina_check_division(int64_t number, int64_t by);

/* Becomes the message of the call. */
void lamina_fail(const char *message);
}

#endif /* LAMINA_RUNTIME_ABI_MODULE_H */
