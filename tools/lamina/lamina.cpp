// SPDX-License-Identifier: Apache-2.0
//
// The command `lamina`.
//
// Command line -> Options. Everything that can be wrong with flags is said
// here, with exit code 2, before any work starts.

#include "tools/Driver/Options.h"
#include "tools/lamina/FlagMistakes.h"

#include <algorithm>
#include <iostream>
#include <sstream>
#include <string_view>

using namespace lamina::driver;

namespace {

/// Flags as text, before they are checked.
struct Raw {
  std::vector<std::string> emit, set, hooks;
  std::string from, backend = "cpu", device = "cpu";
};

/// A flag that makes no sense: reported like CLI11's own errors.
struct Misuse : CLI::ValidationError {
  using ValidationError::ValidationError;
};

} // namespace

static std::string stageList() {
  std::string text;
  for (const StageInfo &it : stages())
    text += std::string(text.empty() ? "" : ", ") + it.name;
  return text;
}

static Stage stageOrThrow(const std::string &flag, const std::string &name) {
  if (auto stage = stageByName(name))
    return *stage;
  throw Misuse(flag, "there is no stage '" + name + "'; the stages are " +
                         stageList());
}

static std::pair<std::string, std::string> splitOrThrow(const std::string &flag,
                                                        const std::string &text,
                                                        const char *form) {
  size_t at = text.find('=');
  if (at == std::string::npos || at == 0)
    throw Misuse(flag, "'" + text + "' is not of the form " + form);
  return {text.substr(0, at), text.substr(at + 1)};
}

static std::vector<std::string> splitAtCommas(const std::string &text) {
  std::vector<std::string> words;
  std::stringstream list(text);
  for (std::string word; std::getline(list, word, ',');)
    words.push_back(word);
  return words;
}

/// What a flag lists is asked for once.
static void refuseTwice(const char *flag,
                        const std::vector<std::string> &names) {
  for (auto it = names.begin(); it != names.end(); ++it)
    if (std::find(names.begin(), it, *it) != it)
      throw Misuse(flag, "it names '" + *it + "' twice; once is enough");
}

/// The processor is always one: initial values, data and what a GPU has no
/// kernel for are computed there.
static void finishDevices(const std::vector<std::string> &names,
                          Options &options) {
  refuseTwice("--device", names);
  for (const std::string &name : names) {
    if (name != "cpu" && name != "gpu" && name != "opencl")
      throw Misuse("--device",
                   "there is no device '" + name +
                       "'; a program is built for cpu, and for "
                       "gpu and opencl beside it: cpu,gpu" +
                       (name == "emulator" ? "; the emulator of GPUs is a "
                                             "backend: --backend=emulator,cpu"
                                           : ""));
    options.withGPU |= name == "gpu";
    options.withOpenCL |= name == "opencl";
  }
  if (std::find(names.begin(), names.end(), "cpu") == names.end())
    throw Misuse("--device", "every program is for the cpu too: write cpu," +
                                 (names.empty() ? "gpu" : names.front()));
}

/// What is asked for can be made of the file, and written where `--output`
/// says.
static void checkStages(const Options &options) {
  if (options.from &&
      (*options.from < Stage::Model || *options.from > Stage::Planned))
    throw Misuse("--from", std::string("a compilation continues from model, "
                                       "graph, kernel or planned, not from ") +
                               info(*options.from).name);
  for (Stage stage : options.emit)
    if (options.from && stage < *options.from)
      throw Misuse("--emit", std::string("the file is of the stage ") +
                                 info(*options.from).name +
                                 ", which is behind " + info(stage).name);
  if (options.output.empty())
    return;
  if (options.emit.size() > 1)
    throw Misuse("--output", "it names one file, and --emit asks for " +
                                 std::to_string(options.emit.size()) +
                                 " stages");
  Stage stage = options.emit.empty() ? Stage::Program : options.emit.front();
  if (options.output == "-" && stage >= Stage::Object)
    throw Misuse("--output", std::string("'-' shows a stage as text, and ") +
                                 info(stage).name + " is none");
}

static void checkPrecision(const Options &options) {
  const std::string &name = options.precision;
  if (name != "float32" && name != "bfloat16" && name != "float64")
    throw Misuse("--precision", "there is no precision '" + name +
                                    "'; there are float32, bfloat16 and "
                                    "float64");
  if (!options.keepFloat32.empty() && name != "bfloat16")
    throw Misuse("--keep-float32", "with --precision " + name +
                                       " no weight is of fewer bits; give "
                                       "--precision bfloat16, too");
  for (const std::string &pattern : options.keepFloat32)
    if (pattern.empty() || pattern.find_first_of(" ,{}'\"") != pattern.npos)
      throw Misuse("--keep-float32",
                   "'" + pattern +
                       "' is no pattern of a name: *norm*, blocks.0.feed");
}

