//===- Table.cpp - Tables in text -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// A CSV file in, its declared columns as numbers out. Columns are turned into
// numbers once, when the file is opened, so every cell is checked before the
// first step.
//
//===----------------------------------------------------------------------===//

#include "runtime/Data/Csv.h"
#include "runtime/Data/Source.h"
#include "runtime/Files/Files.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lamina {
namespace runtime {

void CsvReader::skipLineEnd() {
  if (at != end && *at == '\r')
    ++at;
  if (at != end && *at == '\n')
    ++at;
  ++nextLine;
}

bool CsvReader::next(std::vector<std::string> &fields) {
  while (at != end && atLineEnd())
    skipLineEnd();
  if (at == end)
    return false;
  firstLine = nextLine;
  fields.clear();
  while (true) {
    fields.push_back(field());
    if (atLineEnd())
      break;
    ++at; // the separator
  }
  if (at != end)
    skipLineEnd();
  return true;
}

std::string CsvReader::field() {
  if (at != end && *at == '"')
    return quoted();
  const char *start = at;
  while (!atLineEnd() && *at != separator)
    ++at;
  return std::string(start, at);
}

std::string CsvReader::quoted() {
  std::string out;
  for (++at;; ++at) {
    if (at == end)
      throw Error(join(quote(name), ", line ", firstLine,
                       ": a double quote begins here and does not end"));
    if (*at == '\n')
      ++nextLine;
    if (*at != '"')
      out += *at;
    else if (at + 1 != end && at[1] == '"')
      out += *at++;
    else
      break;
  }
  ++at;
  // What follows the closing quote belongs to the field, as most readers do.
  while (!atLineEnd() && *at != separator)
    out += *at++;
  return out;
}

namespace {

class Table : public Source {
public:
  explicit Table(SourcePlan given) : Source(std::move(given)) {
    for (const Column &column : plan.columns)
      if (column.isRagged())
        throw Error(
            join(quote(column.name), " of ", quote(plan.file),
                 " should be a text of any length; a table gives numbers "
                 "and words of a list"));
    FileBytes file = FileBytes::open(plan.file);
    CsvReader reader(file.data(), file.size(),
                     plan.separator.empty() ? ',' : plan.separator[0],
                     plan.file);
    std::vector<std::string> fields;
    if (!reader.next(fields))
      throw Error(join(quote(plan.file), " is empty"));
    width = fields.size();
    findColumns(fields);
    bool more = !plan.header || reader.next(fields);
    for (; more; more = reader.next(fields))
      addRecord(fields, reader.line());
  }

  int64_t count() const override { return records; }

  void read(int64_t record, size_t column, char *out) const override {
    const Column &c = plan.columns[column];
    size_t bytes = size_t(c.count() * bytesOf(c.element));
    std::memcpy(out, values[column].data() + size_t(record) * bytes, bytes);
  }

private:
  /// A column `columns` (all fields as numbers, or from `words` on) spans the
  /// table; others are found by name, or by number where there is no header.
  void findColumns(const std::vector<std::string> &header) {
    values.resize(plan.columns.size());
    for (const Column &column : plan.columns) {
      if (column.name == "columns") {
        requireShape(plan, column, {int64_t(width)});
        places.push_back(0);
        continue;
      }
      auto found = plan.header
                       ? std::find(header.begin(), header.end(), column.name)
                       : header.end();
      if (found == header.end())
        noSuchColumn(plan, column.name,
                     plan.header ? header
                                 : std::vector<std::string>{"columns"});
      places.push_back(size_t(found - header.begin()));
    }
  }

  void addRecord(const std::vector<std::string> &fields, int64_t line) {
    if (fields.size() != width)
      throw Error(join(quote(plan.file), ", line ", line, ": ",
                       counted(int64_t(fields.size()), "field"),
                       ", but the first line has ", int64_t(width)));
    for (size_t c = 0; c < plan.columns.size(); ++c) {
      const Column &column = plan.columns[c];
      std::vector<char> &to = values[c];
      size_t count = size_t(column.count()), before = to.size();
      to.resize(before + count * size_t(bytesOf(column.element)));
      for (size_t i = 0; i < count; ++i)
        convert(fields[places[c] + i], c, to.data() + before, int64_t(i), line);
    }
    ++records;
  }

  void convert(const std::string &text, size_t column, char *out, int64_t i,
               int64_t line) const {
    const Column &c = plan.columns[column];
    if (!c.words.empty()) {
      auto found = std::find(c.words.begin(), c.words.end(), text);
      if (found == c.words.end())
        failCell(c, text, line, "none of the words that its line lists");
      return putInt(records, column, out, i, found - c.words.begin());
    }
    const char *start = text.c_str();
    while (*start == ' ')
      ++start;
    char *rest = nullptr;
    double value = std::strtod(start, &rest);
    while (*rest == ' ')
      ++rest;
    if (rest == start || *rest != '\0')
      failCell(c, text, line, "no number");
    put(records, column, out, i, value);
  }

  [[noreturn]] void failCell(const Column &column, const std::string &text,
                             int64_t line, const char *is) const {
    Error error(join(quote(plan.file), ", line ", line, ": ",
                     quote(column.name), " is ",
                     text.empty() ? "empty, " : quote(text) + ", ", is));
    if (!column.line.empty())
      error.note(column.check.empty() ? join("declared at ", column.line)
                                      : join(column.line, ": ", column.check));
    throw error;
  }

  size_t width = 0;
  int64_t records = 0;
  std::vector<size_t> places; ///< for each column its first field
  std::vector<std::vector<char>> values;
};

} // namespace

std::unique_ptr<Source> openTable(SourcePlan plan) {
  return std::make_unique<Table>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
