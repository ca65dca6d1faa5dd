// SPDX-License-Identifier: Apache-2.0
//
// The fastest that this machine computes.
//
// A pool of threads in; products and sums a second that stay in registers, and
// bytes a second of memory that no cache holds, out.

#ifndef LAMINA_RUNTIME_PROFILE_PEAK_H
#define LAMINA_RUNTIME_PROFILE_PEAK_H

#include "runtime/Threads/ThreadPool.h"
#include "runtime/include/Engine.h"

namespace lamina {
namespace runtime {

/// Takes about a tenth of a second.
DevicePeak measurePeak(ThreadPool &pool);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_PROFILE_PEAK_H
