// SPDX-License-Identifier: Apache-2.0
//
// What all kinds of files share.
//
// The plan of a source in, an open source of the right kind out; checks of
// values and shapes with their messages.

#include "runtime/Data/Source.h"

#include <cmath>

namespace lamina {
namespace runtime {

bool Column::isRagged() const {
  for (int64_t size : shape)
    if (size < 0)
      return true;
  return false;
}

int64_t Column::count() const { return elementCount(shape); }

std::unique_ptr<Source> Source::open(SourcePlan plan) {
  if (plan.kind == "windows")
    return openWindows(std::move(plan));
  if (plan.kind == "images")
    return openImages(std::move(plan));
  if (plan.kind == "table")
    return openTable(std::move(plan));
  if (plan.kind == "lines")
    return openLines(std::move(plan));
  if (plan.kind == "arrays")
    return openArrays(std::move(plan));
  if (plan.kind == "records")
    return openRecords(std::move(plan));
  throw Error(join("this program reads ", quote(plan.kind),
                   ", which its run time does not know"));
}

std::string declarationOf(const Column &column) {
  return column.check.empty() ? join("declared at ", column.line)
                              : join(column.line, ": ", column.check);
}

void Source::refuse(int64_t record, const Column &column,
                    const std::string &is) const {
  Error error(join("record ", record, " of ",
                   quote(plan.file.empty() ? plan.name : plan.file), ": ",
                   quote(column.name), " is ", is));
  if (!column.line.empty())
    error.note(declarationOf(column));
  throw error;
}

void Source::refuseId(int64_t record, const Column &id, int64_t value) const {
  refuse(record, id,
         join(value, ", but id(", id.below, ") goes from 0 to ", id.below - 1));
}

void Source::putInt(int64_t record, size_t column, char *out, int64_t i,
                    int64_t value) const {
  const Column &c = plan.columns[column];
  if (c.below >= 0 && (value < 0 || value >= c.below))
    refuseId(record, c, value);
  if (c.element == Element::I32 && (value < INT32_MIN || value > INT32_MAX))
    refuse(record, c, join(value, ", which does not fit 32 bits"));
  storeInt(c.element, out + i * bytesOf(c.element), value);
}

void Source::put(int64_t record, size_t column, char *out, int64_t i,
                 double value) const {
  const Column &c = plan.columns[column];
  bool real = c.element == Element::F32 || c.element == Element::F64 ||
              c.element == Element::BF16;
  if (real && c.below < 0)
    return storeReal(c.element, out + i * bytesOf(c.element), value);
  if (value != std::floor(value) || std::fabs(value) > 9e15)
    refuse(record, c, join(value, ", which is no whole number"));
  putInt(record, column, out, i, int64_t(value));
}

void Source::putCell(int64_t record, size_t column, char *out,
                     const Cell &cell) const {
  const Column &c = plan.columns[column];
  if (cell.isText())
    refuse(record, c, "a text, which is no number");
  int64_t size = int64_t(cell.numbers.size());
  if (!c.isRagged() && size != c.count())
    refuse(record, c,
           join("a list of ", counted(size, "number"), ", but ",
                shapeText(c.shape), " takes ", c.count()));
  for (int64_t i = 0; i < size; ++i)
    put(record, column, out, i, cell.numbers[size_t(i)]);
}

void requireFields(const SourcePlan &plan) {
  bool plain = plan.conditions.empty();
  for (const Column &column : plan.columns)
    plain = plain && column.value.op == TextFunction::Op::Field;
  if (!plain)
    throw Error(join("tape: data ", quote(plan.name), " of kind ",
                     quote(plan.kind), " has text functions"));
}

void requireShape(const SourcePlan &plan, const Column &column,
                  const std::vector<int64_t> &inFile) {
  if (column.shape == inFile)
    return;
  Error error(join(quote(column.name), " of ", quote(plan.file), " is ",
                   shapeText(inFile), ", but this program reads ",
                   shapeText(column.shape)));
  if (!column.line.empty())
    error.note(declarationOf(column));
  throw error;
}

void noSuchColumn(const SourcePlan &plan, const std::string &column,
                  const std::vector<std::string> &known) {
  Error error(join(quote(plan.file), " has no column ", quote(column)));
  std::string near = nearestName(column, known);
  if (!near.empty())
    error.note(near);
  std::string list;
  for (size_t i = 0; i < known.size() && i < 20; ++i)
    list += (i ? ", " : "") + quote(known[i]);
  if (!list.empty())
    error.note(join("it has ", list, known.size() > 20 ? ", …" : ""));
  throw error;
}

namespace {

/// Records that the program makes itself: only their number comes from here.
class Records : public Source {
public:
  using Source::Source;
  int64_t count() const override { return plan.count; }
  void read(int64_t record, size_t column, char *out) const override {
    noSuchColumn(plan, plan.columns[column].name, {});
  }
};

} // namespace

std::unique_ptr<Source> openRecords(SourcePlan plan) {
  return std::make_unique<Records>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
