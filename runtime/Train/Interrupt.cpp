// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and its like, noticed between steps.
//
// Signals in, a flag out.

#include "runtime/Train/Interrupt.h"

#include <csignal>

namespace lamina {
namespace runtime {

static volatile std::sig_atomic_t interruptions = 0;

static void onSignal(int signal) {
  interruptions = 1;
  // The next one meets the default action.
  std::signal(signal, SIG_DFL);
}

void watchForInterrupt() {
  interruptions = 0;
  std::signal(SIGINT, onSignal);
  std::signal(SIGTERM, onSignal);
  // A terminal that is closed; 'nohup' ignores it, and so do we then.
  if (std::signal(SIGHUP, onSignal) == SIG_IGN)
    std::signal(SIGHUP, SIG_IGN);
}

bool wasInterrupted() { return interruptions != 0; }

} // namespace runtime
} // namespace lamina
