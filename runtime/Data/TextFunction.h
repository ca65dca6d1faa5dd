// SPDX-License-Identifier: Apache-2.0
//
// How a column is made of a record.
//
// The text functions of `data` lines (`number(.mass)`, `encode(words,
// .a)[:64]`,
// `.species != ""`) as a tree of the tape, evaluated on the fields of a record.

#ifndef LAMINA_RUNTIME_DATA_TEXTFUNCTION_H
#define LAMINA_RUNTIME_DATA_TEXTFUNCTION_H

#include "runtime/Data/Vocabulary.h"
#include "runtime/Json/Json.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

/// A text, a list of texts, or numbers (one, or a list).
struct Cell {
  enum class Kind : uint8_t { Text, Texts, Number, Numbers };
  Kind kind = Kind::Text;
  std::vector<std::string> texts = {std::string()};
  std::vector<double> numbers;

  static Cell ofText(std::string text);
  static Cell ofTexts(std::vector<std::string> texts);
  static Cell ofNumber(double number);
  static Cell ofNumbers(std::vector<double> numbers);
  bool isText() const { return kind == Kind::Text || kind == Kind::Texts; }
  bool isList() const { return kind == Kind::Texts || kind == Kind::Numbers; }
};

/// The field of a record with a name; `columns` asks for all as texts.
using FieldReader = std::function<Cell(const std::string &name, bool columns)>;

class TextFunction {
public:
  enum class Op : uint8_t {
    Field,
    Columns,
    Text,
    Number,
    Encode,
    Index,
    Hashed,
    Lower,
    Strip,
    Cut,
    At,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
    Not
  };

  static TextFunction read(const Json &json);
  static TextFunction field(std::string name);
  static TextFunction unary(Op op, TextFunction operand);

  /// Throws an `Error` like "'mass' is 'NA', no number".
  Cell evaluate(const FieldReader &record) const;
  bool holds(const FieldReader &record) const;

  Op op = Op::Field;
  std::string text; ///< name of a field, or a constant
  std::vector<TextFunction> operands;
  std::shared_ptr<const Vocabulary> vocabulary; ///< null: bytes
  std::vector<std::string> words;               ///< of Index; none: bytes
  int64_t n = 1, low = 0;                       ///< of Hashed; of Cut and At
  int64_t high = INT64_MAX; ///< of Cut; negative from the end

private:
  std::string label() const;
  Cell number(const Cell &value) const;
  Cell encode(const Cell &value) const;
  Cell index(const Cell &value) const;
  Cell hashed(const Cell &value) const;
  Cell cut(Cell value) const;
  Cell compare(const Cell &a, const Cell &b) const;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_DATA_TEXTFUNCTION_H
