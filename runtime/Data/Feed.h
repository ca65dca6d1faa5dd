// SPDX-License-Identifier: Apache-2.0
//
// Batches of records.
//
// A dataset as a stream of batches: shuffled anew in each epoch, or in order.
// Its whole state is an epoch and a position, which a checkpoint holds.

#ifndef LAMINA_RUNTIME_DATA_FEED_H
#define LAMINA_RUNTIME_DATA_FEED_H

#include "runtime/Data/Dataset.h"
#include "runtime/Program/Program.h"

#include <map>
#include <memory>

namespace lamina {
namespace runtime {

/// The bytes of the columns that an entry reads of one feed.
struct Batch {
  std::map<std::string, std::vector<char>> columns;    ///< by "feed.column"
  std::map<std::string, std::vector<int32_t>> lengths; ///< of ragged ones
  int64_t records = 0;
};

class Feed {
public:
  struct Position {
    int64_t epoch = 0, next = 0; ///< `next` counts records of the epoch
  };

  /// `batch` records at a time; 0: all. Throws if there are not so many.
  Feed(const FeedPlan &plan, std::shared_ptr<Dataset> data, int64_t batch,
       int64_t seed);

  Position position;

  int64_t batchSize() const { return batch; }
  int64_t batchesPerEpoch() const { return data->count() / batch; }
  const std::string &name() const { return plan.name; }
  const Dataset &dataset() const { return *data; }

  /// The next batch, each record as its number in the source plus the records
  /// of all epochs before, by which its draws are keyed (not for `records`,
  /// which are the same in every epoch). Goes on to the next epoch when what is
  /// left does not fill a batch.
  std::vector<int64_t> takeRecords();

  /// The next part of one pass in order, at most a batch; empty at the end.
  std::vector<int64_t> takeOfOnePass();

  /// Reads the columns that `entry` takes from this feed, binding the size of
  /// the batch and those of ragged columns in `sizes`. `records` holds
  /// `repeat` batches.
  void read(const std::vector<int64_t> &records, int64_t repeat,
            const Entry &entry, SizeValues &sizes, Batch &out) const;

  /// The first number of a batch that is none, as "'b' is nan in record 3 of
  /// 'points.csv'"; empty if all are numbers.
  std::string firstNotFinite(const std::vector<int64_t> &records,
                             const Entry &entry, const Batch &batch) const;

private:
  struct Wanted {
    std::string key;
    const Type *type;
    size_t column; ///< `none`: the number of the record
  };
  /// The number in the source of what `takeRecords` gave.
  int64_t sourceRecord(int64_t number) const {
    return number % data->source().count();
  }
  std::vector<Wanted> wantedBy(const Entry &entry) const;
  void bindSizes(const std::vector<int64_t> &records, int64_t repeat,
                 const std::vector<Wanted> &wanted, SizeValues &sizes) const;
  std::vector<int64_t> paddedShape(const Wanted &wanted, int64_t repeat,
                                   const SizeValues &sizes) const;
  void readColumn(const std::vector<int64_t> &records, const Wanted &wanted,
                  int64_t room, Batch &out) const;

  FeedPlan plan;
  std::shared_ptr<Dataset> data;
  int64_t batch;
  int64_t seed;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_FEED_H
