// SPDX-License-Identifier: Apache-2.0
//
// All passes of Lamina.

#ifndef LAMINA_PASSES_REGISTERALL_H
#define LAMINA_PASSES_REGISTERALL_H

namespace lamina {

/// Makes every pass known by its flag. Call once, before a pipeline is parsed.
void registerAllPasses();

} // namespace lamina

#endif // LAMINA_PASSES_REGISTERALL_H
