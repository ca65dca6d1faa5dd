// SPDX-License-Identifier: Apache-2.0
//
// One search for a schedule, and what it is worth.
//
// The kernel runs here with the written schedule and with the one that is
// found, on the same random numbers. All schedules give the same bits; one that
// does not is our mistake, and is not taken.

#include "dialects/RegisterAll.h"
#include "tools/Driver/Autoschedule.h"
#include "tools/Driver/Compilation.h"
#include "tools/KernelRun/KernelRun.h"

#include "mlir/Parser/Parser.h"

#include <sys/resource.h>
#include <unistd.h>

using namespace mlir;

namespace lamina::driver {

/// How long both versions are measured, together.
static constexpr double secondsOfMeasuring = 0.3;
static constexpr int leastRounds = 5, mostRounds = 1000;

/// Indices are 0 or 1, so that they are inside of any axis that has two.
static constexpr tools::Contents contents{1, 0, 1, 2};

static std::unique_ptr<tools::KernelRun>
load(kernel::FuncOp kernel, const Backend &backend, ArrayRef<int64_t> dims) {
  auto run = std::make_unique<tools::KernelRun>(kernel, dims.vec(), contents);
  FailureOr<CompiledKernel> compiled = backend.compile(kernel);
  if (failed(compiled) || !run->load(compiled->object, compiled->name))
    return nullptr;
  return run;
}

static double secondsOf(tools::KernelRun &run) {
  double start = tools::threadSeconds();
  run.run(0, run.items());
  return tools::threadSeconds() - start;
}

/// Measures both in turns, so that what disturbs one disturbs the other.
static void measure(tools::KernelRun &written, tools::KernelRun &found,
                    ScheduleChoice &choice) {
  choice.written = secondsOf(written);
  choice.found = secondsOf(found);
  if (written.outBytes() != found.outBytes()) {
    choice.why = "its numbers are others than those of the written schedule";
    return;
  }
  double spent = 0;
  for (int round = 1; round < mostRounds; ++round) {
    if (round >= leastRounds && spent > secondsOfMeasuring)
      break;
    double one = secondsOf(written), other = secondsOf(found);
    choice.written = std::min(choice.written, one);
    choice.found = std::min(choice.found, other);
    spent += one + other;
  }
}

static ScheduleChoice search(kernel::FuncOp kernel, const Backend &backend,
                             const std::string &how, ArrayRef<int64_t> dims) {
  ScheduleChoice choice;
  auto text = backend.findSchedule(kernel, how, dims);
  if (!text) {
    choice.why = llvm::toString(text.takeError());
    return choice;
  }
  choice.text = *text;
  auto written = load(kernel, backend, dims);
  kernel->setAttr("kernel.schedule",
                  StringAttr::get(kernel.getContext(), choice.text));
  auto found = load(kernel, backend, dims);
  if (!written || !found)
    choice.why = "the kernel is not compiled with it";
  else
    measure(*written, *found, choice);
  return choice;
}

/// Ends this process after so many seconds of work, or, if it waits for what
/// does not come, some time later.
static void limitTime(unsigned seconds) {
  rlimit limit{seconds, seconds};
  setrlimit(RLIMIT_CPU, &limit);
  alarm(20 * seconds);
}

int searchKernel(const Options &options, const std::vector<int64_t> &dims) {
  if (options.autoscheduleLimit)
    limitTime(unsigned(options.autoscheduleLimit));
  auto targets = chooseBackends(options);
  if (!targets) {
    say(llvm::toString(targets.takeError()));
    return 2;
  }
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = parseSourceFile<ModuleOp>(options.input, &context);
  if (!module || module->getOps<kernel::FuncOp>().empty())
    return 1;
  ScheduleChoice choice =
      search(*module->getOps<kernel::FuncOp>().begin(),
             *targets->front().backends.front(), options.autoschedule, dims);
  llvm::outs() << choice.toText();
  return 0;
}

} // namespace lamina::driver
