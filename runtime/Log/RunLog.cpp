// SPDX-License-Identifier: Apache-2.0
//
// The log of a training run.
//
// Numbers of a step in, a line of JSON out.

#include "runtime/Log/RunLog.h"

#include "runtime/Files/Files.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace lamina {
namespace runtime {

namespace {

/// The part of a log that a resumed run goes on from.
struct KeptLines {
  std::string text;
  double seconds = 0;
};

} // namespace

/// The whole lines of the log at `path` that are not after `keptSteps`. A last
/// line that a kill cut short, or one that is no JSON, is dropped.
static KeptLines keptLines(const std::string &path, int64_t keptSteps) {
  KeptLines kept;
  if (keptSteps == 0 || !fileExists(path))
    return kept;
  FileBytes old = FileBytes::openRaw(path);
  std::string text(old.data(), old.size());
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    std::string line = text.substr(at, end - at);
    try {
      Json json = Json::parse(line, "log");
      if (json["step"].asInt() > keptSteps)
        continue;
      kept.text += line + "\n";
      if (const Json *seconds = json.find("seconds"))
        kept.seconds = seconds->asReal();
    } catch (const Error &) {
      continue;
    }
  }
  return kept;
}

RunLog::RunLog(const std::string &path, int64_t keptSteps) : path(path) {
  KeptLines kept = keptLines(path, keptSteps);
  seconds = kept.seconds;
  writeFile(path, kept.text);
  file.reset(std::fopen(path.c_str(), "ae"));
  if (!file)
    throw Error(join("cannot write ", quote(path), ": ", systemMessage(errno)));
}

void RunLog::write(const Json &line) {
  std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0)
    throw Error(join("cannot write ", quote(path), ": ", systemMessage(errno)));
}

/// Times are for reading: four digits are enough.
static double rounded(double value) {
  if (value == 0 || !std::isfinite(value))
    return 0;
  double scale = std::pow(10.0, 3 - std::floor(std::log10(std::fabs(value))));
  return std::round(value * scale) / scale;
}

/// A value that a program computed in f32 is written with the digits of an f32;
/// one that is no number, which JSON has no word for, as null.
static Json shortest(double value) {
  if (!std::isfinite(value))
    return Json();
  return double(float(value)) == value
             ? std::strtod(join(float(value)).c_str(), nullptr)
             : value;
}

void RunLog::step(int64_t step, const NamedNumbers &metrics, double seconds,
                  double recordsPerSecond) {
  Json line = Json::object();
  line.set("step", step);
  for (const auto &metric : metrics)
    line.set(metric.first, shortest(metric.second));
  line.set("seconds", rounded(seconds));
  line.set("records_per_second", rounded(recordsPerSecond));
  write(line);
}

void RunLog::report(int64_t step, const NamedNumbers &values) {
  Json line = Json::object(), report = Json::object();
  line.set("step", step);
  for (const auto &value : values)
    report.set(value.first, shortest(value.second));
  line.set("report", report);
  write(line);
}

} // namespace runtime
} // namespace lamina
