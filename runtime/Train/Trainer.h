// SPDX-License-Identifier: Apache-2.0
//
// Training, stage by stage.
//
// A plan of training in; weights, checkpoints and a log out. The state of a run
// is the variables and a `TrainState`; both are in every checkpoint, so a run
// that was killed goes on with the same bits.

#ifndef LAMINA_RUNTIME_TRAIN_TRAINER_H
#define LAMINA_RUNTIME_TRAIN_TRAINER_H

#include "runtime/Data/Feed.h"
#include "runtime/Log/RunLog.h"
#include "runtime/Progress/Progress.h"
#include "runtime/Session/Session.h"
#include "runtime/Train/TrainState.h"

#include <chrono>
#include <exception>
#include <memory>

namespace lamina {
namespace runtime {

struct TrainOptions {
  std::string out;     ///< folder; empty: the next free runN
  std::string weights; ///< file or folder to start from
  bool resume = false;
  int64_t steps = -1;               ///< of each stage, instead of the plan's
  std::vector<std::string> batches; ///< "32" or "name=32"
  int64_t saveEvery = 0;            ///< steps between checkpoints; 0: by time
  bool seedGiven = false;
};

class Trainer {
public:
  Trainer(Session &session, const TrainPlan &plan, TrainOptions options);

  /// Trains to the end, or until the user interrupts. Returns the exit code.
  int run();

  /// Prepares the first stage without files and runs `steps` steps; for
  /// `bench`. Returns the seconds of each; `watcher` sees their launches, and
  /// none of what comes before them.
  std::vector<double> measure(int64_t steps, LaunchWatcher *watcher = nullptr);
  /// The sizes of the last step.
  const SizeValues &lastSizes() const { return sizes; }

private:
  void checkBatchFlags() const;
  void openFolder();
  void openLog();
  void start();
  void resume();
  void beginStage();
  void openFeeds();
  void initialiseFromBatch();
  int64_t stageSteps() const;
  int64_t batchOf(const FeedPlan &feed) const;

  int runStages();
  bool runStage();
  /// With `more` another step follows: while a device is at work on this one,
  /// the batches of the next are read.
  void step(bool more);
  void readInput();
  void reportStep(const Entry &entry, int64_t recordCount);
  void warnOfNotFinite(const NamedNumbers &metrics);
  bool reportsAreDue(const ReportPlan &report, bool last) const;
  bool runReports(bool last);
  bool keepBest(const NamedNumbers &values);
  void endStage();

  void computeFinal();
  void saveCheckpoint();
  void saveWeights();
  bool checkpointIsDue() const;
  double elapsed() const;

  const StagePlan &stage() const { return plan.stages[state.stage]; }

  using Clock = std::chrono::steady_clock;

  Session &session;
  const TrainPlan &plan;
  TrainOptions options;
  TrainState state;
  std::vector<Feed> feeds;
  /// What a step takes.
  struct StepInput {
    std::vector<Batch> batches;                ///< one for each feed
    std::vector<std::vector<int64_t>> records; ///< in these batches
    std::vector<Feed::Position> behind;        ///< where the feeds go on
    Bindings bindings;
    std::exception_ptr mistake; ///< instead of all that
  };
  StepInput input, next;
  bool isRead = false;                   ///< `next` is of the next step
  std::vector<Feed::Position> positions; ///< behind the steps that are done
  std::vector<bool> given;               ///< variables that a file gave
  std::unique_ptr<RunLog> log;
  std::unique_ptr<Progress> progress;
  Results results;
  SizeValues sizes; ///< of the last step
  Clock::time_point began, lastSave, lastStepEnd;
  double saveSeconds = 0;
  double secondsBefore = 0; ///< of the run before it was resumed
  bool sizesChecked = false, warnedNotFinite = false;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_TRAIN_TRAINER_H
