// SPDX-License-Identifier: Apache-2.0
//
// A value over a whole split.
//
// A report's plan in, its value out: the batch entry over all records, its sums
// added up in double in the order of batches, then the finishing entry once.

#include "runtime/Train/Report.h"

#include <algorithm>
#include <map>

namespace lamina {
namespace runtime {

namespace {

class Accumulators {
public:
  /// Takes the `add` and `append` results of one batch.
  void take(const Entry &entry, const Results &results,
            const SizeValues &sizes) {
    for (size_t i = 0; i < entry.results.size(); ++i) {
      const Result &result = entry.results[i];
      if (result.kind == ResultKind::Add)
        add(result, results.bytes[i], sizes);
      if (result.kind == ResultKind::Append) {
        int64_t bytes = result.type.bytesAt(sizes);
        std::vector<char> &list = lists[result.key];
        list.insert(list.end(), results.bytes[i].begin(),
                    results.bytes[i].begin() + bytes);
      }
    }
  }

  /// Hands what was taken to the arguments of the finishing entry.
  void bind(const Entry &entry, Bindings &bindings) {
    for (const Argument &argument : entry.arguments) {
      if (argument.kind == ArgumentKind::Add)
        bindSum(argument, bindings);
      if (argument.kind == ArgumentKind::Append)
        bindList(argument, bindings);
    }
  }

private:
  void add(const Result &result, const std::vector<char> &bytes,
           const SizeValues &sizes) {
    int64_t count = elementCount(result.type.shapeAt(sizes));
    std::vector<double> &sum = sums[result.key];
    sum.resize(size_t(count), 0);
    for (int64_t i = 0; i < count; ++i)
      sum[size_t(i)] += loadReal(
          result.type.element, bytes.data() + i * bytesOf(result.type.element));
  }

  void bindSum(const Argument &argument, Bindings &bindings) {
    const std::vector<double> &sum = sums[argument.key];
    Element element = argument.type.element;
    std::vector<char> &bytes = handed[argument.key];
    bytes.resize(std::max<size_t>(sum.size(), 1) * size_t(bytesOf(element)), 0);
    for (size_t i = 0; i < sum.size(); ++i)
      storeReal(element, &bytes[i * size_t(bytesOf(element))], sum[i]);
    bindings.values[argument.key] = bytes.data();
  }

  void bindList(const Argument &argument, Bindings &bindings) {
    std::vector<char> &list = lists[argument.key];
    int64_t row = bytesOf(argument.type.element);
    for (size_t axis = 1; axis < argument.type.shape.size(); ++axis)
      row = checkedMul(row, argument.type.shape[axis].evaluate(bindings.sizes));
    int64_t count = row > 0 ? int64_t(list.size()) / row : 0;
    if (argument.type.shape.empty() ||
        !argument.type.shape[0].solve(count, bindings.sizes))
      throw Error(join("tape: the list ", quote(argument.key),
                       " has no axis for its length"));
    list.resize(std::max<size_t>(list.size(), 16));
    bindings.values[argument.key] = list.data();
  }

  std::map<std::string, std::vector<double>> sums;
  std::map<std::string, std::vector<char>> lists, handed;
};

} // namespace

double evaluateReport(Session &session, const ReportPlan &report,
                      bool useFinal) {
  ProfileScope scope(session.profile, Activity::Report, report.name);
  std::shared_ptr<Dataset> data = session.dataset(report.feed.dataset);
  Feed feed(report.feed, data, std::min(report.feed.batch, data->count()),
            session.seed);
  const Entry &batchEntry = session.program.entries[report.batchEntry];
  Accumulators accumulators;
  Batch batch;
  Results results;
  Bindings bindings;
  bindings.useFinal = useFinal;
  for (std::vector<int64_t> records;
       !(records = feed.takeOfOnePass()).empty();) {
    bindings.sizes = session.program.unboundSizes();
    session.readBatch(feed, records, 1, batchEntry, batch, bindings);
    if (bindings.keyStep == 0)
      session.checkRun(report.batchEntry, bindings.sizes);
    session.run(report.batchEntry, bindings, results);
    accumulators.take(batchEntry, results, bindings.sizes);
    bindings.keyStep += 1;
    bindings.records += int64_t(records.size());
  }
  const Entry &finish = session.program.entries[report.finishEntry];
  bindings.sizes = session.program.unboundSizes();
  accumulators.bind(finish, bindings);
  session.run(report.finishEntry, bindings, results);
  for (size_t i = 0; i < finish.results.size(); ++i)
    if (finish.results[i].kind == ResultKind::Metric ||
        finish.results[i].kind == ResultKind::Value)
      return results.real(finish, i);
  throw Error(join("tape: the report ", quote(report.symbol), " has no value"));
}

} // namespace runtime
} // namespace lamina
