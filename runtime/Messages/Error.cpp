// SPDX-License-Identifier: Apache-2.0
//
// Text of messages.
//
// Values and names in, readable pieces of messages out. Everything a user reads
// passes through here, so that numbers and quoted names look alike everywhere.

#include "runtime/include/Error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace lamina {
namespace runtime {

std::string Error::render() const {
  std::string out = "error: " + message + "\n";
  for (const std::string &text : notes)
    out += "note: " + text + "\n";
  return out;
}

/// The shortest decimal that reads back as the same double.
std::string detail::toText(double value) {
  if (std::isnan(value))
    return "nan"; // its sign says nothing
  char text[40];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value)
      break;
  }
  return text;
}

std::string detail::toText(float value) {
  if (std::isnan(value))
    return "nan";
  char text[40];
  for (int digits = 6; digits <= 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, double(value));
    if (std::strtof(text, nullptr) == value)
      break;
  }
  return text;
}

/// The length of the UTF-8 sequence at `p`, or 0 if there is none.
static size_t utf8Length(const unsigned char *p, size_t left) {
  size_t length = *p < 0x80           ? 1
                  : (*p >> 5) == 0x6  ? 2
                  : (*p >> 4) == 0xE  ? 3
                  : (*p >> 3) == 0x1E ? 4
                                      : 0;
  if (length > left)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((p[i] & 0xC0) != 0x80)
      return 0;
  return length;
}

/// The characters of `text`, each as it is printed.
static std::vector<std::string> printable(const std::string &text) {
  std::vector<std::string> characters;
  const auto *bytes = reinterpret_cast<const unsigned char *>(text.data());
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8Length(bytes + i, text.size() - i);
    if (length == 0 || bytes[i] < 0x20 || bytes[i] == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", bytes[i]);
      characters.push_back(bytes[i] == '\n'   ? "\\n"
                           : bytes[i] == '\t' ? "\\t"
                                              : escape);
      ++i;
      continue;
    }
    characters.push_back(text.substr(i, length));
    i += length;
  }
  return characters;
}

// Of a long text the middle is left out: the end of a path names its file.
std::string quote(const std::string &text) {
  constexpr size_t limit = 90, head = 35, tail = limit - head - 1;
  std::vector<std::string> characters = printable(text);
  size_t count = characters.size();
  std::string out = "'";
  for (size_t i = 0; i < count; ++i) {
    if (count > limit && i == head) {
      out += "…";
      i = count - tail;
    }
    out += characters[i];
  }
  return out + "'";
}

std::string counted(int64_t n, const char *noun) {
  return join(n, " ", noun, n == 1 ? "" : "s");
}

std::string byteSize(int64_t bytes) {
  const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = double(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 5; ++unit)
    value /= 1024;
  char text[40];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value,
                units[unit]);
  return text;
}

/// Insertions, deletions and replacements from one word to the other.
static size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min(
          {row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearestName(const std::string &name,
                        const std::vector<std::string> &known) {
  size_t best = 3;
  std::string nearest;
  for (const std::string &candidate : known) {
    size_t distance = editDistance(name, candidate);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : join("did you mean ", quote(nearest), "?");
}

} // namespace runtime
} // namespace lamina
