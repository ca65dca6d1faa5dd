/* SPDX-License-Identifier: Apache-2.0
 *
 * A program in C around the object of a module.
 */
#include "LaminaModule.h"

/* The sum of the order that is drawn with `seed`: 78, whatever the seed; the message's first letter after a mistake. */
int run(int64_t seed) {
  LaminaTensor results[6];
  lamina_module_seed(seed);
  if (lamina_module_call("draw", 0, 0, results, 6) != 6)
    return lamina_module_error()[0];
  int sum = 0;
  for (int64_t i = 0; i < results[1].shape[0]; ++i)
    sum += ((const int32_t *)results[1].data)[i];
  return sum;
}
