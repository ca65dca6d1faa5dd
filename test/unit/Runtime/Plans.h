// SPDX-License-Identifier: Apache-2.0
//
// Plans of sources, as a tape would have them, and what is read by them.

#ifndef LAMINA_TEST_UNIT_RUNTIME_PLANS_H
#define LAMINA_TEST_UNIT_RUNTIME_PLANS_H

#include "runtime/Data/Source.h"

namespace testing_support {

using namespace lamina::runtime;

inline Column column(const std::string &name, Element element,
                     std::vector<int64_t> shape, int64_t below = -1) {
  Column c;
  c.name = name;
  c.element = element;
  c.shape = std::move(shape);
  c.below = below;
  c.value = TextFunction::field(name);
  c.line = "f.lam:3:5";
  c.check = "label: id(10) = .label";
  return c;
}

inline SourcePlan plan(const std::string &kind, const std::string &file,
                       std::vector<Column> columns) {
  SourcePlan p;
  p.name = "d";
  p.kind = kind;
  p.file = file;
  p.columns = std::move(columns);
  return p;
}

template <typename T>
std::vector<T> read(const Source &source, int64_t record, size_t c = 0) {
  std::vector<T> values(size_t(source.length(record, c)));
  source.read(record, c, reinterpret_cast<char *>(values.data()));
  return values;
}

} // namespace testing_support

#endif // LAMINA_TEST_UNIT_RUNTIME_PLANS_H
