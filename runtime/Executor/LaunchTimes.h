// SPDX-License-Identifier: Apache-2.0
//
// What a watched launch costs, and when it is.

#ifndef LAMINA_RUNTIME_EXECUTOR_LAUNCHTIMES_H
#define LAMINA_RUNTIME_EXECUTOR_LAUNCHTIMES_H

#include "runtime/Executor/Tape.h"

namespace lamina {
namespace runtime {

/// A launch at `site` that has not begun, with its cost at these sizes; what
/// nobody can say of it is 0.
LaunchTime launchAt(const TapeSite &site, const SizeValues &sizes);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_LAUNCHTIMES_H
