//===- Lines.cpp - Text files line by line, JSON lines --------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// A text file in; a record a line out. A line that begins with '{' is JSON: its
// keys are columns, lists flattened row by row. Else the line itself is `text`.
// Text comes out as bytes, or as tokens of the source's vocabulary.
//
//===----------------------------------------------------------------------===//

#include "runtime/Data/Source.h"
#include "runtime/Data/Vocabulary.h"
#include "runtime/Files/Files.h"

#include <cstring>

namespace lamina {
namespace runtime {

namespace {

class Lines : public Source {
public:
  explicit Lines(SourcePlan given)
      : Source(std::move(given)),
        vocabulary(plan.vocabulary.empty() ? Vocabulary()
                                           : Vocabulary(plan.vocabulary)) {
    file = FileBytes::open(plan.file);
    const char *at = file.data(), *end = at + file.size();
    while (at != end) {
      auto *stop =
          static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
      const char *next = stop ? stop + 1 : end;
      if (next - at > 1 || *at != '\n')
        starts.push_back(size_t(at - file.data()));
      at = next;
    }
    starts.push_back(file.size());
  }

  int64_t count() const override { return int64_t(starts.size()) - 1; }

  int64_t length(int64_t record, size_t column) const override {
    return int64_t(cell(record, column).size());
  }

  void read(int64_t record, size_t column, char *out) const override {
    const std::vector<double> &values = cell(record, column);
    const Column &c = plan.columns[column];
    if (!c.isRagged() && int64_t(values.size()) != c.count())
      refuse(record, column,
             join("a list of ", int64_t(values.size()), " numbers, but ",
                  shapeText(c.shape), " takes ", c.count()));
    for (size_t i = 0; i < values.size(); ++i)
      put(record, column, out, int64_t(i), values[i]);
  }

private:
  std::string lineText(int64_t record) const {
    size_t first = starts[size_t(record)], last = starts[size_t(record) + 1];
    while (last > first &&
           (file.data()[last - 1] == '\n' || file.data()[last - 1] == '\r'))
      --last;
    return std::string(file.data() + first, last - first);
  }

  /// The numbers of one cell; the last one is kept, because a batch asks for
  /// its length first.
  const std::vector<double> &cell(int64_t record, size_t column) const {
    if (record == cachedRecord && column == cachedColumn)
      return cached;
    cachedRecord = -1;
    cached.clear();
    std::string text = lineText(record);
    const Column &c = plan.columns[column];
    if (!text.empty() && text[0] == '{') {
      std::string what = join("record ", record, " of ", quote(plan.file));
      Json line = Json::parse(text, what);
      const Json *value = line.find(c.name.c_str());
      if (!value)
        throw Error(join(what, " has no ", quote(c.name)));
      append(*value, record, column);
    } else if (c.name == "text") {
      append(Json(text), record, column);
    } else {
      noSuchColumn(plan, c.name, {"text"});
    }
    cachedRecord = record;
    cachedColumn = column;
    return cached;
  }

  void append(const Json &value, int64_t record, size_t column) const {
    switch (value.kind()) {
    case Json::Kind::List:
      for (const Json &item : value.items())
        append(item, record, column);
      return;
    case Json::Kind::Text: {
      const std::string &text = value.asText();
      std::string what = join("record ", record, " of ", plan.file);
      for (uint32_t token : vocabulary.encode(text.data(), text.size(), what))
        cached.push_back(token);
      return;
    }
    case Json::Kind::Bool:
      cached.push_back(value.asBool());
      return;
    case Json::Kind::Int:
    case Json::Kind::Real:
      cached.push_back(value.asReal());
      return;
    default:
      refuse(record, column, "neither number nor text nor a list of them");
    }
  }

  FileBytes file;
  Vocabulary vocabulary;
  std::vector<size_t> starts; ///< and the end of the file
  mutable std::vector<double> cached;
  mutable int64_t cachedRecord = -1;
  mutable size_t cachedColumn = 0;
};

} // namespace

std::unique_ptr<Source> openLines(SourcePlan plan) {
  return std::make_unique<Lines>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
