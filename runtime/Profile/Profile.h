// SPDX-License-Identifier: Apache-2.0
//
// Where the time of a run goes.
//
// Launches from the engine and spans from everything above it in; tables by
// kernel, layer and source line, and a trace that chrome://tracing and Perfetto
// open, out. A program that is not asked for a profile only tests a pointer.

#ifndef LAMINA_RUNTIME_PROFILE_PROFILE_H
#define LAMINA_RUNTIME_PROFILE_PROFILE_H

#include "runtime/Program/Program.h"
#include "runtime/include/Engine.h"

#include <map>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

/// What a stretch of the program's own time is for.
enum class Activity : uint8_t { Step, Entry, Data, Report, Files };

/// Launches that are told apart by nothing that a table shows.
struct LaunchTotal {
  int64_t calls = 0;
  double seconds = 0, flops = 0, bytes = 0;

  void add(const LaunchTime &launch) {
    add({1, launch.span.seconds(), launch.flops, launch.bytes});
  }
  void add(const LaunchTotal &other) {
    calls += other.calls;
    seconds += other.seconds;
    flops += other.flops;
    bytes += other.bytes;
  }
};
using SiteTotals = std::map<const LaunchSite *, LaunchTotal>;

class Profile : public LaunchWatcher {
public:
  explicit Profile(const Program &program) : program(program) {}

  /// Begins to watch `engine`. `traceFile` is empty if only tables are wanted.
  void start(Engine &engine, const std::string &traceFile);
  bool isOn() const { return engine != nullptr; }
  /// Stops, prints the tables and writes the trace.
  void finish();

  void launched(const LaunchTime &launch) override;
  void enter(Activity activity, const std::string &name);
  void leave();

private:
  struct Span {
    Activity activity;
    std::string name;
    TimeSpan time;
    int64_t inner = 0; ///< nanoseconds of what stands inside of it
  };
  struct Launch {
    LaunchTime time;
    size_t firstWorker; ///< in `workers`
  };

  void countInner(const TimeSpan &inner);
  std::string trace() const;
  std::string tables(const DevicePeak &peak) const;
  std::string activityTable() const;

  const Program &program;
  Engine *engine = nullptr;
  std::string traceFile;
  TimeSpan whole;
  SiteTotals sites;
  double kernelSeconds = 0;
  std::map<Activity, double> ownSeconds; ///< without what stands inside
  std::vector<Span> open;
  // What the trace shows.
  std::vector<Span> spans;
  std::vector<Launch> launches;
  std::vector<TimeSpan> workers;
  int64_t untraced = 0; ///< what the trace has no room for
};

/// Counts the time of a scope, if anybody asks for it.
class ProfileScope {
public:
  ProfileScope(Profile *asked, Activity activity, const std::string &name)
      : profile(asked && asked->isOn() ? asked : nullptr) {
    if (profile)
      profile->enter(activity, name);
  }
  ~ProfileScope() {
    if (profile)
      profile->leave();
  }
  ProfileScope(const ProfileScope &) = delete;
  ProfileScope &operator=(const ProfileScope &) = delete;

private:
  Profile *profile;
};

/// The launches of each kernel in a table, dearest first; times are those of
/// one of `runs`. Peaks of 0 leave their columns out.
std::string kernelTable(const Program &program, const SiteTotals &sites,
                        const DevicePeak &peak, double runs);
std::string layerTable(const SiteTotals &sites, const DevicePeak &peak);
std::string lineTable(const SiteTotals &sites, const DevicePeak &peak);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_PROFILE_PROFILE_H
