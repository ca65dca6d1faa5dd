// SPDX-License-Identifier: Apache-2.0
//
// Records that the program itself has a say in.
//
// Record entries of a source (docs/program.md) run on batches of its columns:
// in, which records there are; out, those that are kept, or a message about an
// id that is out of its range.

#include "runtime/Session/Session.h"

#include <algorithm>

namespace lamina {
namespace runtime {

/// Points the arguments of an entry at the columns of a batch.
static void bindBatch(const Batch &batch, Bindings &bindings) {
  for (const auto &column : batch.columns)
    bindings.values[column.first] = column.second.data();
  for (const auto &lengths : batch.lengths)
    bindings.values[lengthsKey(lengths.first)] = lengths.second.data();
}

/// A batch of the columns that record entries read.
static Feed feedOf(std::shared_ptr<Dataset> data, int64_t batch, int64_t seed) {
  FeedPlan plan;
  plan.name = data->source().plan.name;
  plan.size = data->source().plan.rows;
  int64_t there = data->count();
  return Feed(plan, std::move(data), std::min(batch, there), seed);
}

void Session::askRecords(const std::string &name, const Dataset &data,
                         const std::vector<int64_t> &records,
                         Results &results) {
  size_t entry = program.entryNamed(name);
  if (entry == none)
    throw Error(join("tape: there is no entry ", quote(name)));
  Bindings bindings;
  bindings.sizes = program.unboundSizes();
  Batch batch;
  Feed feed = feedOf(data.whole(), int64_t(records.size()), seed);
  feed.read(records, 1, program.entries[entry], bindings.sizes, batch);
  bindBatch(batch, bindings);
  run(entry, bindings, results);
}

std::shared_ptr<Dataset> Session::kept(std::shared_ptr<Dataset> of,
                                       const std::string &name,
                                       const std::string &where) {
  constexpr int64_t atOnce = 256;
  if (where.empty() || of->count() == 0)
    return of;
  std::vector<char> isKept;
  Feed all = feedOf(of, atOnce, seed);
  Results results;
  for (std::vector<int64_t> records;
       !(records = all.takeOfOnePass()).empty();) {
    askRecords(where, *of, records, results);
    for (size_t i = 0; i < records.size(); ++i)
      isKept.push_back(std::all_of(
          results.bytes.begin(), results.bytes.end(),
          [&](const std::vector<char> &condition) { return condition[i]; }));
  }
  size_t next = 0;
  auto some =
      Dataset::filter(name, of, [&](int64_t) { return isKept[next++] != 0; });
  if (some->count() == 0)
    throw Error(join("data ", quote(name), " keeps none of ",
                     counted(of->count(), "record")));
  return some;
}

/// Each id has two results, its smallest and its largest element.
void Session::checkIds(const Dataset &data,
                       const std::vector<int64_t> &records) {
  const Source &source = data.source();
  if (source.plan.check.empty())
    return;
  Results results;
  askRecords(source.plan.check, data, records, results);
  const Entry &entry = program.entries[program.entryNamed(source.plan.check)];
  for (size_t i = 0; i < entry.results.size(); ++i) {
    const Column &id = source.plan.ids[i / 2];
    Element element = entry.results[i].type.element;
    for (size_t r = 0; r < records.size(); ++r) {
      int64_t value = loadInt(element, results.bytes[i].data() +
                                           int64_t(r) * bytesOf(element));
      bool isLowest = i % 2 == 0;
      if (isLowest ? value < 0 : value >= id.below)
        source.refuseId(records[r] % source.count(), id, value);
    }
  }
}

void Session::readBatch(const Feed &feed, const std::vector<int64_t> &records,
                        int64_t repeat, const Entry &entry, Batch &batch,
                        Bindings &bindings) {
  ProfileScope scope(profile, Activity::Data, feed.name());
  checkIds(feed.dataset(), records);
  feed.read(records, repeat, entry, bindings.sizes, batch);
  bindBatch(batch, bindings);
}

void Session::copyAhead(const Batch &batch) {
  for (const auto &column : batch.columns)
    engine.copyAhead(column.second.data(), int64_t(column.second.size()));
  for (const auto &lengths : batch.lengths)
    engine.copyAhead(lengths.second.data(),
                     int64_t(lengths.second.size() * sizeof(int32_t)));
}

std::shared_ptr<Dataset> Session::dataset(size_t index) {
  if (datasets[index])
    return datasets[index];
  const DatasetPlan &plan = program.datasets[index];
  std::shared_ptr<Dataset> of;
  if (plan.of != none) {
    of = dataset(plan.of);
  } else {
    std::shared_ptr<Source> from = source(plan.source);
    const std::string &name = program.sources[plan.source].name;
    of = kept(Dataset::all(name, from), name, from->plan.where);
  }
  if (!plan.split.isWhole())
    of = Dataset::split(plan.name, of, plan.split);
  return datasets[index] = kept(of, plan.name, plan.where);
}

} // namespace runtime
} // namespace lamina
