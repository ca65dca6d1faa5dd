// SPDX-License-Identifier: Apache-2.0
//
// Plans, threads, expressions, records.

#include "runtime/ABI/Philox.h"
#include "runtime/ABI/Plan.h"
#include "runtime/Executor/TapeEngine.h"

#include <chrono>
#include <cstring>

#include "test/unit/Runtime/Testing.h"
#include "test/unit/Runtime/Toy.h"

using namespace lamina;
using namespace lamina::runtime;
using testing_support::messageOf;

TEST(Plan, OverlappingLifetimesNeverShareBytes) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::vector<PlanInterval> intervals;
    for (uint64_t i = 0; i < 200; ++i) {
      philox::Block r = philox::block(seed, i, 0);
      int64_t first = r[0] % 100;
      intervals.push_back({r[1] % 5000, first, first + r[2] % 30});
    }
    Plan plan = planArena(intervals);
    for (size_t a = 0; a < intervals.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % 64, 0);
      EXPECT_LE(plan.offsets[a] + intervals[a].bytes, plan.peak);
      for (size_t b = a + 1; b < intervals.size(); ++b) {
        bool alive = intervals[a].first <= intervals[b].last &&
                     intervals[b].first <= intervals[a].last;
        bool share = plan.offsets[a] < plan.offsets[b] + intervals[b].bytes &&
                     plan.offsets[b] < plan.offsets[a] + intervals[a].bytes;
        bool empty = intervals[a].bytes == 0 || intervals[b].bytes == 0;
        EXPECT_FALSE(alive && share && !empty)
            << seed << ": " << a << ", " << b;
      }
    }
  }
}

TEST(Plan, ReusesWhatIsDead) {
  Plan plan = planArena({{100, 0, 1}, {100, 2, 3}, {100, 1, 2}});
  EXPECT_EQ(plan.offsets[0], plan.offsets[1]);
  EXPECT_EQ(plan.peak, 228);
  EXPECT_EQ(planArena({}).peak, 0);
}

TEST(Plan, IsQuick) {
  std::vector<PlanInterval> intervals;
  for (uint64_t i = 0; i < 1000; ++i) {
    philox::Block r = philox::block(1, i, 0);
    intervals.push_back({r[1] % 100000, int64_t(i), int64_t(i + r[2] % 40)});
  }
  auto start = std::chrono::steady_clock::now();
  planArena(intervals);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  EXPECT_LT(time.count(), 0.1); // about 1 ms; the machine may be busy
}

TEST(ThreadPool, RunsEachItemOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int64_t items : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(items));
      pool.run(items, [&](int64_t first, int64_t last, int worker) {
        EXPECT_LT(worker, threads);
        for (int64_t i = first; i < last; ++i)
          runs[size_t(i)] += 1;
      });
      for (auto &run : runs)
        EXPECT_EQ(run, 1);
    }
  }
}

