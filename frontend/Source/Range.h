// SPDX-License-Identifier: Apache-2.0
//
// A stretch of source text.
//
// All files of a session lie one after another in one 32-bit address space, so
// a place in any of them is one number. SourceManager turns it back into file,
// line and column. 0 is no place.

#ifndef LAMINA_FRONTEND_SOURCE_RANGE_H
#define LAMINA_FRONTEND_SOURCE_RANGE_H

#include <cstdint>

namespace lamina {

/// Half-open stretch of bytes. An empty stretch is a place between two bytes.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;

  bool isKnown() const { return begin != 0; }
  explicit operator bool() const { return isKnown(); }
  /// From the beginning of this to the end of `other`.
  Range to(Range other) const { return {begin, other.end}; }
  bool contains(Range other) const {
    return begin <= other.begin && other.end <= end;
  }
  friend bool operator==(Range a, Range b) {
    return a.begin == b.begin && a.end == b.end;
  }
  friend bool operator!=(Range a, Range b) { return !(a == b); }
  friend bool operator<(Range a, Range b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  }
};

} // namespace lamina

#endif // LAMINA_FRONTEND_SOURCE_RANGE_H
