// SPDX-License-Identifier: Apache-2.0
//
// The fastest that this core multiplies.

#ifndef LAMINA_TOOLS_LAMINAKERNEL_PEAK_H
#define LAMINA_TOOLS_LAMINAKERNEL_PEAK_H

#include "backends/Backend.h"

namespace lamina::tools {

/// Operations a second of products and sums that stay in registers, measured
/// now, on this core.
double measurePeak(const TargetModel &target);

} // namespace lamina::tools

#endif // LAMINA_TOOLS_LAMINAKERNEL_PEAK_H
