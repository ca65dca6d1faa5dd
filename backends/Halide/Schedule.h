// SPDX-License-Identifier: Apache-2.0
//
// When and where the Funcs of a step are computed.
//
// Written schedules, one for each form of a step: elements, rows, products. Any
// other schedule gives the same numbers: no directive changes the order of a
// sum.

#ifndef LAMINA_BACKENDS_HALIDE_SCHEDULE_H
#define LAMINA_BACKENDS_HALIDE_SCHEDULE_H

#include "backends/Halide/Algorithm.h"
#include "backends/Halide/Directive.h"

namespace lamina::halide {

/// The written schedule of `step` for `target`.
Directives chooseSchedule(Step &step, const TargetModel &target);

/// Tells Halide what is true of the stages of `step` whatever the schedule.
void stateSizes(Step &step);

/// Does what `directives` say to the Funcs of `step`. False if they name
/// something that is not there or would change numbers, and `fault` says what.
bool applySchedule(Step &step, const Directives &directives,
                   ScheduleFault &fault);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_SCHEDULE_H
