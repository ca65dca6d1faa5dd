// SPDX-License-Identifier: Apache-2.0
//
// Batches of records.
//
// Records in, dense tensors with a batch axis out. Ragged columns are padded
// with zeros to the longest record of the batch.

#include "runtime/Data/Feed.h"

#include "runtime/Random/Permutation.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lamina {
namespace runtime {

Feed::Feed(const FeedPlan &plan, std::shared_ptr<Dataset> data,
           int64_t batchSize, int64_t seed)
    : plan(plan), data(std::move(data)), batch(batchSize), seed(seed) {
  int64_t there = this->data->count();
  if (there == 0)
    throw Error(join("data ", quote(plan.name), " has no records"));
  if (batch == 0)
    batch = there;
  if (batch > there)
    throw Error(join("a batch takes ", counted(batch, "record"), ", but ",
                     quote(plan.name), " has ", there))
        .note("a smaller --batch or more data would do");
  if (!plan.by.empty())
    throw Error(join("data ", quote(plan.name), " is batched by ",
                     quote(plan.by), ", which this run time cannot do yet"));
}

std::vector<int64_t> Feed::takeRecords() {
  if (position.next + batch > data->count()) {
    position.epoch += 1;
    position.next = 0;
  }
  philox::Key key = philox::derive({uint64_t(seed), 1}, position.epoch);
  key =
      philox::derive(key, philox::hashPath(plan.name.data(), plan.name.size()));
  Permutation order(data->count(), key);
  bool sameEachEpoch = data->source().plan.kind == "records";
  int64_t before = sameEachEpoch ? 0 : position.epoch * data->source().count();
  std::vector<int64_t> records;
  for (int64_t i = position.next; i < position.next + batch; ++i)
    records.push_back(before + data->recordAt(plan.shuffled ? order(i) : i));
  position.next += batch;
  return records;
}

std::vector<int64_t> Feed::takeOfOnePass() {
  int64_t end = std::min(position.next + batch, data->count());
  std::vector<int64_t> records;
  for (; position.next < end; ++position.next)
    records.push_back(data->recordAt(position.next));
  return records;
}

std::vector<Feed::Wanted> Feed::wantedBy(const Entry &entry) const {
  std::vector<Wanted> wanted;
  const std::vector<Column> &columns = data->source().plan.columns;
  std::string prefix = plan.name + ".";
  for (const Argument &argument : entry.arguments) {
    bool mine = argument.kind == ArgumentKind::Batch &&
                argument.key.compare(0, prefix.size(), prefix) == 0;
    if (!mine)
      continue;
    std::string name = argument.key.substr(prefix.size());
    size_t column = 0;
    while (column < columns.size() && columns[column].name != name)
      ++column;
    // "learn.2.window" is of the feed "learn.2", not of "learn".
    if (column == columns.size() && name != "index")
      continue;
    wanted.push_back({argument.key, &argument.type,
                      column == columns.size() ? none : column});
  }
  return wanted;
}

void Feed::bindSizes(const std::vector<int64_t> &records, int64_t repeat,
                     const std::vector<Wanted> &wanted,
                     SizeValues &sizes) const {
  if (plan.size != none)
    sizes[plan.size] = int64_t(records.size()) / repeat;
  // A ragged size is the longest of all columns that have it.
  for (const Wanted &each : wanted) {
    if (each.column == none ||
        !data->source().plan.columns[each.column].isRagged())
      continue;
    int64_t longest = 0;
    for (int64_t record : records)
      longest = std::max(
          longest, data->source().length(sourceRecord(record), each.column));
    const Expression &axis = each.type->shape.back();
    int64_t &size = axis.isSize() ? sizes[axis.sizeIndex()] : longest;
    size = std::max(size, longest);
  }
}

/// The argument's shape at these sizes, after checking it against the records.
std::vector<int64_t> Feed::paddedShape(const Wanted &wanted, int64_t repeat,
                                       const SizeValues &sizes) const {
  std::vector<int64_t> shape = wanted.type->shapeAt(sizes);
  if (shape.empty())
    throw Error(join("tape: ", quote(wanted.key), " has no batch axis"));
  int64_t lead =
      repeat > 1 && shape.size() > 1 ? shape[0] * shape[1] : shape[0];
  if (lead != batch * repeat && plan.size == none)
    throw Error(join("the batch of ", quote(plan.name), " is fixed at ",
                     lead / repeat, " in this program, not ", batch));
  return shape;
}

void Feed::readColumn(const std::vector<int64_t> &records, const Wanted &wanted,
                      int64_t room, Batch &out) const {
  const Source &source = data->source();
  int64_t step = room * bytesOf(wanted.type->element);
  std::vector<char> &bytes = out.columns[wanted.key];
  bytes.assign(size_t(step) * records.size(), 0);
  if (wanted.column == none) {
    for (size_t i = 0; i < records.size(); ++i)
      storeInt(wanted.type->element, &bytes[i * size_t(step)], records[i]);
    return;
  }
  const Column &column = source.plan.columns[wanted.column];
  if (column.element != wanted.type->element)
    throw Error(join("tape: ", quote(wanted.key), " is read as ",
                     nameOf(column.element), " but taken as ",
                     nameOf(wanted.type->element)));
  std::vector<int32_t> &lengths = out.lengths[wanted.key];
  lengths.clear();
  for (size_t i = 0; i < records.size(); ++i) {
    int64_t length = source.length(sourceRecord(records[i]), wanted.column);
    if (column.isRagged() && length > room)
      throw Error(join("record ", records[i], " of ", quote(source.plan.file),
                       ": ", quote(column.name), " has ", length,
                       " elements, but this program takes ", room));
    if (column.isRagged())
      lengths.push_back(int32_t(length));
    else if (column.count() != room)
      throw Error(join("tape: ", quote(wanted.key), " takes ", room,
                       " elements of a record"));
    source.read(sourceRecord(records[i]), wanted.column,
                bytes.data() + i * size_t(step));
  }
}

std::string Feed::firstNotFinite(const std::vector<int64_t> &records,
                                 const Entry &entry, const Batch &read) const {
  const Source &source = data->source();
  for (const Wanted &each : wantedBy(entry)) {
    Element element = each.type->element;
    bool isReal = element == Element::F32 || element == Element::F64 ||
                  element == Element::BF16;
    if (each.column == none || !isReal)
      continue;
    const Column &column = source.plan.columns[each.column];
    const std::vector<char> &bytes = read.columns.at(each.key);
    size_t step = bytes.size() / records.size();
    for (size_t r = 0; r < records.size(); ++r) {
      int64_t record = sourceRecord(records[r]);
      int64_t count = column.isRagged() ? source.length(record, each.column)
                                        : column.count();
      for (int64_t i = 0; i < count; ++i) {
        double value =
            loadReal(element, bytes.data() + r * step + i * bytesOf(element));
        if (!std::isfinite(value))
          return join(quote(column.name), " is ", value, " in record ", record,
                      " of ", quote(source.plan.file));
      }
    }
  }
  return "";
}

void Feed::read(const std::vector<int64_t> &records, int64_t repeat,
                const Entry &entry, SizeValues &sizes, Batch &out) const {
  std::vector<Wanted> wanted = wantedBy(entry);
  bindSizes(records, repeat, wanted, sizes);
  out.records = int64_t(records.size());
  for (const Wanted &each : wanted) {
    int64_t all = elementCount(paddedShape(each, repeat, sizes));
    readColumn(records, each, all / int64_t(records.size()), out);
  }
}

} // namespace runtime
} // namespace lamina
