// SPDX-License-Identifier: Apache-2.0
//
// Schedules as text.
//
//   out: split(i1, panel, lane, 48) reorder(lane, row) vectorize(lane, 16)
//   product.update: unroll(row)
//
// A line names a Func, or an update of it, and what is done with its loops, in
// order. `#` starts a comment.

#ifndef LAMINA_BACKENDS_HALIDE_SCHEDULETEXT_H
#define LAMINA_BACKENDS_HALIDE_SCHEDULETEXT_H

#include "backends/Halide/Directive.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

namespace lamina::halide {

/// The directives of `text`. Nothing if it is none, and `fault` says why.
std::optional<Directives> parseSchedule(llvm::StringRef text,
                                        ScheduleFault &fault);

/// Prints `directives`, those of one definition on a line.
void printSchedule(const Directives &directives, llvm::raw_ostream &out);

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_SCHEDULETEXT_H
