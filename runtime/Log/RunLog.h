// SPDX-License-Identifier: Apache-2.0
//
// The log of a training run.
//
// `DIR/log.jsonl`: one JSON object a line, losses by step and reports. A
// resumed run goes on where its checkpoint stands: later lines are dropped, so
// the log is that of a run that was never stopped.

#ifndef LAMINA_RUNTIME_LOG_RUNLOG_H
#define LAMINA_RUNTIME_LOG_RUNLOG_H

#include "runtime/Json/Json.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lamina {
namespace runtime {

using NamedNumbers = std::vector<std::pair<std::string, double>>;

class RunLog {
public:
  /// Opens `path`, keeping the lines up to step `keptSteps`. Throws.
  RunLog(const std::string &path, int64_t keptSteps);

  /// Seconds of training that the kept lines tell of. They stand here and not
  /// in checkpoints, so that equal runs have equal files.
  double secondsBefore() const { return seconds; }

  void step(int64_t step, const NamedNumbers &metrics, double seconds,
            double recordsPerSecond);
  void report(int64_t step, const NamedNumbers &values);

private:
  void write(const Json &line);

  std::string path;
  double seconds = 0;
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file{nullptr, &std::fclose};
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_LOG_RUNLOG_H
