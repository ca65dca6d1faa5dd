// SPDX-License-Identifier: Apache-2.0
//
// Where the Funcs of a step are computed on a GPU.

#ifndef LAMINA_BACKENDS_HALIDE_GROUPSCHEDULE_H
#define LAMINA_BACKENDS_HALIDE_GROUPSCHEDULE_H

#include "backends/Halide/Algorithm.h"
#include "backends/Halide/Directive.h"

namespace lamina::halide {

/// The written schedule of `step` for work groups of threads.
Directives chooseGroupSchedule(const Step &step);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_GROUPSCHEDULE_H
