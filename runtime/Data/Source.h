// SPDX-License-Identifier: Apache-2.0
//
// Records of a file.
//
// A file as numbered records with typed columns (docs/program.md). Values are
// checked when they are read: a label outside its `id(n)` is reported with the
// record and the value, and never reaches a kernel.

#ifndef LAMINA_RUNTIME_DATA_SOURCE_H
#define LAMINA_RUNTIME_DATA_SOURCE_H

#include "runtime/Data/TextFunction.h"
#include "runtime/Program/Type.h"

#include <memory>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

struct Column {
  std::string name;
  Element element = Element::F32;
  std::vector<int64_t>
      shape;               ///< -1 where the size differs from record to record
  int64_t below = -1;      ///< values are in [0, below); -1 if anything goes
  TextFunction value;      ///< how it is made; often just a field
  std::string check, line; ///< source text and place of the declaration

  const std::string &field() const { return value.text; }
  bool isRagged() const;
  int64_t count() const; ///< elements of one record, if not ragged
};

/// What a `program.source` says.
struct SourcePlan {
  std::string name, kind, file, labels, separator = ",";
  bool header = true;
  int64_t window = 0, step = 1, count = 0;
  std::vector<std::string> vocabulary; ///< of `windows`: characters, not bytes
  std::vector<Column> columns;
  std::vector<TextFunction> conditions; ///< a record is kept if all hold
  std::string where; ///< entry that keeps a record; empty if all are kept
  std::string
      check; ///< entry with the extremes of `ids`; empty if there are none
  std::vector<Column>
      ids; ///< computed fields that have a bound: name, below, line
  size_t rows = size_t(-1); ///< the named size that a batch of those binds
};

class Source {
public:
  explicit Source(SourcePlan plan) : plan(std::move(plan)) {}
  virtual ~Source() = default;
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;

  /// Opens the file that `plan` names. Throws.
  static std::unique_ptr<Source> open(SourcePlan plan);

  virtual int64_t count() const = 0;

  /// Elements that `read` will write.
  virtual int64_t length(int64_t record, size_t column) const {
    return plan.columns[column].count();
  }
  /// Writes the column's elements at `out`. Throws on a value that its
  /// declaration does not allow.
  virtual void read(int64_t record, size_t column, char *out) const = 0;

  /// Of `windows`: tokens in the file, for a split by position; else 0.
  virtual int64_t tokens() const { return 0; }

  const SourcePlan plan;

  /// Throws that `id` is `value` in a record, out of its range.
  [[noreturn]] void refuseId(int64_t record, const Column &id,
                             int64_t value) const;

protected:
  [[noreturn]] void refuse(int64_t record, const Column &column,
                           const std::string &is) const;

  /// Stores a cell as the whole column.
  void putCell(int64_t record, size_t column, char *out,
               const Cell &cell) const;
  /// Stores `value` as element i of the column after its check.
  void put(int64_t record, size_t column, char *out, int64_t i,
           double value) const;
  void putInt(int64_t record, size_t column, char *out, int64_t i,
              int64_t value) const;
};

std::unique_ptr<Source> openWindows(SourcePlan plan);
std::unique_ptr<Source> openImages(SourcePlan plan);
std::unique_ptr<Source> openTable(SourcePlan plan);
std::unique_ptr<Source> openLines(SourcePlan plan);
std::unique_ptr<Source> openArrays(SourcePlan plan);
std::unique_ptr<Source> openRecords(SourcePlan plan);

/// Text functions are for tables and lines: throws if a column of another kind
/// of file is more than a field.
void requireFields(const SourcePlan &plan);

/// The line that declares a column, for a note: "f.lam:3:5: x: id(10) =
/// .label".
std::string declarationOf(const Column &column);

/// Throws unless the column has the shape that the file has.
void requireShape(const SourcePlan &plan, const Column &column,
                  const std::vector<int64_t> &inFile);

/// Throws "source 'x' has no column 'y'" with the names that it has.
[[noreturn]] void noSuchColumn(const SourcePlan &plan,
                               const std::string &column,
                               const std::vector<std::string> &known);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_SOURCE_H
