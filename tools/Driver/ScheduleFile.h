// SPDX-License-Identifier: Apache-2.0
//
// Schedules of kernels in a file.

#ifndef LAMINA_TOOLS_DRIVER_SCHEDULEFILE_H
#define LAMINA_TOOLS_DRIVER_SCHEDULEFILE_H

#include "tools/Driver/ChooseBackends.h"

namespace lamina::driver {

/// Gives kernels of `module` the schedules that the file `path` has for them,
/// in blocks `kernel NAME { … }`, as `--emit=halide` prints them. Fails after a
/// diagnostic at the line of the file if there is no such kernel, if another
/// backend compiles it, or if the schedule does not fit.
mlir::LogicalResult attachSchedules(mlir::ModuleOp module, llvm::StringRef path,
                                    const std::vector<CodeTarget> &targets);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_SCHEDULEFILE_H
