// SPDX-License-Identifier: Apache-2.0
//
// The steps of a training run.
//
// Batches in, updated variables, reports and log lines out. How a run begins
// and what it leaves on disk stands in TrainerFiles.cpp.

#include "runtime/Train/Trainer.h"

#include "runtime/Train/Interrupt.h"
#include "runtime/Train/Report.h"
#include "runtime/Train/RunFolder.h"

#include <algorithm>
#include <cmath>

namespace lamina {
namespace runtime {

Trainer::Trainer(Session &session, const TrainPlan &plan, TrainOptions options)
    : session(session), plan(plan), options(std::move(options)),
      given(session.program.variables.size(), false) {
  state.train = plan.name;
  checkBatchFlags();
}

int Trainer::run() {
  watchForInterrupt();
  openFolder();
  began = lastSave = lastStepEnd = Clock::now();
  if (options.resume)
    resume();
  else
    start();
  try {
    return runStages();
  } catch (Error &error) {
    std::vector<int64_t> steps = RunFolder(options.out).steps();
    if (!steps.empty())
      error.note(join("the run is saved at step ", steps[0],
                      "; --resume goes on there"));
    throw;
  }
}

/// All that is left of the run. Returns the exit code.
int Trainer::runStages() {
  while (true) {
    bool finished = runStage();
    saveCheckpoint();
    if (!finished) {
      if (stage().keep.report.empty())
        saveWeights();
      progress->line(join("stopped at step ", state.step,
                          "; 'train --resume --out ", options.out,
                          "' goes on"));
      return ExitInterrupted;
    }
    endStage();
    if (state.stage + 1 == plan.stages.size())
      break;
    state.stage += 1;
    state.stageStep = 0;
    beginStage();
  }
  progress->line(join("weights are in ", RunFolder(options.out).weights()));
  return ExitOk;
}

std::vector<double> Trainer::measure(int64_t steps, LaunchWatcher *watcher) {
  start();
  if (watcher)
    session.engine.watch(watcher);
  std::vector<double> seconds;
  for (int64_t i = 0; i < steps; ++i) {
    Clock::time_point before = Clock::now();
    step(i + 1 < steps);
    seconds.push_back(
        std::chrono::duration<double>(Clock::now() - before).count());
  }
  if (watcher)
    session.engine.watch(nullptr);
  return seconds;
}

double Trainer::elapsed() const {
  return secondsBefore +
         std::chrono::duration<double>(Clock::now() - began).count();
}

int64_t Trainer::stageSteps() const {
  if (options.steps >= 0)
    return options.steps;
  if (stage().steps.isGiven())
    return int64_t(session.scalarOf(stage().steps));
  for (size_t i = 0; i < feeds.size(); ++i)
    if (stage().feeds[i].repeat == 1)
      return int64_t(session.scalarOf(stage().epochs) *
                     double(feeds[i].batchesPerEpoch()));
  throw Error("tape: a stage counts epochs, but no data outside 'repeat'");
}

/// Runs what is left of the stage; false if the user interrupted it.
bool Trainer::runStage() {
  int64_t total = stageSteps();
  int64_t stepsBefore = state.step - state.stageStep;
  progress = std::make_unique<Progress>(state.step, stepsBefore + total);
  if (plan.stages.size() > 1 && !stage().name.empty())
    progress->line(join("stage ", stage().name));
  while (state.stageStep < total) {
    step(state.stageStep + 1 < total);
    if (!runReports(state.stageStep == total))
      return true;
    if (wasInterrupted())
      return state.stageStep == total;
    if (state.stageStep < total && checkpointIsDue())
      saveCheckpoint();
  }
  return true;
}

/// The numbers of a step's metrics that are due.
static NamedNumbers metricsOf(const Entry &entry, const Results &results,
                              const StagePlan &stage, int64_t step) {
  NamedNumbers metrics;
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Result &result = entry.results[i];
    if (result.kind != ResultKind::Metric)
      continue;
    int64_t every = 1;
    for (const MetricPlan &metric : stage.metrics)
      if (metric.name == result.key)
        every = metric.every;
    if (every <= 1 || step % every == 0)
      metrics.emplace_back(result.key, results.real(entry, i));
  }
  return metrics;
}

/// Fills `next`. A mistake in the data is one of the step that takes it.
void Trainer::readInput() {
  const Entry &entry = session.program.entries[stage().step];
  next.bindings = Bindings();
  next.bindings.sizes = session.program.unboundSizes();
  next.batches.resize(feeds.size());
  next.records.resize(feeds.size());
  next.behind.clear();
  next.mistake = nullptr;
  isRead = true;
  try {
    for (size_t i = 0; i < feeds.size(); ++i) {
      int64_t repeat = stage().feeds[i].repeat;
      std::vector<int64_t> &numbers = next.records[i];
      numbers.clear();
      for (int64_t round = 0; round < repeat; ++round) {
        std::vector<int64_t> taken = feeds[i].takeRecords();
        numbers.insert(numbers.end(), taken.begin(), taken.end());
      }
      session.readBatch(feeds[i], numbers, repeat, entry, next.batches[i],
                        next.bindings);
      next.behind.push_back(feeds[i].position);
    }
  } catch (const Error &) {
    next.mistake = std::current_exception();
  }
}

/// Says what the step that has just ended gave, to the log and the user.
void Trainer::reportStep(const Entry &entry, int64_t recordCount) {
  NamedNumbers metrics = metricsOf(entry, results, stage(), state.stageStep);
  Clock::time_point now = Clock::now();
  double seconds = std::chrono::duration<double>(now - lastStepEnd).count();
  lastStepEnd = now;
  if (log && !metrics.empty())
    log->step(state.step, metrics, elapsed(), double(recordCount) / seconds);
  if (progress)
    progress->step(state.step, metrics, recordCount);
  if (progress && !warnedNotFinite)
    warnOfNotFinite(metrics);
}

void Trainer::step(bool more) {
  ProfileScope scope(session.profile, Activity::Step, "step");
  const Entry &entry = session.program.entries[stage().step];
  if (!isRead)
    readInput();
  isRead = false;
  // Columns keep their memory, to which bindings point and copies went.
  std::swap(input, next);
  if (input.mistake)
    std::rethrow_exception(input.mistake);
  Bindings &bindings = input.bindings;
  int64_t recordCount = 0;
  for (const Batch &batch : input.batches)
    recordCount += batch.records;
  std::function<void()> readNext = [this] {
    readInput();
    for (const Batch &batch : next.batches)
      session.copyAhead(batch);
  };
  if (more)
    bindings.meanwhile = &readNext;
  bindings.step = bindings.keyStep = state.step + 1;
  if (!sizesChecked)
    session.checkRun(stage().step, bindings.sizes);
  sizesChecked = true;
  session.run(stage().step, bindings, results);
  bindings.meanwhile = nullptr;
  positions = input.behind;
  openLog();
  sizes = bindings.sizes;
  state.step += 1;
  state.stageStep += 1;
  reportStep(entry, recordCount);
}

/// Once a run: what is no number, and what it may come from.
void Trainer::warnOfNotFinite(const NamedNumbers &metrics) {
  const Entry &entry = session.program.entries[stage().step];
  for (const auto &metric : metrics) {
    if (std::isfinite(metric.second))
      continue;
    warnedNotFinite = true;
    std::string why;
    for (size_t i = 0; i < feeds.size() && why.empty(); ++i)
      why = feeds[i].firstNotFinite(input.records[i], entry, input.batches[i]);
    progress->line(join("warning: ", quote(metric.first), " is ", metric.second,
                        " at step ", state.step, "; ",
                        why.empty() ? "a smaller rate may help" : why));
    return;
  }
}

bool Trainer::reportsAreDue(const ReportPlan &report, bool last) const {
  if (last)
    return true;
  if (report.every > 0)
    return state.stageStep % report.every == 0;
  // An epoch has ended when what is left of it does not fill a batch.
  return !feeds.empty() &&
         positions[0].next + feeds[0].batchSize() > feeds[0].dataset().count();
}

/// Evaluates the reports that are due. False if `keep` ends the stage.
bool Trainer::runReports(bool last) {
  NamedNumbers values;
  for (size_t index : stage().reports) {
    const ReportPlan &report = session.program.reports[index];
    if (!reportsAreDue(report, last))
      continue;
    if (values.empty())
      computeFinal();
    values.emplace_back(report.name,
                        evaluateReport(session, report, stage().final != none));
  }
  if (values.empty())
    return true;
  if (log)
    log->report(state.step, values);
  progress->line(join("step ", state.step, "  ", metricsText(values)));
  lastStepEnd = Clock::now();
  return keepBest(values);
}

bool Trainer::keepBest(const NamedNumbers &values) {
  const KeepPlan &keep = stage().keep;
  for (const auto &value : values) {
    if (value.first != keep.report)
      continue;
    bool better = std::isfinite(value.second) &&
                  (!state.hasBest || (keep.lowest ? value.second < state.best
                                                  : value.second > state.best));
    if (better) {
      state.hasBest = true;
      state.best = value.second;
      state.bestStep = state.step;
      state.worseReports = 0;
      saveWeights();
      continue;
    }
    state.worseReports += 1;
    if (keep.patience >= 0 && state.worseReports > keep.patience) {
      progress->line(join("no better ",
                          metricsText({{keep.report, state.best}}), " of step ",
                          state.bestStep, " in ",
                          counted(state.worseReports, "report"), ": stopped"));
      return false;
    }
  }
  return true;
}

void Trainer::computeFinal() {
  if (stage().final == none)
    return;
  Bindings bindings;
  bindings.sizes = session.program.unboundSizes();
  bindings.step = state.step;
  Results unused;
  session.run(stage().final, bindings, unused);
}

} // namespace runtime
} // namespace lamina
