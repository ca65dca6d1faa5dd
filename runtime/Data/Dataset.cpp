// SPDX-License-Identifier: Apache-2.0
//
// Parts of a source.
//
// A source and a plan of its split in, a numbering of the part's records out.

#include "runtime/Data/Dataset.h"

#include "runtime/Random/Permutation.h"

#include <algorithm>
#include <map>

namespace lamina {
namespace runtime {

/// The same shuffle in every run, whatever its seed: a held-out record stays
/// held out.
static const philox::Key splitKey{0x73706C6974ull, 0};

/// The first of `n` things that lies beyond `fraction` of them. A nudge,
/// because 0.9 * 10 may be 8.999….
static int64_t place(double fraction, int64_t n) {
  if (fraction >= 1)
    return n;
  return std::min(n, int64_t(fraction * double(n) + 1e-9 * double(n) + 1e-6));
}

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
  if (of->endToken > 0 && !of->isListed)
    set->cutWindows(*of, plan);
  else if (plan.by.empty())
    set->cutShuffled(*of, plan);
  else
    set->cutInShares(*of, plan);
  return set;
}

void Dataset::cutWindows(const Dataset &of, const SplitPlan &plan) {
  int64_t tokens = of.endToken - of.firstToken;
  firstToken = of.firstToken + place(plan.from, tokens);
  endToken = of.firstToken + place(plan.to, tokens);
  int64_t step = origin->plan.step, window = origin->plan.window;
  first = (firstToken + step - 1) / step;
  if (endToken - window >= first * step)
    size = (endToken - window) / step - first + 1;
}

void Dataset::cutShuffled(const Dataset &of, const SplitPlan &plan) {
  Permutation order(of.size, splitKey);
  isListed = true;
  for (int64_t i = place(plan.from, of.size); i < place(plan.to, of.size); ++i)
    listed.push_back(of.recordAt(order(i)));
  // In the order of the file, so that reading it is not a random walk.
  std::sort(listed.begin(), listed.end());
  size = int64_t(listed.size());
}

void Dataset::cutInShares(const Dataset &of, const SplitPlan &plan) {
  const std::vector<Column> &columns = origin->plan.columns;
  size_t column = 0;
  while (column < columns.size() && columns[column].name != plan.by)
    ++column;
  if (column == columns.size())
    throw Error(join("the split of ", quote(of.label), " is by ",
                     quote(plan.by), ", which no entry reads"));
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
    for (int64_t i = place(plan.from, n); i < place(plan.to, n); ++i)
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
