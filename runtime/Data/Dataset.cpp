//===- Dataset.cpp - Parts of a source ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// A source and a plan of its split in, a numbering of the part's records out.
//
//===----------------------------------------------------------------------===//

#include "runtime/Data/Dataset.h"

#include "runtime/Random/Permutation.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace lamina {
namespace runtime {

/// The same shuffle in every run, whatever its seed: a held-out record stays
/// held out.
static const philox::Key splitKey{0x73706C6974ull, 0};

/// The two ends of a part, as fractions of the whole.
struct Dataset::Cut {
  double from, to;

  explicit Cut(const SplitPlan &plan) {
    double total = 0, before = 0;
    for (size_t i = 0; i < plan.parts.size(); ++i) {
      before += i < plan.part ? plan.parts[i] : 0;
      total += plan.parts[i];
    }
    from = before / total;
    to = plan.part + 1 == plan.parts.size()
             ? 1
             : (before + plan.parts[plan.part]) / total;
  }
  /// Rounded to nearest after a nudge, because 0.9 · 10 may be 8.999….
  static int64_t place(double fraction, int64_t n) {
    return int64_t(std::floor(fraction * double(n) + 1e-9 * double(n) + 1e-6));
  }
  int64_t first(int64_t n) const { return std::min(n, place(from, n)); }
  int64_t last(int64_t n) const {
    return to >= 1 ? n : std::min(n, place(to, n));
  }
};

std::shared_ptr<Dataset> Dataset::all(std::string name,
                                      std::shared_ptr<Source> source) {
  auto set = std::make_shared<Dataset>();
  set->label = std::move(name);
  set->size = source->count();
  set->endToken = source->tokens();
  set->origin = std::move(source);
  return set;
}

std::shared_ptr<Dataset>
Dataset::filter(std::string name, std::shared_ptr<Dataset> of,
                const std::function<bool(int64_t)> &keep) {
  auto set = std::make_shared<Dataset>(*of);
  set->label = std::move(name);
  set->listed.clear();
  set->isListed = true;
  for (int64_t i = 0; i < of->size; ++i)
    if (keep(of->recordAt(i)))
      set->listed.push_back(of->recordAt(i));
  set->size = int64_t(set->listed.size());
  return set;
}

std::shared_ptr<Dataset> Dataset::split(std::string name,
                                        std::shared_ptr<Dataset> of,
                                        const SplitPlan &plan) {
  auto set = std::make_shared<Dataset>();
  set->label = std::move(name);
  set->origin = of->origin;
  Cut cut(plan);
  if (of->endToken > 0 && !of->isListed)
    set->cutWindows(*of, cut);
  else if (plan.by.empty())
    set->cutShuffled(*of, cut);
  else
    set->cutInShares(*of, cut, plan.by);
  return set;
}

void Dataset::cutWindows(const Dataset &of, const Cut &cut) {
  int64_t tokens = of.endToken - of.firstToken;
  firstToken = of.firstToken + cut.first(tokens);
  endToken = of.firstToken + cut.last(tokens);
  int64_t step = origin->plan.step, window = origin->plan.window;
  first = (firstToken + step - 1) / step;
  if (endToken - window >= first * step)
    size = (endToken - window) / step - first + 1;
}

void Dataset::cutShuffled(const Dataset &of, const Cut &cut) {
  Permutation order(of.size, splitKey);
  isListed = true;
  for (int64_t i = cut.first(of.size); i < cut.last(of.size); ++i)
    listed.push_back(of.recordAt(order(i)));
  // In the order of the file, so that reading it is not a random walk.
  std::sort(listed.begin(), listed.end());
  size = int64_t(listed.size());
}

void Dataset::cutInShares(const Dataset &of, const Cut &cut,
                          const std::string &by) {
  const std::vector<Column> &columns = origin->plan.columns;
  size_t column = 0;
  while (column < columns.size() && columns[column].name != by)
    ++column;
  if (column == columns.size())
    throw Error(join("the split of ", quote(of.label), " is by ", quote(by),
                     ", which no entry reads"));
  Permutation order(of.size, splitKey);
  std::map<std::string, std::vector<int64_t>> classes;
  for (int64_t i = 0; i < of.size; ++i) {
    int64_t record = of.recordAt(order(i));
    std::string value(size_t(origin->length(record, column) *
                             bytesOf(columns[column].element)),
                      '\0');
    origin->read(record, column, &value[0]);
    classes[value].push_back(record);
  }
  isListed = true;
  for (const auto &each : classes) {
    int64_t n = int64_t(each.second.size());
    for (int64_t i = cut.first(n); i < cut.last(n); ++i)
      listed.push_back(each.second[size_t(i)]);
  }
  std::sort(listed.begin(), listed.end());
  size = int64_t(listed.size());
}

int64_t Dataset::recordAt(int64_t i) const {
  return isListed ? listed[size_t(i)] : first + i;
}

} // namespace runtime
} // namespace lamina
