// SPDX-License-Identifier: Apache-2.0
//
// Tables in text.
//
// Fields of RFC 4180: separated by one character, quoted where they hold the
// separator, a quote or a line end. Also reads LF alone and a missing last one.

#ifndef LAMINA_RUNTIME_DATA_CSV_H
#define LAMINA_RUNTIME_DATA_CSV_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

class CsvReader {
public:
  /// `name` is for messages.
  CsvReader(const char *text, size_t size, char separator,
            const std::string &name)
      : at(text), end(text + size), separator(separator), name(name) {}

  /// Reads the next record, skipping empty lines; false at the end. Throws on a
  /// quote that does not end.
  bool next(std::vector<std::string> &fields);

  int64_t line() const { return firstLine; } ///< where the last record began

private:
  std::string field();
  std::string quoted();
  bool atLineEnd() const { return at == end || *at == '\n' || *at == '\r'; }
  void skipLineEnd();

  const char *at, *end;
  char separator;
  const std::string &name;
  int64_t firstLine = 0, nextLine = 1;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_CSV_H
