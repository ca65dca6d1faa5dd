// SPDX-License-Identifier: Apache-2.0
//
// Parts of a source.
//
// The records of a source that are kept, or one part of a split of them. A
// split is the same in every run: by position in the file for windows (parts
// share no byte), else by place in a fixed shuffle, in equal shares of each
// value of a column if the split says `by`.

#ifndef LAMINA_RUNTIME_DATA_DATASET_H
#define LAMINA_RUNTIME_DATA_DATASET_H

#include "runtime/Data/Source.h"

#include <functional>
#include <memory>

namespace lamina {
namespace runtime {

/// Which part of a split.
struct SplitPlan {
  double from = 0, to = 1; ///< of the whole
  std::string by;          ///< a column, or empty
  bool isWhole() const { return from <= 0 && to >= 1; }
};

class Dataset {
public:
  /// All records of a source.
  static std::shared_ptr<Dataset> all(std::string name,
                                      std::shared_ptr<Source> source);
  /// Those that `keep` wants.
  static std::shared_ptr<Dataset>
  filter(std::string name, std::shared_ptr<Dataset> of,
         const std::function<bool(int64_t)> &keep);
  /// One part of `of`.
  static std::shared_ptr<Dataset>
  split(std::string name, std::shared_ptr<Dataset> of, const SplitPlan &plan);

  int64_t count() const { return size; }
  /// The number in the source of record `i` of this dataset.
  int64_t recordAt(int64_t i) const;

  const Source &source() const { return *origin; }
  /// All records of the same source.
  std::shared_ptr<Dataset> whole() const {
    return all(origin->plan.name, origin);
  }
  const std::string &name() const { return label; }

private:
  void cutWindows(const Dataset &of, const SplitPlan &plan);
  void cutShuffled(const Dataset &of, const SplitPlan &plan);
  void cutInShares(const Dataset &of, const SplitPlan &plan);

  std::string label;
  std::shared_ptr<Source> origin;
  int64_t size = 0;
  // Records are `first`, `first` + 1, … of the source, or those listed.
  int64_t first = 0;
  std::vector<int64_t> listed;
  bool isListed = false;
  int64_t firstToken = 0, endToken = 0; ///< of windows: what may be seen
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_DATASET_H
