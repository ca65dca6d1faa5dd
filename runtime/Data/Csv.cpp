// SPDX-License-Identifier: Apache-2.0
//
// Tables in text.
//
// Text in, records of fields out.

#include "runtime/Data/Csv.h"

#include "runtime/include/Error.h"

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

} // namespace runtime
} // namespace lamina
