// SPDX-License-Identifier: Apache-2.0
//
// What a training run shows.
//
// On a terminal a bar that redraws itself; elsewhere a plain line now and then,
// so that a file of the output stays short.

#ifndef LAMINA_RUNTIME_PROGRESS_PROGRESS_H
#define LAMINA_RUNTIME_PROGRESS_PROGRESS_H

#include "runtime/Log/RunLog.h"

#include <chrono>
#include <string>

namespace lamina {
namespace runtime {

class Progress {
public:
  /// `first` steps of `total` are done already.
  Progress(int64_t first, int64_t total);
  ~Progress();

  /// Called after each step; draws when it is time to.
  void step(int64_t step, const NamedNumbers &metrics, int64_t records);
  /// A line that stays: a report, a checkpoint, a warning.
  void line(const std::string &text);

private:
  using Clock = std::chrono::steady_clock;
  void draw(int64_t step, const NamedNumbers &metrics);
  void clear();
  std::string describe(int64_t step, const NamedNumbers &metrics) const;

  bool terminal;
  int64_t first, total, lastStep, records = 0;
  bool drawn = false; ///< a bar stands on the current line of the terminal
  Clock::time_point start, lastDrawn, firstStepEnd;
};

/// "1:02:03", "2:03" or "0:03".
std::string clockTime(double seconds);

/// "loss 1.234  accuracy 0.5".
std::string metricsText(const NamedNumbers &metrics);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_PROGRESS_PROGRESS_H
