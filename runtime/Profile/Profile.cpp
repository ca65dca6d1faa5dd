// SPDX-License-Identifier: Apache-2.0
//
// Where the time of a run goes.
//
// Launches and scopes in, in the order in which they end; sums kept. What the
// tables and the trace look like stands in Tables.cpp and Trace.cpp.

#include "runtime/Profile/Profile.h"

#include "runtime/Files/Files.h"

#include <cstdio>

namespace lamina {
namespace runtime {

/// A trace beyond this opens slowly in every viewer; the tables count on.
static constexpr size_t tracedLaunches = 1000000;

void Profile::start(Engine &watched, const std::string &file) {
  if (engine)
    return;
  engine = &watched;
  traceFile = file;
  whole.begin = nanoseconds();
  engine->watch(this);
}

void Profile::countInner(const TimeSpan &inner) {
  if (!open.empty())
    open.back().inner += inner.end - inner.begin;
}

void Profile::launched(const LaunchTime &launch) {
  sites[launch.site].add(launch);
  kernelSeconds += launch.span.seconds();
  countInner(launch.span);
  if (traceFile.empty())
    return;
  if (launches.size() == tracedLaunches) {
    ++untraced;
    return;
  }
  launches.push_back({launch, workers.size()});
  workers.insert(workers.end(), launch.workers,
                 launch.workers + launch.workerCount);
}

void Profile::enter(Activity activity, const std::string &name) {
  open.push_back({activity, name, {nanoseconds(), 0}});
}

void Profile::leave() {
  Span span = std::move(open.back());
  open.pop_back();
  span.time.end = nanoseconds();
  ownSeconds[span.activity] += span.time.seconds() - double(span.inner) * 1e-9;
  countInner(span.time);
  if (!traceFile.empty() && spans.size() < tracedLaunches)
    spans.push_back(std::move(span));
}

void Profile::finish() {
  if (!engine)
    return;
  whole.end = nanoseconds();
  engine->watch(nullptr);
  DevicePeak peak = sites.empty() ? DevicePeak() : engine->measurePeak();
  engine = nullptr;
  // Not on the standard output, which is the program's own.
  std::fputs(tables(peak).c_str(), stderr);
  if (traceFile.empty())
    return;
  writeFile(traceFile, trace());
  std::fprintf(stderr, "\nthe trace is in %s\n", quote(traceFile).c_str());
  if (untraced > 0)
    std::fprintf(stderr,
                 "it ends after %lld launches; %lld later ones are in "
                 "the tables only\n",
                 (long long)tracedLaunches, (long long)untraced);
}

std::string Profile::tables(const DevicePeak &peak) const {
  if (sites.empty())
    return activityTable() + "no kernel was launched\n";
  return activityTable() + kernelTable(program, sites, peak, 1) +
         layerTable(sites, peak) + lineTable(sites, peak);
}

/// What the program did, each second once.
std::string Profile::activityTable() const {
  static const std::pair<Activity, const char *> names[] = {
      {Activity::Entry, "between kernels"},
      {Activity::Data, "reading data"},
      {Activity::Files, "checkpoints and weights"}};
  double total = whole.seconds(), rest = total;
  char line[120];
  std::string out;
  auto add = [&](double seconds, const char *name) {
    rest -= seconds;
    std::snprintf(line, sizeof line, "  %10.3f s %5.1f %%  %s\n", seconds,
                  total > 0 ? seconds / total * 100 : 0, name);
    out += line;
  };
  std::snprintf(line, sizeof line, "\nprofile of %.3f s\n", total);
  out += line;
  add(kernelSeconds, "kernels");
  for (const auto &[activity, name] : names)
    if (auto own = ownSeconds.find(activity); own != ownSeconds.end())
      add(own->second, name);
  add(rest, "everything else");
  return out;
}

} // namespace runtime
} // namespace lamina
