// SPDX-License-Identifier: Apache-2.0
//
// Access to and writing of JSON values.
//
// Values in, checked C++ values or one line of text out.

#include "runtime/Json/Json.h"

#include <cmath>
#include <cstdio>

namespace lamina {
namespace runtime {

static const char *nameOf(Json::Kind kind) {
  static const char *const names[] = {
      "null",   "true or false", "a whole number", "a number",
      "a text", "a list",        "an object"};
  return names[int(kind)];
}

void Json::complain(const std::string &message) const {
  throw Error(offset_ < 0 ? message : join(message, " (byte ", offset_, ")"));
}

static void expect(const Json &value, Json::Kind kind) {
  if (value.kind() != kind)
    value.complain(
        join("expected ", nameOf(kind), ", found ", nameOf(value.kind())));
}

bool Json::asBool() const {
  expect(*this, Kind::Bool);
  return int_ != 0;
}

int64_t Json::asInt() const {
  expect(*this, Kind::Int);
  return int_;
}

double Json::asReal() const {
  if (kind_ == Kind::Int)
    return double(int_);
  expect(*this, Kind::Real);
  return real_;
}

const std::string &Json::asText() const {
  expect(*this, Kind::Text);
  return text_;
}

const std::vector<Json> &Json::items() const {
  expect(*this, Kind::List);
  return list_;
}

const std::vector<Json::Member> &Json::members() const {
  expect(*this, Kind::Object);
  return object_;
}

const Json *Json::find(const char *key) const {
  for (const Member &member : members())
    if (member.first == key)
      return &member.second;
  return nullptr;
}

const Json &Json::operator[](const char *key) const {
  if (const Json *value = find(key))
    return *value;
  complain(join(quote(key), " is missing"));
}

static size_t utf8At(const std::string &text, size_t i) {
  auto byte = [&](size_t k) { return (unsigned char)text[k]; };
  size_t length = byte(i) < 0x80           ? 1
                  : (byte(i) >> 5) == 0x6  ? 2
                  : (byte(i) >> 4) == 0xE  ? 3
                  : (byte(i) >> 3) == 0x1E ? 4
                                           : 0;
  if (i + length > text.size())
    return 0;
  for (size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80)
      return 0;
  return length;
}

std::string jsonQuote(const std::string &text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8At(text, i);
    unsigned char c = text[i];
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += char(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out.append(text, i, length);
    }
    i += length;
  }
  return out + "\"";
}

void Json::write(std::string &out) const {
  const char *separator = "";
  switch (kind_) {
  case Kind::Null:
    out += "null";
    return;
  case Kind::Bool:
    out += int_ ? "true" : "false";
    return;
  case Kind::Int:
    out += std::to_string(int_);
    return;
  case Kind::Real:
    out += std::isfinite(real_) ? join(real_) : "\"" + join(real_) + "\"";
    return;
  case Kind::Text:
    out += jsonQuote(text_);
    return;
  case Kind::List:
    out += '[';
    for (const Json &item : list_) {
      out += separator;
      item.write(out);
      separator = ", ";
    }
    out += ']';
    return;
  case Kind::Object:
    out += '{';
    for (const Member &member : object_) {
      out += separator;
      out += jsonQuote(member.first) + ": ";
      member.second.write(out);
      separator = ", ";
    }
    out += '}';
    return;
  }
}

std::string Json::dump() const {
  std::string out;
  write(out);
  return out;
}

} // namespace runtime
} // namespace lamina
