// SPDX-License-Identifier: Apache-2.0
//
// Schedules that a backend finds.

#ifndef LAMINA_TOOLS_DRIVER_AUTOSCHEDULE_H
#define LAMINA_TOOLS_DRIVER_AUTOSCHEDULE_H

#include "tools/Driver/ChooseBackends.h"
#include "tools/Driver/TapeView.h"

#include <map>

namespace lamina::driver {

/// What a search for the schedule of a kernel gave.
struct ScheduleChoice {
  std::string why;  ///< there is none; else empty
  std::string text; ///< as the attribute `kernel.schedule` takes it
  /// Seconds of a run on one thread, with the written schedule and with this.
  double written = 0, found = 0;

  /// A schedule must be faster by more than what measurements differ by.
  bool isFaster() const { return why.empty() && found < 0.97 * written; }

  std::string toText() const;
  /// Nothing if `text` is of no choice.
  static std::optional<ScheduleChoice> parse(llvm::StringRef text);
};

/// Looks for schedules of the kernels that have none of their own, each in a
/// process, or in the cache, and gives the kernels those that are faster here.
/// Returns what is to be said of each kernel beside its code. Fails after a
/// sentence where no schedule can be looked for.
mlir::FailureOr<std::map<std::string, std::string>>
autoschedule(mlir::ModuleOp module, const std::vector<CodeTarget> &targets,
             const TapeView &tape, const Options &options);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_AUTOSCHEDULE_H
