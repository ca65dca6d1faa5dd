// SPDX-License-Identifier: Apache-2.0
//
// Tables in text.
//
// A CSV file in, its declared columns as numbers out. Columns are made once,
// when the file is opened, so every cell is checked before the first step.

#include "runtime/Data/Csv.h"
#include "runtime/Data/Source.h"
#include "runtime/Files/Files.h"

#include <algorithm>
#include <cstring>

namespace lamina {
namespace runtime {

namespace {

class Table : public Source {
public:
  explicit Table(SourcePlan given)
      : Source(std::move(given)), columns(plan.columns.size()) {
    FileBytes file = FileBytes::open(plan.file);
    CsvReader reader(file.data(), file.size(),
                     plan.separator.empty() ? ',' : plan.separator[0],
                     plan.file);
    if (!reader.next(fields))
      throw Error(join(quote(plan.file), " is empty"));
    width = fields.size();
    if (plan.header)
      header = fields;
    else
      for (size_t i = 1; i <= width; ++i)
        header.push_back(join("column", int64_t(i)));
    bool more = !plan.header || reader.next(fields);
    for (; more; more = reader.next(fields))
      addRecord(reader.line());
    fields.clear();
  }

  int64_t count() const override { return records; }

  int64_t length(int64_t record, size_t column) const override {
    const std::vector<size_t> &ends = columns[column].ends;
    size_t first = record == 0 ? 0 : ends[size_t(record) - 1];
    return int64_t(ends[size_t(record)] - first) /
           bytesOf(plan.columns[column].element);
  }

  void read(int64_t record, size_t column, char *out) const override {
    const std::vector<size_t> &ends = columns[column].ends;
    size_t first = record == 0 ? 0 : ends[size_t(record) - 1];
    if (ends[size_t(record)] > first)
      std::memcpy(out, columns[column].bytes.data() + first,
                  ends[size_t(record)] - first);
  }

private:
  struct Values {
    std::vector<char> bytes;
    std::vector<size_t> ends; ///< of each record
  };

  /// A field of the record that `fields` holds.
  Cell field(const std::string &name, bool all) const {
    if (all)
      return Cell::ofTexts(fields);
    auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end())
      noSuchColumn(plan, name, header);
    return Cell::ofText(fields[size_t(found - header.begin())]);
  }

  void addRecord(int64_t line) {
    if (fields.size() != width)
      throw Error(join(quote(plan.file), ", line ", line, ": ",
                       counted(int64_t(fields.size()), "field"),
                       ", but the first line has ", int64_t(width)));
    FieldReader record = [this](const std::string &name, bool all) {
      return field(name, all);
    };
    for (const TextFunction &condition : plan.conditions)
      if (!condition.holds(record))
        return;
    for (size_t c = 0; c < columns.size(); ++c)
      addCell(c, record, line);
    ++records;
  }

  void addCell(size_t column, const FieldReader &record, int64_t line) {
    const Column &c = plan.columns[column];
    Cell cell;
    try {
      cell = c.value.evaluate(record);
      // A field of a table is text; asked for as it is, it is meant as a
      // number.
      if (cell.isText())
        cell = TextFunction::unary(TextFunction::Op::Number, c.value)
                   .evaluate(record);
    } catch (Error &error) {
      if (error.notes.empty()) {
        error.message =
            join(quote(plan.file), ", line ", line, ": ", error.message);
        if (!c.line.empty())
          error.note(declarationOf(c));
      }
      throw;
    }
    std::vector<char> &to = columns[column].bytes;
    size_t before = to.size();
    to.resize(before + cell.numbers.size() * size_t(bytesOf(c.element)));
    putCell(records, column, to.data() + before, cell);
    columns[column].ends.push_back(to.size());
  }

  size_t width = 0;
  int64_t records = 0;
  std::vector<std::string> header; ///< names of the columns: theirs, or ours
  std::vector<std::string> fields;
  std::vector<Values> columns;
};

} // namespace

std::unique_ptr<Source> openTable(SourcePlan plan) {
  return std::make_unique<Table>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
