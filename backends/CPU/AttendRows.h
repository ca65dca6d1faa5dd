// SPDX-License-Identifier: Apache-2.0
//
// Attention, a row at a time.
//
// Takes kernels of one `attend` or `attend_grad` with softmax on f32: an item
// is a query, or for the adjoints of keys and values a key. Attention comes to
// a CPU as one op only in programs that a GPU may run too; where it comes as
// products, those are faster.

#ifndef LAMINA_BACKENDS_CPU_ATTENDROWS_H
#define LAMINA_BACKENDS_CPU_ATTENDROWS_H

#include "backends/CPU/KernelEmitter.h"

#include <memory>

namespace lamina::cpu {

/// Null if the body is no attention.
std::unique_ptr<KernelEmitter> createAttendRows(const KernelBody &body,
                                                unsigned lanes);

} // namespace lamina::cpu

#endif // LAMINA_BACKENDS_CPU_ATTENDROWS_H
