// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C, noticed between steps.
//
// The first signal asks for an orderly end: the step is finished and saved. The
// second one ends the program at once.

#ifndef LAMINA_RUNTIME_TRAIN_INTERRUPT_H
#define LAMINA_RUNTIME_TRAIN_INTERRUPT_H

namespace lamina {
namespace runtime {

/// Takes over SIGINT and SIGTERM.
void watchForInterrupt();

/// Whether a signal came since `watchForInterrupt`.
bool wasInterrupted();

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_TRAIN_INTERRUPT_H