static void finish(const Raw &raw, Options &options) {
  for (const std::string &name : raw.emit)
    options.emit.push_back(stageOrThrow("--emit", name));
  bool printsCode =
      std::any_of(options.emit.begin(), options.emit.end(), [](Stage stage) {
        return stage >= Stage::LLVM && stage < Stage::Object;
      });
  if (!options.kernel.empty() && !printsCode)
    throw Misuse("--kernel", "it chooses what --emit=llvm, asm, nvvm, ptx, "
                             "opencl, metal, webgpu, vulkan, halide, stmt or "
                             "stmt-html prints");
  if (!raw.from.empty())
    options.from = stageOrThrow("--from", raw.from);
  if (options.from && !raw.set.empty())
    throw Misuse("--set", std::string("the constants of a file are numbers in "
                                      "its IR, and this is ") +
                              info(*options.from).name +
                              "; set them where it is made of the source");
  checkStages(options);
  for (const std::string &text : raw.set)
    options.set.push_back(splitOrThrow("--set", text, "name=value"));
  for (const std::string &text : raw.hooks)
    options.hooks.push_back(splitOrThrow("--at", text, "hook=passes"));
  if (!options.plugins.empty() && options.hooks.empty())
    throw Misuse("--load-pass-plugin", "its passes run where --at "
                                       "HOOK=PASSES says, and there is none");
  options.backends = splitAtCommas(raw.backend);
  if (options.backends.empty())
    throw Misuse("--backend", "it names no backend");
  refuseTwice("--backend", options.backends);
  finishDevices(splitAtCommas(raw.device), options);
  checkPrecision(options);
}

/// What the oracle interprets, if it is asked for. It is no choice for single
/// kernels, nor for a program that is built.
static std::optional<Oracle> takeOracle(Options &options, bool canRun) {
  auto isOracle = [](const std::string &name) {
    return name == "reference" || name == "reference-kernels" ||
           name == "reference-typed";
  };
  const std::vector<std::string> &names = options.backends;
  auto found = std::find_if(names.begin(), names.end(), isOracle);
  if (found == names.end())
    return std::nullopt;
  if (!canRun || names.size() > 1)
    throw Misuse("--backend", "'" + *found +
                                  "' interprets the whole program: it stands "
                                  "alone, and only 'lamina run' takes it");
  Stage stage = *found == "reference-kernels" ? Stage::Kernel : Stage::Graph;
  if (options.from && *options.from > stage)
    throw Misuse("--backend", "'" + *found + "' interprets " +
                                  info(stage).name + ", and the file is of " +
                                  info(*options.from).name);
  Oracle oracle{stage, *found == "reference-typed"};
  options.backends = Options().backends; // for the tape, which is played
  return oracle;
}

/// A flag that may be given several times takes one value each time: what
/// follows the value is the file.
static CLI::Option *addList(CLI::App *command, const char *flag,
                            std::vector<std::string> &values,
                            const std::string &description) {
  return command->add_option(flag, values, description)
      ->allow_extra_args(false);
}

/// What a program is compiled for, and by what.
static void addTargetFlags(CLI::App *command, Raw &raw, Options &options) {
  command->add_option("--target", options.target,
                      "the machine to compile for, as a triple: "
                      "aarch64-linux-gnu, or wasm32 for a web page");
  command->add_option("--mcpu", options.mcpu,
                      "the processor to compile for: native, portable (code "
                      "for several, chosen at start), or a name");
  command->add_option("--backend", raw.backend,
                      "code generators in order of preference: cpu,…");
  command->add_option(
      "--device", raw.device,
      "what the program can run on: cpu, cpu,gpu or cpu,opencl");
  addList(command, "--load-backend-plugin", options.backendPlugins,
          "a shared library of backends");
  command->add_option("--halide-schedule", options.halideSchedule,
                      "schedules for kernels, as --emit=halide prints them");
  command
      ->add_option("--autoschedule", options.autoschedule,
                   "look for schedules of kernels that go to halide, and take "
                   "those that are faster here: fast, or search")
      ->check(CLI::IsMember({"fast", "search"}));
  command
      ->add_option("--autoschedule-limit", options.autoscheduleLimit,
                   "seconds after which the search for a kernel ends: 10 "
                   "for fast, 60 for search")
      ->check(CLI::Range(1, 86400));
}

