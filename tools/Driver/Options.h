// SPDX-License-Identifier: Apache-2.0
//
// What the command line asks the driver for.
//
// Plain values, filled by tools/lamina and read by the driver: neither needs
// the other's headers.

#ifndef LAMINA_TOOLS_DRIVER_OPTIONS_H
#define LAMINA_TOOLS_DRIVER_OPTIONS_H

#include "tools/Driver/Stages.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lamina::driver {

struct Options {
  std::string input; ///< a .lam file, or IR of the stage `from`
  std::string
      output; ///< empty: made from the input's name; "-": standard output
  std::vector<Stage> emit;   ///< what to write; a program if empty
  std::string kernel;        ///< of stages of code, only this one
  std::optional<Stage> from; ///< the stage that `input` is of
  std::string dumpFolder;    ///< stages up to the tape are written here, if set
  std::string precision = "float32";    ///< or bfloat16, float64
  std::vector<std::string> keepFloat32; ///< patterns of weights and layers
  std::string target;                   ///< triple; empty: this machine
  std::string mcpu; ///< "native", "portable" or a name; empty: native here,
                    ///< the plainest elsewhere
  std::vector<std::string> backends = {"cpu"}; ///< in order of preference
  bool withGPU = false;                    ///< carries code for NVIDIA GPUs too
  bool withOpenCL = false;                 ///< carries code for OpenCL too
  std::vector<std::string> backendPlugins; ///< shared libraries of backends
  std::vector<std::pair<std::string, std::string>>
      set;                    ///< constants, name and value
  std::string halideSchedule; ///< a file of schedules for kernels; or none
  std::string autoschedule;   ///< "fast" or "search"; empty: written schedules
  int autoscheduleLimit = 0;  ///< seconds for a kernel; 0: the usual
  std::vector<std::string> plugins; ///< shared libraries of passes
  std::vector<std::pair<std::string, std::string>>
      hooks;                  ///< hook and pass pipeline
  bool keepGradients = false; ///< the step stores the gradient of each weight
  bool timing = false;
  bool verbose = false;
  bool cache = true;
  bool withTests = false; ///< entries of `test` declarations too
  bool jsonDiagnostics = false;
  int threads = 0; ///< compile workers; 0: as many as cores
};

/// What `lamina explain` shows.
struct ExplainOptions {
  bool weights = false, kernels = false, memory = false, backends = false;
};

int check(const Options &options);
int build(const Options &options);
int explain(const Options &options, const ExplainOptions &what);

/// What the Reference interpreter plays, and in which arithmetic.
struct Oracle {
  Stage stage;          ///< graph or kernel
  bool isTyped = false; ///< rounds every result to its type; else in double
};

/// Compiles and runs at once: `arguments` are the built program's. With
/// `oracle` the Reference interpreter plays a stage instead.
int run(const Options &options, const std::vector<std::string> &arguments,
        std::optional<Oracle> oracle);

/// Looks for a schedule of the kernel in the file, by the backend and in the
/// way that `options` name, at run-time sizes `dims`, and measures it here.
/// Writes a ScheduleChoice to standard output. A process of its own, as a
/// search may have no end.
int searchKernel(const Options &options, const std::vector<int64_t> &dims);

/// Rewrites the files in the one layout; with `check` only says which differ.
int format(const std::vector<std::string> &files, bool check);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_OPTIONS_H
