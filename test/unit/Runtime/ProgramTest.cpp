// SPDX-License-Identifier: Apache-2.0
//
// A built program, used.
//
// Runs the toy as a user would: training, killing, resuming, sampling.

#include "runtime/Checkpoint/Safetensors.h"
#include "runtime/Data/Npy.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "test/unit/Runtime/Toy.h"
#include "test/unit/Runtime/ToyTest.h"

using namespace lamina::runtime;
using testing_support::Folder;
using testing_support::Outcome;
using testing_support::runToy;

TEST_F(Toy, TrainsAndLearns) {
  train("--out r --seed 3");
  Outcome eval = runToy(folder, "eval --weights r");
  EXPECT_EQ(eval.code, 0);
  EXPECT_EQ(eval.out.substr(0, 6), "error ");
  EXPECT_LT(std::stod(eval.out.substr(6)), 0.1);
  std::string log = folder.read("r/log.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 105);
  Json last =
      Json::parse(log.substr(log.rfind("\n", log.size() - 2) + 1), "log");
  EXPECT_EQ(last["step"].asInt(), 100);
  EXPECT_GT(last["report"]["error"].asReal(), 0);
}

TEST_F(Toy, WritesEachCopyOfAStack) {
  train("--out r --steps 1");
  SafetensorsFile file =
      SafetensorsFile::open(folder.path("r/weights.safetensors"));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.find("rows.1.table")->shape, std::vector<int64_t>{128});
  SafetensorsFile all =
      SafetensorsFile::open(folder.path("r/step-1.safetensors"));
  EXPECT_EQ(all.tensors().size(), 4u);
  EXPECT_EQ(elementAsReal(*all.find("t.count"), 0), 1);
}

TEST_F(Toy, GivesTheSameBitsOnAnyNumberOfThreads) {
  train("--out one --threads 1");
  train("--out two --threads 2");
  train("--out five --threads 5");
  std::string weights = weightsOf("one");
  EXPECT_EQ(weightsOf("two"), weights);
  EXPECT_EQ(weightsOf("five"), weights);
}

TEST_F(Toy, AnotherSeedIsAnotherRun) {
  train("--out a --steps 3 --seed 1");
  train("--out b --steps 3 --seed 2");
  EXPECT_NE(weightsOf("a"), weightsOf("b"));
}

TEST_F(Toy, ResumesWithTheSameBits) {
  train("--out whole --steps 100");
  train("--out parts --steps 37");
  train("--out parts --steps 64 --resume");
  train("--out parts --steps 100 --resume");
  EXPECT_EQ(weightsOf("parts"), weightsOf("whole"));
  EXPECT_EQ(folder.read("parts/step-100.safetensors"),
            folder.read("whole/step-100.safetensors"));
}

/// Starts training in the background and returns its process.
static pid_t startTraining(const Folder &folder, const std::string &out) {
  pid_t child = ::fork();
  if (child == 0) {
    int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, 1);
    ::dup2(null, 2);
    if (::chdir(folder.name().c_str()) == 0)
      ::execl("./toy", "toy", "train", "--out", out.c_str(), "--steps", "10000",
              "--resume", "--save-every", "7", "--threads", "1",
              static_cast<char *>(nullptr));
    ::_exit(99);
  }
  return child;
}

TEST_F(Toy, SurvivesBeingKilledAtAnyMoment) {
  train("--out whole --steps 10000 --threads 1");
  int killed = 0;
  for (unsigned kill = 0; kill < 10; ++kill) {
    pid_t child = startTraining(folder, "killed");
    ::usleep(1000 * (15 + kill * 53 % 40));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed += WIFSIGNALED(status);
  }
  EXPECT_EQ(killed, 10);
  train("--out killed --steps 10000 --resume --threads 1");
  EXPECT_EQ(weightsOf("killed"), weightsOf("whole"));
  // The log is that of a run that was never stopped, but for its times.
  std::string log = folder.read("killed/log.jsonl"),
              whole = folder.read("whole/log.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'),
            std::count(whole.begin(), whole.end(), '\n'));
}

TEST_F(Toy, SavesOnInterrupt) {
  pid_t child = startTraining(folder, "r");
  ::usleep(100000);
  ::kill(child, SIGINT);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130);
  train("--out r --steps 10000 --resume --threads 1");
  train("--out whole --steps 10000 --threads 1");
  EXPECT_EQ(weightsOf("r"), weightsOf("whole"));
}

