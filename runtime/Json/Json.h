// SPDX-License-Identifier: Apache-2.0
//
// JSON values, read and written.
//
// The tape, the header of a checkpoint, lines of data and the log are JSON. A
// value remembers the byte where it began, so that whoever asks it for the
// wrong thing gets a message that says where.

#ifndef LAMINA_RUNTIME_JSON_JSON_H
#define LAMINA_RUNTIME_JSON_JSON_H

#include "runtime/include/Error.h"

#include <string>
#include <utility>
#include <vector>

namespace lamina {
namespace runtime {

class Json {
public:
  enum class Kind : uint8_t { Null, Bool, Int, Real, Text, List, Object };
  using Member = std::pair<std::string, Json>;

  Json() = default;
  Json(bool value) : kind_(Kind::Bool), int_(value) {}
  Json(int value) : kind_(Kind::Int), int_(value) {}
  Json(int64_t value) : kind_(Kind::Int), int_(value) {}
  Json(double value) : kind_(Kind::Real), real_(value) {}
  Json(const char *value) : kind_(Kind::Text), text_(value) {}
  Json(std::string value) : kind_(Kind::Text), text_(std::move(value)) {}
  static Json list() { return Json(Kind::List); }
  static Json object() { return Json(Kind::Object); }

  /// Reads the whole of `text`; throws an `Error` that begins with `what`.
  static Json parse(const char *text, size_t size, const std::string &what);
  static Json parse(const std::string &text, const std::string &what) {
    return parse(text.data(), text.size(), what);
  }

  Kind kind() const { return kind_; }
  bool isNull() const { return kind_ == Kind::Null; }
  bool isText() const { return kind_ == Kind::Text; }
  bool isList() const { return kind_ == Kind::List; }
  bool isObject() const { return kind_ == Kind::Object; }
  bool isInt() const { return kind_ == Kind::Int; }
  bool isNumber() const { return kind_ == Kind::Int || kind_ == Kind::Real; }

  // Each throws if the value is of another kind.
  bool asBool() const;
  int64_t asInt() const;
  double asReal() const; ///< also of a whole number
  const std::string &asText() const;
  const std::vector<Json> &items() const;
  const std::vector<Member> &members() const;

  /// The member `key`; null if there is none.
  const Json *find(const char *key) const;
  /// The member `key`; throws if there is none.
  const Json &operator[](const char *key) const;
  /// An item; the index is below `size()`.
  const Json &operator[](int index) const { return items()[size_t(index)]; }
  size_t size() const { return items().size(); }

  // Building.
  void push(Json value) { list_.push_back(std::move(value)); }
  void set(std::string key, Json value) {
    object_.emplace_back(std::move(key), std::move(value));
  }

  /// One line without spaces but after ':' and ','. NaN and infinities, which
  /// JSON lacks, are written as texts.
  std::string dump() const;

  /// Throws "<message> (byte n)"; who parsed the text says which text it was.
  [[noreturn]] void complain(const std::string &message) const;

private:
  friend class JsonParser;
  explicit Json(Kind kind) : kind_(kind) {}
  void write(std::string &out) const;

  Kind kind_ = Kind::Null;
  union {
    int64_t int_ = 0;
    double real_;
  };
  int64_t offset_ = -1;
  std::string text_;
  std::vector<Json> list_;
  std::vector<Member> object_;
};

/// `text` in double quotes with JSON's escapes; bytes that are no UTF-8 become
/// U+FFFD.
std::string jsonQuote(const std::string &text);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_JSON_JSON_H