TEST(ThreadPool, WakesAfterSleepAndInQuickRows) {
  ThreadPool pool(3);
  std::atomic<int64_t> sum{0};
  auto add = [&](int64_t first, int64_t last, int) { sum += last - first; };
  for (int i = 0; i < 2000; ++i) {
    pool.run(8, add);
    if (i % 500 == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(sum, 16000);
}

static const SizeList names = {{"b", "b"}, {"t", "t"}};

static Expression expression(const std::string &text) {
  return Expression::read(Json::parse(text, "x"), names);
}

TEST(Expression, EvaluatesAtSizes) {
  EXPECT_EQ(expression(R"(["+", ["*", "b", "t", 4], ["div", "t", 2]])")
                .evaluate({3, 5}),
            62);
  EXPECT_EQ(expression(R"(["div", -3, 2])").evaluate({0, 0}), -2);
  EXPECT_EQ(messageOf([] {
              expression(R"(["*", "b", "b", "b", "b"])").evaluate({1 << 20, 0});
            }),
            "error: the size 1152921504606846976 * 1048576 is too large\n");
  EXPECT_EQ(
      messageOf([] { expression(R"(["div", "b", "t"])").evaluate({1, 0}); }),
      "error: the size 1 div 0 does not exist\n");
  EXPECT_EQ(messageOf([] { expression("\"c\""); }),
            "error: there is no size named 'c' (byte 0)\n");
  EXPECT_EQ(messageOf([] { expression(R"(["-", 1, 2])"); }),
            "error: unknown operation '-' on sizes (byte 0)\n");
}

TEST(Expression, IsSolvedForTheSizeThatIsNotBound) {
  SizeValues sizes = {-1, -1};
  EXPECT_TRUE(expression(R"(["+", ["*", 2, "b"], 1])").solve(9, sizes));
  EXPECT_EQ(sizes[0], 4);
  EXPECT_FALSE(expression(R"(["*", 3, "t"])").solve(10, sizes));
  EXPECT_FALSE(expression(R"(["+", "b", 1])").solve(7, sizes));
  EXPECT_TRUE(expression("\"b\"").solve(4, sizes));
}

static double host(const std::string &op, std::vector<HostValue> args) {
  return evaluate(hostOpNamed(Json(op)), args.data()).asReal();
}

static HostValue whole(int64_t value) {
  HostValue v;
  v.whole = value;
  return v;
}

static HostValue real(double value) {
  HostValue v;
  v.kind = RegisterKind::Real;
  v.real = value;
  return v;
}

TEST(HostOps, FollowTheTape) {
  EXPECT_EQ(host("floordiv", {whole(-7), whole(2)}), -4);
  EXPECT_EQ(host("mod", {whole(-7), whole(2)}), 1);
  EXPECT_EQ(host("mod", {whole(7), whole(-2)}), -1);
  EXPECT_EQ(host("idiv", {whole(-7), whole(2)}), -3);
  EXPECT_EQ(host("irem", {whole(-7), whole(2)}), -1);
  EXPECT_EQ(host("idiv", {whole(INT64_MIN), whole(-1)}), double(INT64_MIN));
  EXPECT_EQ(host("round", {real(2.5)}), 2);
  EXPECT_EQ(host("whole", {real(-2.7)}), -2);
  EXPECT_EQ(host("min", {real(1), real(2)}), 1);
  EXPECT_EQ(host("select", {whole(0), real(1), real(2)}), 2);
  EXPECT_EQ(host("lt", {whole(INT64_MAX - 1), whole(INT64_MAX)}), 1);
  EXPECT_EQ(host("not", {whole(1)}), 0);
  EXPECT_EQ(messageOf([] { host("idiv", {whole(7), whole(0)}); }),
            "error: the program divides 7 by 0\n");
}

TEST(HostOps, DeriveKeysAsThePageSays) {
  HostValue key;
  key.kind = RegisterKind::Key;
  key.whole = 5;
  HostValue args[] = {key, whole(-1)};
  HostValue derived = evaluate(hostOpNamed(Json("key")), args);
  philox::Key expected = philox::derive({5, 0}, -1);
  EXPECT_EQ(uint64_t(derived.whole), expected.a);
  EXPECT_EQ(uint64_t(derived.upper), expected.b);
}

/// Adds the scalar to every number: buffers [in, out], dims [n].
static int64_t items(const int64_t *dims) { return dims[0]; }
static int64_t scratch(const int64_t *) { return 64; }
static void addScalar(void *const *buffers, const int64_t *,
                      const void *scalars, int64_t first, int64_t last,
                      void *) {
  float value;
  std::memcpy(&value, scalars, 4);
  for (int64_t i = first; i < last; ++i)
    static_cast<float *>(buffers[1])[i] =
        static_cast<float *>(buffers[0])[i] + value;
}
/// byte = in[0] > scalar.
static void isAbove(void *const *buffers, const int64_t *, const void *scalars,
                    int64_t, int64_t, void *) {
  float value;
  std::memcpy(&value, scalars, 4);
  *static_cast<char *>(buffers[1]) = *static_cast<float *>(buffers[0]) > value;
}

/// An entry with one argument x [b] and one result y [b], played on `x`.
static std::vector<float> play(const std::string &body, std::vector<float> x,
                               std::string *message = nullptr) {
  static const std::vector<LaminaKernel> kernels = {
      {"add", items, scratch, addScalar}, {"above", items, scratch, isAbove}};
  std::string type = R"({"element": "f32", "shape": ["b"]})";
  std::string tape =
      R"({"lamina_tape": 1, "sizes": [{"name": "b", "high": 1000}],
    "kernels": [{"name": "add", "scalars": ["f32"]}, {"name": "above", "scalars": ["f32"]}],
    "entries": [{"name": "e", "registers": ["i64", "f64"],
      "slots": [{"bytes": ["*", 4, "b"], "first": 0, "last": 99}, {"bytes": 8, "first": 0, "last": 99}],
      "arguments": [{"type": )" +
      type + R"(, "input": "x"}],
      "results": [{"type": )" +
      type + R"(, "output": "y", "from": {"base": ["slot", 0]}}],
      "body": )" +
      body + "}]}";
  Json json = Json::parse(tape, "tape");
  Program program = Program::read(json);
  LaminaVariant any = {"any", kernels.data()};
  LaminaImage image = {tape.data(), tape.size(), nullptr, 0, kernels.size(),
                       &any,        1,           nullptr, 0};
  TapeEngine engine(json, program, image);
  engine.setThreads(2);
  SizeValues sizes = {int64_t(x.size())};
  std::vector<float> y(x.size());
  void *arguments[] = {x.data()}, *results[] = {y.data()};
  EntryCall call{0, &program.entries[0].name, &sizes, arguments, results};
  try {
    std::string unused;
    engine.run(call, unused);
  } catch (const Error &error) {
    if (!message)
      throw;
    *message = error.message;
  }
  return y;
}

static const std::string copyIn =
    R"({"copy": {"base": ["slot", 0]}, "from": {"base": ["argument", 0]}, "bytes": ["*", 4, "b"]},)";
static const std::string addOne =
    R"({"launch": 0, "buffers": [{"base": ["slot", 0]}, {"base": ["slot", 0]}], "dims": ["b"], "scalars": [1]})";

TEST(Player, RunsLoopsOverItsRounds) {
  EXPECT_EQ(play("[" + copyIn + R"({"loop": 0, "trip": 5, "body": [)" + addOne +
                     "]}]",
                 {1, 2}),
            (std::vector<float>{6, 7}));
}

TEST(Player, AddsStridesOfTheRound) {
  // y[i] = x[b - 1 - i] by a reverse loop over single elements.
  std::string body = R"([{"loop": 3, "trip": "b", "reverse": true, "body": [
    {"host": 0, "op": "isub", "args": [{"size": ["+", "b", -1]}, {"index": 3}]},
    {"copy": {"base": ["slot", 0], "strides": [[3, 4]]},
     "from": {"base": ["argument", 0], "strides": [[3, -4]], "offset": ["+", ["*", 4, "b"], -4]}, "bytes": 4}]}])";
  EXPECT_EQ(play(body, {1, 2, 3}), (std::vector<float>{3, 2, 1}));
}

TEST(Player, EndsALoopWhenItsWordSaysSo) {
  std::string until =
      R"("until": {"body": [{"launch": 1, "buffers": [{"base": ["slot", 0]},
    {"base": ["slot", 1]}], "dims": [1], "scalars": [3.5]}], "word": {"base": ["slot", 1]}})";
  EXPECT_EQ(play("[" + copyIn + R"({"loop": 0, "trip": 100, )" + until +
                     R"(, "body": [)" + addOne + "]}]",
                 {1, 2}),
            (std::vector<float>{4, 5}));
}