TEST_F(Toy, StartsFromWeights) {
  train("--out a --steps 10");
  train("--out b --steps 0 --weights a");
  EXPECT_EQ(weightsOf("a"), weightsOf("b"));
}

TEST_F(Toy, SamplesTextAndTensors) {
  train("--out r");
  Outcome text = runToy(folder, "say --weights r --prompt 'line' --length 5");
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out.size(), 6u);
  Outcome file =
      runToy(folder, "show --weights r/weights.safetensors --out t.npy");
  EXPECT_EQ(file.code, 0) << file.err;
  EXPECT_EQ(readNpy(folder.path("t.npy")).shape,
            (std::vector<int64_t>{2, 128}));
}

TEST_F(Toy, MeasuresAndDescribes) {
  EXPECT_EQ(runToy(folder, "bench --steps 3 --kernels").code, 0);
  Outcome info = runToy(folder, "info");
  EXPECT_EQ(info.out, R"(toy, built by lamina 0.1.0 from toy.lam
runs the code for any
weights:
  rows.*.table                             f32 [2, 128]
  256 numbers are trained, 0 are states
data:
  text                 windows of input.txt
numbers that --set changes:
  rate                 0.05  toy.lam:9:3
)");
}

TEST_F(Toy, ShowsHelp) {
  EXPECT_EQ(runToy(folder, "say --help").out, R"(usage: ./toy say [flags]

Goes on with a text.
  --prompt TEXT      (has to be given)
  --length NUMBER    (8)
  --weights FILE     weights: a file or the folder of a run
  --out [NAME=]FILE  write a result (.npy, or text) instead of printing it
  --seed N           seed of every random number (0)
  --threads N        threads to compute with (all processors)
  --device NAME      cpu
  --set NAME=NUMBER  change a number of the program (rate)
  --profile[=FILE]   show where the time goes; write a trace to FILE
  --help             show this
)");
  EXPECT_EQ(runToy(folder, "").code, 2);
  EXPECT_EQ(runToy(folder, "--help").code, 0);
  EXPECT_EQ(runToy(folder, "train --help").code, 0);
  EXPECT_EQ(runToy(folder, "--version").out, "toy, built by lamina 0.1.0\n");
}

/// The toy's tape with some texts replaced, as `folder/tape`.
static std::string
changedTape(const Folder &folder,
            std::vector<std::pair<std::string, std::string>> changes) {
  std::string tape = toy::tape();
  for (const auto &[from, to] : changes) {
    size_t at = tape.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    tape.replace(at, from.size(), to);
  }
  folder.write("tape", tape);
  return "LAMINA_TOY_TAPE=tape";
}

static const std::string oneStage = R"({"step": "train.step", "steps": 100,)";

TEST_F(Toy, CountsEpochs) {
  std::string tape = changedTape(
      folder,
      {{R"("steps": 100,)", R"("epochs": 2,)"},
       {R"("every": 20,)", R"("every": "epoch",)"},
       {R"("batch": 4, "dim": "batch")", R"("batch": 500, "dim": "batch")"}});
  Outcome outcome = runToy(folder, "train --out r", tape);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  // 2692 windows are five batches of 500 an epoch; a report after each epoch.
  std::string log = folder.read("r/log.jsonl");
  EXPECT_NE(log.find("{\"step\": 5, \"report\""), std::string::npos);
  EXPECT_NE(log.find("{\"step\": 10, \"report\""), std::string::npos);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 12);
}

TEST_F(Toy, RunsStagesOneAfterTheOther) {
  std::string second =
      R"({"name": "second", "step": "train.step", "steps": 7, "fresh": ["m", "t.count"],
    "feeds": [{"name": "learn", "dataset": "learn", "batch": 4, "dim": "batch"}]}, )";
  std::string tape = changedTape(folder, {{oneStage, second + oneStage}});
  Outcome outcome = runToy(folder, "train --out whole --steps 9", tape);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  SafetensorsFile file =
      SafetensorsFile::open(folder.path("whole/step-18.safetensors"));
  EXPECT_EQ(elementAsReal(*file.find("t.count"), 0),
            18); // the last stage has no `fresh`
  EXPECT_EQ(runToy(folder, "train --out parts --steps 5", tape).code, 0);
  // A run that ended is extended in its last stage.
  EXPECT_EQ(runToy(folder, "train --out parts --steps 8 --resume", tape).code,
            0);
  EXPECT_TRUE(fileExists(folder.path("parts/step-13.safetensors")));
}

