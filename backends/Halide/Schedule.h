// SPDX-License-Identifier: Apache-2.0
//
// When and where the Funcs of a step are computed.
//
// Written schedules, one for each form of a step: elements, rows, products. Any
// other schedule gives the same numbers.

#ifndef LAMINA_BACKENDS_HALIDE_SCHEDULE_H
#define LAMINA_BACKENDS_HALIDE_SCHEDULE_H

#include "backends/Halide/Algorithm.h"

namespace lamina::halide {

/// Schedules all Funcs of `step` for `target`.
void scheduleStep(Step &step, const TargetModel &target);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_SCHEDULE_H