TEST(Player, LimitsALoopToTheRoundsOfAnother) {
  std::string body =
      "[" + copyIn +
      R"({"put": 2, "at": {"base": ["slot", 1]}, "element": "i64"},
                        {"loop": 0, "trip": 100, "limit": {"base": ["slot", 1]}, "rounds": {"base": ["slot", 1]},
                         "body": [)" +
      addOne + "]}]";
  EXPECT_EQ(play(body, {1}), std::vector<float>{3});
}

TEST(Player, ChoosesABranchByHostOrWord) {
  std::string branch = R"({"if": 0, "then": [], "else": [)" + addOne + "]},";
  std::string word = R"({"zero": {"base": ["slot", 1]}, "bytes": 8},
    {"if": {"word": {"base": ["slot", 1]}}, "then": [)" +
                     addOne + "]}";
  EXPECT_EQ(play("[" + copyIn + branch + word + "]", {1}),
            std::vector<float>{2});
}

TEST(Player, MovesAsOne) {
  std::string body = "[" + copyIn + R"({"moves": [
    {"copy": {"base": ["slot", 0]}, "from": {"base": ["slot", 0], "offset": 4}, "bytes": 4},
    {"copy": {"base": ["slot", 0], "offset": 4}, "from": {"base": ["slot", 0]}, "bytes": 4}]}])";
  EXPECT_EQ(play(body, {1, 2}), (std::vector<float>{2, 1}));
}

TEST(Player, NumbersTheItemsOfPartsThrough) {
  std::string part =
      R"({"buffers": [{"base": ["slot", 0]}, {"base": ["slot", 0]}], "dims": ["b"], "scalars": [1]})";
  std::string tail =
      R"({"buffers": [{"base": ["argument", 0]}, {"base": ["slot", 0], "offset": 0}], "dims": [0], "scalars": [9]})";
  EXPECT_EQ(play("[" + copyIn + R"({"launch": 0, "parts": [)" + part + "," +
                     tail + "]}]",
                 {1, 2, 3}),
            (std::vector<float>{2, 3, 4}));
}

