// SPDX-License-Identifier: Apache-2.0
//
// What runs the entries of a program.
//
// Everything above an entry (command line, data, training, samples, files) is
// the same whoever computes it. A built program computes with the tape's
// kernels; `lamina run --backend=reference` plugs in the interpreter.

#ifndef LAMINA_RUNTIME_INCLUDE_ENGINE_H
#define LAMINA_RUNTIME_INCLUDE_ENGINE_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

/// One run of an entry. All tensors are dense and row-major in the types of the
/// tape (docs/tape.md); rank 0 is one element; a key is two i64.
struct EntryCall {
  size_t entry = 0;                  ///< index in the tape's "entries"
  const std::string *name = nullptr; ///< its name
  const std::vector<int64_t> *sizes =
      nullptr;                      ///< in the order of the tape's "sizes"
  void *const *arguments = nullptr; ///< storage of each argument
  void *const *results = nullptr;   ///< storage of each result
  /// What the caller would do while a device is at work. May run record entries
  /// and call `copyAhead`; an engine that computes here never calls it.
  const std::function<void()> *meanwhile = nullptr;

  // A result that stores a variable has the variable's storage, which may be
  // that of an argument too: the engine writes it after its last read.
};

/// The place of a launch in the tape; as long-lived as the engine.
struct LaunchSite {
  size_t kernel = 0;       ///< index in the tape's "kernels"
  std::string line, layer; ///< of its dearest op; may be empty
};

/// Now, by `std::chrono::steady_clock`.
int64_t nanoseconds();

/// A stretch of time, in such nanoseconds.
struct TimeSpan {
  int64_t begin = 0, end = 0;
  double seconds() const { return double(end - begin) * 1e-9; }
};

/// One launch that is done.
struct LaunchTime {
  const LaunchSite *site = nullptr;
  TimeSpan span;
  double flops = 0, bytes = 0;       ///< at the sizes of this launch
  const TimeSpan *workers = nullptr; ///< of each thread that had a share
  size_t workerCount = 0;
};

/// Who wants to know what each launch took. Called on the thread that runs the
/// entry.
class LaunchWatcher {
public:
  virtual ~LaunchWatcher() = default;
  virtual void launched(const LaunchTime &launch) = 0;
};

/// Operations and bytes of memory a second.
struct DevicePeak {
  double flops = 0, bytes = 0;
  bool isMeasured = true; ///< else what the device says of its clocks
};

class Engine {
public:
  virtual ~Engine() = default;

  /// Bytes of memory that a run at these sizes needs beside its arguments and
  /// results, so that what does not fit is said before the first step.
  virtual int64_t workspaceBytes(size_t entry,
                                 const std::vector<int64_t> &sizes) {
    return 0;
  }

  /// Runs the entry. On a mistake that data caused (a failed `check`) returns
  /// false with a message, or throws an `Error`, which may have notes, too;
  /// variables may then hold new values.
  virtual bool run(const EntryCall &call, std::string &message) = 0;

  /// What `setDevice` takes, for the help: "cpu", or "cpu, gpu or gpu:N".
  virtual std::string devices() const { return "cpu"; }

  /// Entries run on this device from now on; empty: on the best there is.
  /// Throws a sentence if it is not there.
  virtual void setDevice(const std::string &name) {}

  /// Memory that a run of this entry takes from: bytes that are free (-1: ask
  /// the machine), and its name.
  struct Memory {
    int64_t free = -1;
    std::string name;
  };
  virtual Memory memoryOf(size_t entry) const { return {}; }

  /// The storage of a variable, until `release`. While it is held, the newest
  /// value may be elsewhere: `toHost` comes before the host reads it,
  /// `hostWrote` after the host has written it.
  virtual void hold(void *storage, int64_t bytes) {}
  virtual void release(void *storage) {}
  virtual void toHost(void *storage) {}
  virtual void hostWrote(void *storage) {}

  /// Copies to the device what an argument of the next call holds, which stays
  /// as it is until then.
  virtual void copyAhead(const void *from, int64_t bytes) {}

  /// Called before the first run with the number of threads asked for.
  virtual void setThreads(int count) {}

  /// The processor that the kernels are for; empty for an interpreter.
  virtual std::string processor() const { return ""; }

  /// From now on tells `watcher` of each launch; null: of none.
  virtual void watch(LaunchWatcher *watcher) {}

  /// The fastest that the device computes; zeros if nobody knows.
  virtual DevicePeak measurePeak() { return {}; }
};

/// The whole program behind its command line, run by `engine`. Of the tape's
/// entries only the names, arguments and results are read. Returns the exit
/// code: 0, 1 for bad input, 2 for misuse of flags, 130 after Ctrl-C.
int runProgram(int argc, char **argv, const char *tape, size_t tapeSize,
               std::unique_ptr<Engine> engine);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_INCLUDE_ENGINE_H
