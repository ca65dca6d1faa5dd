// SPDX-License-Identifier: Apache-2.0
//
// Train, eval and bench.
//
// Flags in; a training, an evaluation or a measurement out.

#include "runtime/CommandLine/Commands.h"
#include "runtime/CommandLine/EmulatorFlags.h"
#include "runtime/Threads/ThreadPool.h"
#include "runtime/Train/Report.h"
#include "runtime/Train/RunFolder.h"
#include "runtime/Train/Trainer.h"

#include <algorithm>
#include <cstdio>

namespace lamina {
namespace runtime {

std::vector<FlagSpec> dataFlags(const Program &program) {
  std::vector<FlagSpec> specs;
  std::string names;
  for (const DataFile &file : dataFiles(program))
    names += (names.empty() ? "" : ", ") + file.name;
  if (!names.empty())
    specs.push_back({"data", "[NAME=]FILE",
                     join("read data from FILE (", names, ")"), true});
  return specs;
}

std::vector<FlagSpec> runFlags(const CommandContext &context) {
  const Program &program = context.program;
  std::vector<FlagSpec> specs = {
      {"seed", "N", "seed of every random number (0)", false},
      {"threads", "N", "threads to compute with (all processors)", false},
      {"device", "NAME", context.engine.devices(), false}};
  std::string names;
  for (const Scalar &scalar : program.scalars)
    if (scalar.canSet())
      names += (names.empty() ? "" : ", ") + scalar.name;
  specs.push_back({"set", "NAME=NUMBER",
                   join("change a number of the program (", names, ")"), true,
                   names.empty()});
  specs.push_back({"profile", "[=FILE]",
                   "show where the time goes; write a trace to FILE", false});
  for (FlagSpec &spec : emulatorFlags())
    specs.push_back(spec);
  return specs;
}

static void setDevice(const Flags &flags, Engine &engine) {
  std::string name = flags.text("device");
  if (flags.has("device") && name.empty())
    throw Error("'--device' is empty; it takes a name", ExitMisuse);
  if (engine.devices() != "cpu")
    return engine.setDevice(name);
  if (name.empty() || name == "cpu")
    return;
  Error error(join("this program runs on 'cpu', not on ", quote(name)),
              ExitMisuse);
  for (std::string kind : {"gpu", "opencl"})
    if (name.compare(0, kind.size(), kind) == 0)
      error.note(join("'lamina build --device=cpu,", kind,
                      "' makes one that runs on both"));
  throw error;
}

void applyFlags(const CommandContext &context, const Flags &flags,
                Session &session) {
  for (const std::string &data : flags.all("data"))
    session.setData(data);
  for (const std::string &setting : flags.all("set")) {
    size_t equals = setting.find('=');
    double value = 0;
    if (equals == std::string::npos ||
        !parseReal(setting.substr(equals + 1), value))
      throw Error(join("'--set ", setting, "' is not of the form NAME=NUMBER"),
                  ExitMisuse);
    session.setScalar(setting.substr(0, equals), value);
  }
  setDevice(flags, session.engine);
  applyEmulatorFlags(flags);
  session.seed = flags.number("seed", 0, 0);
  int64_t threads =
      flags.number("threads", ThreadPool::availableProcessors(), 1);
  if (threads > 1024)
    throw Error(join("'--threads ", threads, "' is more than 1024"),
                ExitMisuse);
  session.engine.setThreads(int(threads));
  session.profile = &context.profile;
  if (flags.has("profile"))
    context.profile.start(session.engine, flags.text("profile"));
}

void printHelp(const std::string &usage, const std::string &doc,
               const Flags &flags) {
  std::printf("usage: %s\n%s%s\n%s", usage.c_str(), doc.empty() ? "" : "\n",
              doc.c_str(), flags.help().c_str());
}

static std::vector<FlagSpec> joined(std::vector<FlagSpec> a,
                                    const std::vector<FlagSpec> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

int trainCommand(const CommandContext &context, const TrainPlan &plan) {
  std::vector<FlagSpec> specs = joined(
      dataFlags(context.program),
      {{"out", "DIR",
        "folder of log, checkpoints and weights (the next free runN)", false},
       {"steps", "N", "steps of each stage, instead of the program's", false},
       {"batch", "[NAME=]N", "records in a batch, instead of the program's",
        true},
       {"resume", "", "go on where the run in --out stands", false},
       {"weights", "FILE", "start from these weights", false},
       {"save-every", "N", "steps between checkpoints (by time)", false}});
  Flags flags(context.command, joined(specs, runFlags(context)),
              context.arguments);
  if (flags.helpWanted()) {
    printHelp(context.command + " [flags]", plan.doc, flags);
    return ExitOk;
  }
  TrainOptions options;
  options.out = flags.text("out");
  if (flags.has("out") && options.out.empty())
    throw Error("'--out' is empty; it takes a folder", ExitMisuse);
  options.weights = flags.text("weights");
  options.resume = flags.has("resume");
  options.steps = flags.number("steps", -1, 0);
  options.batches = flags.all("batch");
  options.saveEvery = flags.number("save-every", 0, 1);
  options.seedGiven = flags.has("seed");
  if (options.resume && !options.weights.empty())
    throw Error(
        "'--resume' goes on with the weights of the run; it does not take "
        "'--weights'",
        ExitMisuse);
  Session session(context.program, context.engine);
  applyFlags(context, flags, session);
  return Trainer(session, plan, options).run();
}

const TrainPlan &trainNamed(const Program &program, const std::string &name,
                            const std::string &command) {
  std::string names;
  for (const TrainPlan &train : program.trains) {
    if (train.name == name || (name.empty() && program.trains.size() == 1))
      return train;
    names += (names.empty() ? "" : ", ") + quote(train.name);
  }
  if (names.empty())
    throw Error("this program has no training", ExitMisuse);
  throw Error(name.empty() ? join("this program has several trainings: ", names)
                           : join("this program has no training ", quote(name)),
              ExitMisuse)
      .note(join("write '", command, " NAME' with one of ", names));
}

void loadWeights(Session &session, const Flags &flags,
                 const std::string &command) {
  ProfileScope scope(session.profile, Activity::Files, "load weights");
  bool hasWeights = false;
  for (const Variable &variable : session.program.variables)
    hasWeights = hasWeights || variable.isWeight();
  std::vector<bool> given(session.program.variables.size(), false);
  if (flags.has("weights"))
    given = session.variables.load(
        SafetensorsFile::open(weightsFile(flags.text("weights"))),
        Variables::Wanted::Weights);
  else if (hasWeights)
    throw Error(join(quote(command),
                     " needs '--weights' with a file or the folder of a run"),
                ExitMisuse);
  session.initialise(given);
}

int evalCommand(const CommandContext &context) {
  std::vector<FlagSpec> specs =
      joined(dataFlags(context.program),
             {{"weights", "FILE",
               "weights to evaluate: a file or the folder of a run", false}});
  Flags flags(context.command, joined(specs, runFlags(context)),
              context.arguments, "TRAINING");
  if (flags.helpWanted()) {
    printHelp(context.command + " [TRAINING] --weights FILE [flags]", "",
              flags);
    return ExitOk;
  }
  const TrainPlan &plan =
      trainNamed(context.program, flags.operand(), context.command);
  const StagePlan &stage = plan.stages.back();
  if (stage.reports.empty())
    throw Error(
        join(quote(plan.name), " has no report on a split to evaluate"));
  Session session(context.program, context.engine);
  applyFlags(context, flags, session);
  loadWeights(session, flags, context.command);
  for (size_t index : stage.reports) {
    const ReportPlan &report = context.program.reports[index];
    double value = evaluateReport(session, report, false);
    std::printf("%s %s\n", report.name.c_str(), join(float(value)).c_str());
  }
  return ExitOk;
}

namespace {
class KernelTimes : public LaunchWatcher {
public:
  void launched(const LaunchTime &launch) override {
    sites[launch.site].add(launch);
  }
  SiteTotals sites;
};
} // namespace

/// Asking for the time of each kernel costs time itself, so it is a run of its
/// own.
static void printKernelTimes(const CommandContext &context, Trainer &trainer,
                             int64_t steps) {
  KernelTimes times;
  trainer.measure(steps, &times);
  std::fputs(kernelTable(context.program, times.sites,
                         context.engine.measurePeak(), double(steps))
                 .c_str(),
             stdout);
}

int benchCommand(const CommandContext &context) {
  std::vector<FlagSpec> specs =
      joined(dataFlags(context.program),
             {{"steps", "N", "steps to measure (20)", false},
              {"batch", "[NAME=]N",
               "records in a batch, instead of the program's", true},
              {"kernels", "", "also list the time of each kernel", false}});
  Flags flags(context.command, joined(specs, runFlags(context)),
              context.arguments, "TRAINING");
  if (flags.helpWanted()) {
    printHelp(context.command + " [TRAINING] [flags]", "", flags);
    return ExitOk;
  }
  const TrainPlan &plan =
      trainNamed(context.program, flags.operand(), context.command);
  Session session(context.program, context.engine);
  applyFlags(context, flags, session);
  TrainOptions options;
  options.batches = flags.all("batch");
  int64_t steps = flags.number("steps", 20, 2);
  Trainer trainer(session, plan, options);
  std::vector<double> seconds = trainer.measure(steps);
  double first = seconds[0];
  std::sort(seconds.begin() + 1, seconds.end());
  std::printf(
      "first step %.3f ms, median of %lld later ones %.3f ms, best %.3f ms\n",
      first * 1e3, (long long)(steps - 1),
      seconds[1 + (seconds.size() - 1) / 2] * 1e3, seconds[1] * 1e3);
  if (flags.has("kernels"))
    printKernelTimes(context, trainer, steps);
  return ExitOk;
}

} // namespace runtime
} // namespace lamina