TEST(Player, ACheckEndsTheRunWithItsMessage) {
  std::string message;
  play(R"([{"zero": {"base": ["slot", 1]}, "bytes": 8},
           {"check": {"word": {"base": ["slot", 1]}}, "message": "f.lam:3:5: no"}])",
       {1}, &message);
  EXPECT_EQ(message, "f.lam:3:5: no");

  message.clear();
  play(R"([{"host": 0, "op": "lt", "args": [2, 1]},
           {"check": 1, "message": "holds"},
           {"check": {"register": 0}, "message": "f.lam:4:5: no"}])",
       {1}, &message);
  EXPECT_EQ(message, "f.lam:4:5: no");
}

/// What a change of the toy's tape is answered with.
static std::string broken(const std::string &from, const std::string &to) {
  std::string tape = toy::tape();
  size_t at = tape.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  tape.replace(at, from.size(), to);
  std::string message = messageOf([&] {
    Json json = Json::parse(tape, "tape");
    Program program = Program::read(json);
    TapeEngine(json, program, toy::image(tape));
  });
  return message.substr(0, message.find(" (byte"));
}

TEST(Tape, RefusesWhatIsBroken) {
  EXPECT_EQ(broken("\"lamina_tape\": 1", "\"lamina_tape\": 2"),
            "error: tape: it has version 2, this run time plays version 1\n");
  EXPECT_EQ(broken("\"launch\": 3", "\"launch\": 5"),
            "error: tape: entry 'train.step': there is no kernel 5");
  EXPECT_EQ(broken("{\"base\": [\"slot\", 0]}", "{\"base\": [\"slot\", 2]}"),
            "error: tape: entry 'train.step': there is no slot 2");
  EXPECT_EQ(broken("{\"base\": [\"slot\", 0]}", "{\"base\": [\"stack\", 0]}"),
            "error: tape: entry 'train.step': unknown base 'stack'");
  EXPECT_EQ(broken("{\"host\": 2", "{\"host\": 5"),
            "error: tape: entry 'train.step': there is no register 5");
  EXPECT_EQ(broken("\"iadd\"", "\"iad\""),
            "error: tape: entry 'train.step': unknown operation 'iad'");
  EXPECT_EQ(broken("\"args\": [{\"register\": 2}, 1]", "\"args\": [1]"),
            "error: tape: entry 'train.step': 'iadd' takes 2 arguments");
  EXPECT_EQ(broken("\"scalars\": [{\"register\": 0}, {\"register\": 1}]",
                   "\"scalars\": []"),
            "error: tape: entry 'train.step': kernel 'update' takes 2 scalars, "
            "not 0");
  EXPECT_EQ(broken("\"load\": \"m\"", "\"load\": \"q\""),
            "error: tape: the entry 'train.step' uses the variable 'q', which "
            "is not there\n");
  EXPECT_EQ(
      broken("\"shape\": [256]}, \"load\"", "\"shape\": [255]}, \"load\""),
      "error: tape: the entry 'train.step' and the variable 'm' have different "
      "types\n");
  EXPECT_EQ(broken("\"step\": \"train.step\"", "\"step\": \"nothing\""),
            "error: tape: 'step' names 'nothing', which is not there");
  EXPECT_EQ(broken("\"name\": \"draw_table\"", "\"name\": \"other\""),
            "error: tape: kernel 0 is 'other', this program has 'draw_table' "
            "there\n");
  EXPECT_EQ(broken("\"first\": 0, \"last\": 5", "\"first\": 9, \"last\": 5"),
            "error: tape: entry 'train.step': a slot dies before it is born");
  EXPECT_EQ(broken("\"steps\": 100, ", ""),
            "error: tape: a stage has neither 'steps' nor 'epochs'");
  EXPECT_EQ(broken("{\"launch\": 1", "{\"lunch\": 1"),
            "error: tape: entry 'train.step': unknown record");
}

TEST(Tape, RefusesAFormThatIsNoneOfTheEntry) {
  EXPECT_EQ(
      broken("\"name\": \"train.step\"",
             "\"forms\": {\"gpu\": {\"name\": \"train.step\", "
             "\"arguments\": [], \"results\": [], \"body\": []}}, "
             "\"name\": \"train.step\""),
      "error: tape: entry 'train.step': the form for 'gpu' has other arguments "
      "or results than the entry");
}
