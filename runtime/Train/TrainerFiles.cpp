// SPDX-License-Identifier: Apache-2.0
//
// How a training run begins, rests and ends.
//
// Flags and files in, a state that steps can start from out; and back to disk.
// Every file is written whole or not at all, and a checkpoint holds everything
// that decides the bits of later steps.

#include "runtime/CommandLine/Flags.h"
#include "runtime/Files/Files.h"
#include "runtime/Train/Report.h"
#include "runtime/Train/RunFolder.h"
#include "runtime/Train/Trainer.h"

#include <algorithm>
#include <cstdio>

namespace lamina {
namespace runtime {

/// The last checkpoint and the one before it, should the disk lose one.
static constexpr size_t keptCheckpoints = 2;
/// A kill costs at most about this much work …
static constexpr double secondsBetweenSaves = 10;
/// … unless saving is slow: it should take at most a fiftieth of the time.
static constexpr double savesTakeAtMost = 50;

void Trainer::openFolder() {
  if (options.out.empty()) {
    if (options.resume)
      throw Error("'--resume' needs '--out' with the folder of the run",
                  ExitMisuse);
    options.out = freeRunFolder();
  }
  requireWritableFolder(options.out);
  RunFolder folder(options.out);
  std::vector<int64_t> steps = folder.steps();
  if (!options.resume && !steps.empty())
    throw Error(
        join(quote(options.out), " holds a run that stands at step ", steps[0]))
        .note("--resume goes on with it; another --out begins a new one");
}

/// A run has a folder once it has made a step: one that cannot read its data
/// leaves nothing behind.
void Trainer::openLog() {
  if (log || options.out.empty())
    return;
  makeFolder(options.out);
  log = std::make_unique<RunLog>(RunFolder(options.out).log(), 0);
}

void Trainer::start() {
  state.seed = session.seed;
  if (!plan.from.empty() && options.weights.empty())
    throw Error(join(quote(plan.name), " starts from the weights of ",
                     quote(plan.from)),
                ExitMisuse)
        .note("--weights FILE gives them");
  if (!options.weights.empty()) {
    SafetensorsFile file = SafetensorsFile::open(weightsFile(options.weights));
    given = session.variables.load(file, Variables::Wanted::Weights);
  }
  session.initialise(given);
  openFeeds();
  initialiseFromBatch();
}

/// Stage after stage: weights stay as the last stage left them, the slots of
/// the new stage start afresh.
void Trainer::beginStage() {
  std::vector<bool> kept(session.program.variables.size(), true);
  for (size_t variable : stage().fresh)
    kept[variable] = false;
  session.initialise(kept);
  state.hasBest = false;
  state.worseReports = 0;
  state.feeds.clear();
  sizesChecked = false;
  openFeeds();
}

namespace {

struct BatchFlag {
  std::string name; ///< of the data; empty if there is only one
  int64_t records;
};

} // namespace

static BatchFlag readBatchFlag(const std::string &flag) {
  size_t equals = flag.find('=');
  bool named = equals != std::string::npos;
  std::string number = named ? flag.substr(equals + 1) : flag;
  BatchFlag read{named ? flag.substr(0, equals) : "", 0};
  if (!parseInt(number, read.records) || read.records < 1)
    throw Error(join("'--batch' takes a whole number of at least 1, not ",
                     quote(number)),
                ExitMisuse);
  return read;
}

/// Flags are checked before any data is read.
void Trainer::checkBatchFlags() const {
  std::vector<std::string> names;
  for (const StagePlan &stage : plan.stages)
    for (const FeedPlan &feed : stage.feeds)
      if (feed.batch > 0)
        names.push_back(feed.name);
  for (const std::string &text : options.batches) {
    std::string name = readBatchFlag(text).name;
    if (name.empty() ||
        std::find(names.begin(), names.end(), name) != names.end())
      continue;
    Error error(join("'--batch ", text, "': ", quote(plan.name),
                     " takes no batches of ", quote(name)),
                ExitMisuse);
    std::string near = nearestName(name, names), list;
    for (const std::string &each : names)
      list += (list.empty() ? "" : ", ") + quote(each);
    throw error.note(!near.empty()  ? near
                     : list.empty() ? "it takes all records at once"
                                    : join("it takes batches of ", list));
  }
}

int64_t Trainer::batchOf(const FeedPlan &feed) const {
  if (feed.batch == 0)
    return 0;
  size_t batched = 0;
  for (const FeedPlan &other : stage().feeds)
    batched += other.batch > 0;
  for (const std::string &text : options.batches) {
    BatchFlag flag = readBatchFlag(text);
    if (flag.name.empty() && batched > 1)
      throw Error(
          join("'--batch ", text, "' does not say which data it is for"),
          ExitMisuse)
          .note(join("write --batch ", feed.name, "=", flag.records));
    if (flag.name.empty() || flag.name == feed.name)
      return flag.records;
  }
  return feed.batch;
}

void Trainer::openFeeds() {
  feeds.clear();
  for (const FeedPlan &plan : stage().feeds) {
    feeds.emplace_back(plan, session.dataset(plan.dataset), batchOf(plan),
                       state.seed);
    auto position = state.feeds.find(plan.name);
    if (position != state.feeds.end())
      feeds.back().position = position->second;
  }
  isRead = false;
  positions.clear();
  for (const Feed &feed : feeds)
    positions.push_back(feed.position);
  // A split that cannot be read is said before the first step, not at the
  // report.
  for (size_t report : stage().reports)
    session.dataset(session.program.reports[report].feed.dataset);
}

/// Values that the model takes from its first batch. The batch is read again
/// by the first step.
void Trainer::initialiseFromBatch() {
  if (stage().batchInit == none)
    return;
  const Entry &entry = session.program.entries[stage().batchInit];
  Bindings bindings;
  bindings.sizes = session.program.unboundSizes();
  bindings.keyStep = -1;
  bindings.keep = &given;
  std::vector<Batch> batches(feeds.size());
  for (size_t i = 0; i < feeds.size(); ++i) {
    Feed::Position before = feeds[i].position;
    std::vector<int64_t> records = feeds[i].takeRecords();
    feeds[i].position = before;
    session.readBatch(feeds[i], records, 1, entry, batches[i], bindings);
  }
  session.checkRun(stage().batchInit, bindings.sizes);
  Results unused;
  session.run(stage().batchInit, bindings, unused);
}

/// The newest checkpoint, or what to do where it cannot be read.
static SafetensorsFile openCheckpoint(const RunFolder &folder,
                                      const std::vector<int64_t> &steps) {
  try {
    return SafetensorsFile::open(folder.checkpoint(steps[0]));
  } catch (Error &error) {
    throw error.note(steps.size() > 1
                         ? join("once it is removed, --resume goes on from ",
                                folder.checkpoint(steps[1]))
                         : "once it is removed, --resume begins anew");
  }
}

void Trainer::resume() {
  RunFolder folder(options.out);
  std::vector<int64_t> steps = folder.steps();
  if (steps.empty()) {
    std::printf("%s holds no checkpoint yet: starting from the beginning\n",
                quote(options.out).c_str());
    return start();
  }
  ProfileScope scope(session.profile, Activity::Files, "load checkpoint");
  SafetensorsFile file = openCheckpoint(folder, steps);
  const std::string *text = file.metadata(trainStateKey);
  if (!text)
    throw Error(
        join(quote(file.path()), " holds weights, but no state of training"));
  state = TrainState::fromText(*text, file.path());
  if (state.train != plan.name || state.stage >= plan.stages.size())
    throw Error(join(quote(file.path()), " is of ", quote(state.train),
                     ", stage ", int64_t(state.stage + 1), ", which is not in ",
                     quote(plan.name)));
  if (options.seedGiven && session.seed != state.seed)
    throw Error(join("the run in ", quote(options.out), " has seed ",
                     state.seed, ", but '--seed' says ", session.seed));
  session.seed = state.seed;
  given = session.variables.load(file, Variables::Wanted::Everything);
  session.initialise(given); // tables derived from the rest
  log = std::make_unique<RunLog>(folder.log(), state.step);
  secondsBefore = log->secondsBefore();
  openFeeds();
  bool isOver =
      state.stage + 1 == plan.stages.size() && state.stageStep >= stageSteps();
  std::printf("resumed %s at step %lld%s\n", quote(options.out).c_str(),
              (long long)state.step,
              isOver ? ", its last: more --steps go on" : "");
}

bool Trainer::checkpointIsDue() const {
  if (options.saveEvery > 0)
    return state.step % options.saveEvery == 0;
  double waited =
      std::chrono::duration<double>(Clock::now() - lastSave).count();
  return waited > std::max(secondsBetweenSaves, savesTakeAtMost * saveSeconds);
}

static std::vector<size_t> ownValues(const Program &program) {
  std::vector<size_t> own(program.variables.size());
  for (size_t i = 0; i < own.size(); ++i)
    own[i] = i;
  return own;
}

void Trainer::saveCheckpoint() {
  ProfileScope scope(session.profile, Activity::Files, "save checkpoint");
  openLog();
  Clock::time_point before = Clock::now();
  state.feeds.clear();
  for (size_t i = 0; i < feeds.size(); ++i)
    state.feeds[feeds[i].name()] = positions[i];
  SafetensorsWriter writer;
  writer.setMetadata(trainStateKey, state.toText());
  writer.setMetadata("lamina.source", session.program.sourceHash);
  session.variables.save(writer, Variables::Wanted::Everything,
                         ownValues(session.program));
  RunFolder folder(options.out);
  writer.write(folder.checkpoint(state.step));
  folder.prune(keptCheckpoints);
  lastSave = Clock::now();
  saveSeconds = std::chrono::duration<double>(lastSave - before).count();
}

/// The weights for others, with `final` values; and, where these are not what
/// training goes on with, the weights themselves.
void Trainer::saveWeights() {
  ProfileScope scope(session.profile, Activity::Files, "save weights");
  RunFolder folder(options.out);
  auto write = [&](const std::string &path,
                   const std::vector<size_t> &valueOf) {
    SafetensorsWriter writer;
    writer.setMetadata("lamina.source", session.program.sourceHash);
    session.variables.save(writer, Variables::Wanted::Weights, valueOf);
    writer.write(path);
  };
  if (stage().final == none)
    return write(folder.weights(), ownValues(session.program));
  computeFinal();
  if (!stage().keep.report.empty())
    write(folder.best(), ownValues(session.program));
  write(folder.weights(), session.finalValues());
}

/// What the stage hands on: its best weights, or its last.
void Trainer::endStage() {
  if (stage().keep.report.empty() || !state.hasBest)
    return saveWeights();
  RunFolder folder(options.out);
  std::string best = stage().final == none ? folder.weights() : folder.best();
  session.variables.load(SafetensorsFile::open(best),
                         Variables::Wanted::Weights);
}

} // namespace runtime
} // namespace lamina