static void addCompileFlags(CLI::App *command, Raw &raw, Options &options) {
  command->add_option("file", options.input, "a .lam file, or IR with --from")
      ->required();
  addList(command, "--set", raw.set,
          "give a constant of the file another value: name=value");
  command->add_option("--from", raw.from, "the file is IR of this stage");
  command->add_option("--precision", options.precision,
                      "float32, float64, or bfloat16: products of numbers of "
                      "16 bits, added up in 32");
  addList(command, "--keep-float32", options.keepFloat32,
          "weights or layers that bfloat16 leaves alone, by name: *norm*");
  addTargetFlags(command, raw, options);
  addList(command, "--load-pass-plugin", options.plugins,
          "a shared library of passes");
  addList(command, "--at", raw.hooks,
          "run passes at a hook: after-gradients=pass,pass");
  command->add_flag("--keep-gradients", options.keepGradients,
                    "write the gradients of a step to its checkpoints");
  command->add_option("--threads", options.threads, "threads that compile")
      ->check(CLI::Range(0, 4096));
  command->add_option("--dump-stages", options.dumpFolder,
                      "write every stage up to the tape into this folder");
  command->add_flag("--timing", options.timing,
                    "print the time that each stage took");
  command->add_flag("--json", options.jsonDiagnostics,
                    "print diagnostics as JSON lines");
  command->add_flag("-v,--verbose", options.verbose,
                    "say more: rule labels, caches");
  command->add_flag("--cache,!--no-cache", options.cache,
                    "keep compiled kernels on disk");
}

namespace {

/// The subcommands, and what each one fills.
struct CommandLine {
  CLI::App app{"Lamina compiles descriptions of models to native programs."};
  Raw raw;
  Options options;
  ExplainOptions what;
  std::vector<std::string> files, programArguments;
  bool checkOnly = false;
  CLI::App *build, *run, *test, *check, *fmt, *explain, *searchKernel;
  std::vector<int64_t> dims;

  CommandLine() {
    app.require_subcommand(1);
    app.set_version_flag("--version", "lamina " LAMINA_VERSION);
    addBuild();
    run = app.add_subcommand(
        "run",
        "compile a file and run it; the program's own flags follow '--'");
    addCompileFlags(run, raw, options);
    test = app.add_subcommand(
        "test", "run the tests of a file, in float64; part of a name after "
                "'--' picks some");
    addCompileFlags(test, raw, options);
    check = app.add_subcommand("check", "say what is wrong with a file");
    addCompileFlags(check, raw, options);
    fmt = app.add_subcommand("fmt", "bring files into the one layout");
    fmt->add_option("files", files, "what to format; '-' is standard input")
        ->required();
    fmt->add_flag("--check", checkOnly, "only say which files would change");
    explain = app.add_subcommand("explain", "show what a file turns into");
    addCompileFlags(explain, raw, options);
    explain->add_flag("--weights", what.weights, "weights by name and shape");
    explain->add_flag("--kernels", what.kernels,
                      "kernels with their cost and source lines");
    explain->add_flag("--memory", what.memory, "memory of each entry");
    explain->add_flag("--backends", what.backends,
                      "which kernel goes to which backend, and why");
    // What --autoschedule starts for each kernel.
    searchKernel = app.add_subcommand("search-kernel")->group("");
    addCompileFlags(searchKernel, raw, options);
    searchKernel->add_option("--dims", dims)->delimiter(',');
  }

  void addBuild() {
    build = app.add_subcommand("build", "compile a file to a native program");
    addCompileFlags(build, raw, options);
    build->add_option("-o,--output", options.output,
                      "the file to write; '-' is standard output");
    build->add_option("--kernel", options.kernel,
                      "of stages of code, llvm to stmt, only this kernel");
    addList(build, "--emit", raw.emit, "what to write: " + stageList())
        ->delimiter(',');
  }

  int dispatch() {
    finish(raw, options);
    bool runs = run->parsed() || test->parsed();
    std::optional<Oracle> oracle = takeOracle(options, runs);
    if (build->parsed())
      return lamina::driver::build(options);
    if (run->parsed())
      return lamina::driver::run(options, programArguments, oracle);
    if (test->parsed()) {
      if (test->count("--precision") && options.precision != "float64")
        throw Misuse("--precision", "tests run in float64");
      options.withTests = true;
      options.precision = "float64";
      programArguments.insert(programArguments.begin(), "test");
      return lamina::driver::run(options, programArguments, oracle);
    }
    if (check->parsed()) {
      options.withTests = true;
      return lamina::driver::check(options);
    }
    if (explain->parsed()) {
      if (!what.weights && !what.kernels && !what.memory && !what.backends)
        what = {true, true, true, false};
      return lamina::driver::explain(options, what);
    }
    if (searchKernel->parsed())
      return lamina::driver::searchKernel(options, dims);
    return lamina::driver::format(files, checkOnly);
  }
};

} // namespace

int main(int argc, char **argv) {
  CommandLine line;
  // What follows '--' is the built program's, not ours.
  char **end = std::find(argv, argv + argc, std::string_view("--"));
  if (end != argv + argc)
    line.programArguments.assign(end + 1, argv + argc);
  try {
    line.app.parse(int(end - argv), argv);
    return line.dispatch();
  } catch (const CLI::Success &request) { // --help, --version
    return line.app.exit(request);
  } catch (const CLI::ParseError &error) {
    std::cerr << "lamina: " << describeMistake(line.app, error) << "\n";
    return 2;
  }
}
