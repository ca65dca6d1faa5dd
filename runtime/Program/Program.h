// SPDX-License-Identifier: Apache-2.0
//
// What a built program says of itself.
//
// The tape's header in C++: sizes, the `program.*` ops of docs/program.md and
// the signatures of entries. Read once, checked, never changed; names are
// resolved to indices here, so that nothing below looks anything up by text.

#ifndef LAMINA_RUNTIME_PROGRAM_PROGRAM_H
#define LAMINA_RUNTIME_PROGRAM_PROGRAM_H

#include "runtime/Data/Dataset.h"
#include "runtime/Program/Type.h"

#include <string>
#include <vector>

namespace lamina {
namespace runtime {

constexpr size_t none = size_t(-1);

enum class ArgumentKind : uint8_t {
  Load,
  Batch,
  Lengths,
  Scalar,
  Input,
  Add,
  Append
};
enum class ResultKind : uint8_t {
  Store,
  Metric,
  Add,
  Append,
  Output,
  Lengths,
  Value
};

struct Argument {
  Type type;
  ArgumentKind kind = ArgumentKind::Load;
  std::string key; ///< variable, "feed.column", scalar, parameter, accumulator
  size_t variable = none; ///< of Load
};

struct Result {
  Type type;
  ResultKind kind = ResultKind::Value;
  std::string key;
  size_t variable = none; ///< of Store
};

struct Entry {
  std::string name, kind;
  std::vector<Argument> arguments;
  std::vector<Result> results;
};

struct Variable {
  std::string name, role;
  Type type;
  double initNumber = 0;
  size_t initEntry = none; ///< instead of the number
  std::string stack; ///< name of the copies in files, with a star for each axis
  std::string file;  ///< name in files
  size_t replaces =
      none; ///< of a derived one: the param that evaluation sees as this

  bool isWeight() const { return role == "param" || role == "state"; }
};

/// A number that a flag may set.
struct Scalar {
  std::string name, role, line;
  Element element = Element::F32;
  double value = 0;
  bool canSet() const { return role == "set"; }
};

struct DatasetPlan {
  std::string name;
  size_t source = none; ///< of one of these two
  size_t of = none;
  SplitPlan split;
  std::string where; ///< entry that keeps a record; empty if all are kept
};

struct FeedPlan {
  std::string name;
  size_t dataset = none;
  int64_t batch = 0;  ///< 0: all records
  size_t size = none; ///< the named size that the batch binds
  bool shuffled = true;
  std::string by;
  int64_t repeat = 1;
};

struct ReportPlan {
  std::string symbol, name, line;
  size_t batchEntry = none, finishEntry = none;
  int64_t every = 0; ///< in steps; 0: every epoch
  FeedPlan feed;
};

struct KeepPlan {
  std::string report;
  bool lowest = true;
  int64_t patience = -1; ///< reports without a better one before stopping
};

struct MetricPlan {
  std::string name;
  int64_t every = 1;
};

/// A number in the tape or a scalar that gives it.
struct CountPlan {
  int64_t number = -1; ///< -1: not given
  size_t scalar = none;
  bool isGiven() const { return number >= 0 || scalar != none; }
};

struct StagePlan {
  std::string name;
  size_t step = none, final = none, batchInit = none;
  CountPlan steps, epochs;
  std::vector<FeedPlan> feeds;
  std::vector<size_t> reports;
  std::vector<MetricPlan> metrics;
  KeepPlan keep;
  std::vector<size_t> fresh;
};

struct TrainPlan {
  std::string name, model, from, doc;
  std::vector<StagePlan> stages;
};

struct ParameterPlan {
  std::string name, kind;
  Element element = Element::F32;
  size_t size = none;
  int64_t below = -1; ///< ids are in [0, below); -1 if anything goes
  bool isText = false;
  std::vector<std::string> vocabulary; ///< of a text; empty: bytes
  Json fallback;                       ///< null: the flag is needed

  /// The default as it would be written after the flag.
  std::string fallbackText() const {
    return fallback.isText() ? fallback.asText() : fallback.dump();
  }
};

struct OutputPlan {
  std::string name;
  bool isText = false;
  std::vector<std::string> vocabulary;
};

struct SamplePlan {
  std::string name, doc;
  size_t entry = none;
  std::vector<ParameterPlan> parameters;
  std::vector<OutputPlan> results;
};

struct TestPlan {
  std::string name, label; ///< symbol, and the text that the file gives it
  size_t entry = none;
};

struct KernelInfo {
  std::string name, kind;
  Expression flops, bytes;
  std::vector<std::string> lines;
  /// By the number of each op, where the code speaks of numbers; the first is
  /// the kernel's own.
  std::vector<std::string> opLines;
};

struct Program {
  std::string name, version;
  SizeList sizes;
  std::vector<Entry> entries;
  std::vector<KernelInfo> kernels;
  std::vector<Variable> variables;
  std::vector<Scalar> scalars;
  std::vector<SourcePlan> sources;
  std::vector<DatasetPlan> datasets;
  std::vector<ReportPlan> reports;
  std::vector<TrainPlan> trains;
  std::vector<SamplePlan> samples;
  std::vector<TestPlan> tests;
  std::string sourceFile, sourceHash;

  /// Throws an `Error` that begins with "tape: " on whatever does not fit.
  static Program read(const Json &tape);

  size_t
  entryNamed(const std::string &entry) const; ///< `none` if there is none
  size_t variableNamed(const std::string &variable) const;
  /// The sizes of a run before anything is bound: -1 everywhere.
  SizeValues unboundSizes() const { return SizeValues(sizes.size(), -1); }
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_PROGRAM_PROGRAM_H
