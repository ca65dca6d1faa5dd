// SPDX-License-Identifier: Apache-2.0
//
// Reading JSON.
//
// Text (RFC 8259) in, a value or an `Error` with the byte out. Any input is
// safe: nesting is bounded, numbers are range-checked, a key stands once.

#include "runtime/Json/Json.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace lamina {
namespace runtime {

class JsonParser {
public:
  JsonParser(const char *text, size_t size, const std::string &what)
      : begin(text), at(text), end(text + size), what(what) {}

  Json document() {
    Json value = element(0);
    skipSpace();
    if (at != end)
      fail("there is more text after the value");
    return value;
  }

private:
  static constexpr int maxDepth = 128;

  const char *begin, *at, *end;
  const std::string &what;

  [[noreturn]] void fail(const std::string &message) const {
    throw Error(join(what, ": ", message, " (byte ", int64_t(at - begin), ")"));
  }

  void skipSpace() {
    while (at != end &&
           (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
      ++at;
  }

  bool take(char c) {
    skipSpace();
    if (at == end || *at != c)
      return false;
    ++at;
    return true;
  }

  Json element(int depth) {
    skipSpace();
    if (depth > maxDepth)
      fail(join("nested deeper than ", maxDepth));
    if (at == end)
      fail("the text ends where a value should stand");
    int64_t offset = at - begin;
    Json value = unplaced(depth);
    value.offset_ = offset;
    return value;
  }

  Json unplaced(int depth) {
    switch (*at) {
    case '{':
      return object(depth);
    case '[':
      return list(depth);
    case '"':
      return Json(text());
    case 't':
      return word("true", Json(true));
    case 'f':
      return word("false", Json(false));
    case 'n':
      return word("null", Json());
    default:
      return number();
    }
  }

  Json word(const char *spelling, Json value) {
    for (const char *c = spelling; *c; ++c, ++at)
      if (at == end || *at != *c)
        fail(join("expected ", quote(spelling)));
    return value;
  }

  Json list(int depth) {
    Json value = Json::list();
    ++at;
    if (take(']'))
      return value;
    do
      value.list_.push_back(element(depth + 1));
    while (take(','));
    if (!take(']'))
      fail("expected ',' or ']'");
    return value;
  }

  Json object(int depth) {
    Json value = Json::object();
    ++at;
    if (take('}'))
      return value;
    do {
      skipSpace();
      if (at == end || *at != '"')
        fail("expected a name in double quotes");
      std::string key = text();
      if (!take(':'))
        fail("expected ':'");
      value.object_.emplace_back(std::move(key), element(depth + 1));
    } while (take(','));
    if (!take('}'))
      fail("expected ',' or '}'");
    refuseRepeatedKeys(value);
    return value;
  }

  void refuseRepeatedKeys(const Json &value) const {
    std::vector<const std::string *> keys;
    for (const Json::Member &member : value.object_)
      keys.push_back(&member.first);
    auto less = [](auto *a, auto *b) { return *a < *b; };
    auto same = [](auto *a, auto *b) { return *a == *b; };
    std::sort(keys.begin(), keys.end(), less);
    auto twice = std::adjacent_find(keys.begin(), keys.end(), same);
    if (twice != keys.end())
      fail(join(quote(**twice), " stands twice in one object"));
  }

  Json number() {
    const char *start = at;
    bool whole = true;
    while (at != end &&
           (std::isdigit((unsigned char)*at) || *at == '-' || *at == '+' ||
            *at == '.' || *at == 'e' || *at == 'E')) {
      whole = whole && (std::isdigit((unsigned char)*at) || at == start);
      ++at;
    }
    std::string digits(start, at);
    size_t sign = !digits.empty() && digits[0] == '-';
    if (digits.size() == sign || !std::isdigit((unsigned char)digits[sign]) ||
        digits.size() > 64 || !std::isdigit((unsigned char)digits.back())) {
      at = start;
      fail("expected a value");
    }
    char *rest = nullptr;
    if (whole) {
      errno = 0;
      int64_t value = std::strtoll(digits.c_str(), &rest, 10);
      bool negativeZero = value == 0 && sign != 0; // only a real has it
      if (errno == 0 && *rest == '\0' && !negativeZero)
        return Json(value);
    }
    double value = std::strtod(digits.c_str(), &rest);
    if (*rest != '\0' || !std::isfinite(value)) {
      at = start;
      fail(join(quote(digits), " is no number"));
    }
    return Json(value);
  }

  std::string text() {
    std::string out;
    ++at;
    while (true) {
      if (at == end)
        fail("the text ends inside double quotes");
      char c = *at++;
      if (c == '"')
        return out;
      if ((unsigned char)c < 0x20)
        fail("a control character stands inside double quotes");
      if (c == '\\')
        escape(out);
      else
        out += c;
    }
  }

  void escape(std::string &out) {
    if (at == end)
      fail("the text ends inside double quotes");
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = *at++;
    for (int i = 0; from[i]; ++i)
      if (c == from[i]) {
        out += to[i];
        return;
      }
    if (c != 'u')
      fail("unknown escape");
    uint32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && end - at >= 6 && at[0] == '\\' &&
        at[1] == 'u') {
      at += 2;
      uint32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF)
        fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
      fail("half of a surrogate pair");
    }
    appendUtf8(out, code);
  }

  uint32_t hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at) {
      if (at == end || !std::isxdigit((unsigned char)*at))
        fail("expected four hexadecimal digits");
      char c = *at | 0x20;
      code = code * 16 + (c <= '9' ? (c & 15) : c - 'a' + 10);
    }
    return code;
  }

  static void appendUtf8(std::string &out, uint32_t code) {
    if (code < 0x80) {
      out += char(code);
    } else if (code < 0x800) {
      out += char(0xC0 | code >> 6);
      out += char(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      out += char(0xE0 | code >> 12);
      out += char(0x80 | (code >> 6 & 0x3F));
      out += char(0x80 | (code & 0x3F));
    } else {
      out += char(0xF0 | code >> 18);
      out += char(0x80 | (code >> 12 & 0x3F));
      out += char(0x80 | (code >> 6 & 0x3F));
      out += char(0x80 | (code & 0x3F));
    }
  }
};

Json Json::parse(const char *text, size_t size, const std::string &what) {
  return JsonParser(text, size, what).document();
}

} // namespace runtime
} // namespace lamina
