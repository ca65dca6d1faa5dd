// SPDX-License-Identifier: Apache-2.0
//
// Halide's autoschedulers.

#ifndef LAMINA_BACKENDS_HALIDE_SEARCHSCHEDULE_H
#define LAMINA_BACKENDS_HALIDE_SEARCHSCHEDULE_H

#include "backends/Halide/Algorithm.h"
#include "backends/Halide/Directive.h"

#include <optional>

namespace lamina::halide {

/// The schedule that an autoscheduler finds for the steps of `algorithm`, which
/// is used up: "fast" asks Mullapudi2016, "search" Adams2019. It reckons with
/// one item at sizes `dims` and one thread. Nothing if it finds none, or none
/// that directives say, and `why` is a clause about it.
std::optional<Directives> searchSchedule(Algorithm &algorithm,
                                         const Halide::Target &target,
                                         llvm::StringRef how,
                                         llvm::ArrayRef<int64_t> dims,
                                         std::string &why);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_SEARCHSCHEDULE_H