TEST_F(Toy, StopsWhenPatienceEnds) {
  std::string tape = changedTape(
      folder,
      {{R"("best": "lowest"})", R"("best": "highest", "patience": 1})"}});
  Outcome outcome = runToy(folder, "train --out r", tape);
  EXPECT_EQ(outcome.code, 0);
  // The error only falls: the first report is the best, two worse ones are too
  // many.
  EXPECT_NE(outcome.out.find("of step 20 in 2 reports: stopped\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_TRUE(fileExists(folder.path("r/step-60.safetensors")));
}

TEST_F(Toy, EvaluatesWithFinalWeights) {
  // `final` values are all zero here: a copy of m before its first step.
  std::string tape = changedTape(
      folder,
      {{R"({"op": "scalar", "name": "rate")",
        R"({"op": "variable", "name": "zero", "role": "derived", "init": 0, "of": "table",
            "type": {"element": "f32", "shape": [2, 128]}}, {"op": "scalar", "name": "rate")"},
       {oneStage, R"({"final": "train.final", )" + oneStage.substr(1)},
       {R"({"name": "error.finish")",
        R"({"name": "train.final", "entry": "final",
            "arguments": [{"type": {"element": "f32", "shape": [2, 128]}, "load": "zero"}],
            "results": [{"type": {"element": "f32", "shape": [2, 128]}, "store": "zero",
                         "from": {"base": ["argument", 0]}}], "body": []}, {"name": "error.finish")"}});
  Outcome outcome = runToy(folder, "train --out r --steps 20", tape);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  SafetensorsFile weights =
      SafetensorsFile::open(folder.path("r/weights.safetensors"));
  SafetensorsFile best =
      SafetensorsFile::open(folder.path("r/best.safetensors"));
  EXPECT_EQ(elementAsReal(*weights.find("rows.0.table"), 'e'), 0);
  EXPECT_NE(elementAsReal(*best.find("rows.0.table"), 'e'), 0);
  EXPECT_EQ(weights.find("zero"), nullptr);
}

TEST_F(Toy, StartsFromOtherWeightsIfItSaysSo) {
  std::string tape = changedTape(
      folder, {{R"("model": "Toy",)", R"("model": "Toy", "from": "Old",)"}});
  Outcome outcome = runToy(folder, "train --out r", tape);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "error: 'train' starts from the weights of 'Old'\n"
                         "note: --weights FILE gives them\n");
}

TEST_F(Toy, RunsTests) {
  std::string one =
      R"({"op": "test", "name": "t1", "label": "a zero", "entry": "t1"},
                       {"op": "test", "name": "t2", "label": "a table", "entry": "t2"}, )";
  std::string slot = R"("slots": [{"bytes": 8, "first": 0, "last": 9}], )";
  std::string check =
      R"({"check": {"word": {"base": ["slot", 0]}}, "message": "toy.lam:3:5: 'x' is 0"})";
  std::string zero = R"({"zero": {"base": ["slot", 0]}, "bytes": 8}, )";
  std::string entries =
      R"({"name": "t1", "entry": "test", )" + slot + R"("body": [)" + zero +
      check + R"(]},
         {"name": "t2", "entry": "test", )" +
      slot +
      R"("body": [{"put": 1, "at": {"base": ["slot", 0]}, "element": "i1"}, )" +
      check + "]}, ";
  std::string tape = changedTape(
      folder,
      {{R"({"op": "provenance")", one + R"({"op": "provenance")"},
       {R"({"name": "error.finish")", entries + R"({"name": "error.finish")"}});
  Outcome outcome = runToy(folder, "test", tape);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out,
            "FAILED  a zero\n        toy.lam:3:5: 'x' is 0\nholds   a table\n"
            "2 tests, 1 failed\n");
  EXPECT_EQ(runToy(folder, "test table", tape).code, 0);
  EXPECT_EQ(runToy(folder, "test nothing", tape).err,
            "error: no test is named like 'nothing'\n");
}
