// SPDX-License-Identifier: Apache-2.0
//
// Text files line by line, JSON lines.
//
// A text file in; a record a line out. A line that begins with '{' is JSON: its
// keys are fields, lists flattened row by row. Else the line itself is `text`.
// A text that is asked for as it is comes out as bytes, or as tokens of the
// source's vocabulary.

#include "runtime/Data/Source.h"
#include "runtime/Files/Files.h"

#include <cstring>

namespace lamina {
namespace runtime {

namespace {

class Lines : public Source {
public:
  explicit Lines(SourcePlan given) : Source(std::move(given)) {
    if (!plan.vocabulary.empty())
      vocabulary = Vocabulary(plan.vocabulary);
    file = FileBytes::open(plan.file);
    const char *at = file.data(), *end = at + file.size();
    while (at != end) {
      auto *stop =
          static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
      const char *next = stop ? stop + 1 : end;
      if (next - at > 1 || *at != '\n')
        addLine(size_t(at - file.data()), size_t(next - file.data()));
      at = next;
    }
  }

  int64_t count() const override { return int64_t(lines.size()); }

  int64_t length(int64_t record, size_t column) const override {
    return int64_t(cell(record, column).numbers.size());
  }

  void read(int64_t record, size_t column, char *out) const override {
    putCell(record, column, out, cell(record, column));
  }

private:
  /// Keeps the line if the conditions of the data hold for it.
  void addLine(size_t first, size_t end) {
    lines.emplace_back(first, end);
    if (plan.conditions.empty())
      return;
    int64_t record = count() - 1;
    FieldReader fields = fieldsOf(record);
    for (const TextFunction &condition : plan.conditions)
      if (!condition.holds(fields)) {
        lines.pop_back();
        return;
      }
  }

  std::string textOf(int64_t record) const {
    auto [first, last] = lines[size_t(record)];
    while (last > first &&
           (file.data()[last - 1] == '\n' || file.data()[last - 1] == '\r'))
      --last;
    return std::string(file.data() + first, last - first);
  }

  std::string place(int64_t record) const {
    return join("record ", record, " of ", quote(plan.file));
  }

  FieldReader fieldsOf(int64_t record) const {
    std::string text = textOf(record);
    Json line;
    if (!text.empty() && text[0] == '{')
      line = Json::parse(text, place(record));
    return [this, record, text, line](const std::string &name, bool) {
      if (line.isNull() && name != "text")
        noSuchColumn(plan, name, {"text"});
      if (line.isNull())
        return Cell::ofText(text);
      const Json *value = line.find(name.c_str());
      if (!value)
        throw Error(join(place(record), " has no ", quote(name)));
      return cellOf(*value, name);
    };
  }

  static Cell cellOf(const Json &value, const std::string &name) {
    if (value.isText())
      return Cell::ofText(value.asText());
    if (!value.isList())
      return Cell::ofNumber(numberOf(value, name));
    if (value.size() > 0 && value[0].isText()) {
      std::vector<std::string> texts;
      for (const Json &item : value.items())
        texts.push_back(item.asText());
      return Cell::ofTexts(std::move(texts));
    }
    std::vector<double> numbers;
    flatten(value, name, numbers);
    return Cell::ofNumbers(std::move(numbers));
  }

  static double numberOf(const Json &value, const std::string &name) {
    if (value.kind() == Json::Kind::Bool)
      return value.asBool();
    if (!value.isNumber())
      throw Error(
          join(quote(name), " is neither number nor text nor a list of them"));
    return value.asReal();
  }

  static void flatten(const Json &value, const std::string &name,
                      std::vector<double> &numbers) {
    if (!value.isList())
      return numbers.push_back(numberOf(value, name));
    for (const Json &item : value.items())
      flatten(item, name, numbers);
  }

  /// The numbers of one cell; the last one is kept, because a batch asks for
  /// its length first.
  const Cell &cell(int64_t record, size_t column) const {
    if (record == cachedRecord && column == cachedColumn)
      return cached;
    const Column &c = plan.columns[column];
    cachedRecord = -1;
    try {
      cached = c.value.evaluate(fieldsOf(record));
      if (cached.kind == Cell::Kind::Text)
        cached = encoded(cached.texts[0], record);
    } catch (Error &error) {
      if (error.message.compare(0, 7, "record ") != 0 && error.notes.empty()) {
        error.message = join(place(record), ": ", error.message);
        if (!c.line.empty())
          error.note(declarationOf(c));
      }
      throw;
    }
    cachedRecord = record;
    cachedColumn = column;
    return cached;
  }

  Cell encoded(const std::string &text, int64_t record) const {
    std::vector<double> numbers;
    for (uint32_t token :
         vocabulary.encode(text.data(), text.size(),
                           join("record ", record, " of ", plan.file)))
      numbers.push_back(token);
    return Cell::ofNumbers(std::move(numbers));
  }

  FileBytes file;
  Vocabulary vocabulary;
  std::vector<std::pair<size_t, size_t>> lines; ///< first byte and end of each
  mutable Cell cached;
  mutable int64_t cachedRecord = -1;
  mutable size_t cachedColumn = 0;
};

} // namespace

std::unique_ptr<Source> openLines(SourcePlan plan) {
  return std::make_unique<Lines>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
