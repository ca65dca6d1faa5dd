// SPDX-License-Identifier: Apache-2.0
//
// From a schedule that Halide holds to our words.

#ifndef LAMINA_BACKENDS_HALIDE_READSCHEDULE_H
#define LAMINA_BACKENDS_HALIDE_READSCHEDULE_H

#include "backends/Halide/Algorithm.h"
#include "backends/Halide/Directive.h"

#include <optional>

namespace lamina::halide {

/// The directives that schedule another copy of `step` as this one is
/// scheduled, up to what would change numbers: loops of sums keep their order
/// and become no lanes, and no loop is parallel. Nothing if the schedule has
/// something that directives do not say, and `why` says what.
std::optional<Directives> readSchedule(Step &step, std::string &why);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_READSCHEDULE_H
