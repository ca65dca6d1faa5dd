// SPDX-License-Identifier: Apache-2.0
//
// How a column is made of a record.
//
// Fields of a record in, a text or numbers out.

#include "runtime/Data/TextFunction.h"

#include "runtime/ABI/Philox.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace lamina {
namespace runtime {

Cell Cell::ofText(std::string text) {
  Cell cell;
  cell.texts[0] = std::move(text);
  return cell;
}

Cell Cell::ofTexts(std::vector<std::string> texts) {
  Cell cell;
  cell.kind = Kind::Texts;
  cell.texts = std::move(texts);
  return cell;
}

Cell Cell::ofNumber(double number) {
  Cell cell = ofNumbers({number});
  cell.kind = Kind::Number;
  return cell;
}

Cell Cell::ofNumbers(std::vector<double> numbers) {
  Cell cell;
  cell.kind = Kind::Numbers;
  cell.texts.clear();
  cell.numbers = std::move(numbers);
  return cell;
}

static const char *const opNames[] = {
    "field", "columns", "text", "number", "encode", "index", "hashed",
    "lower", "strip",   "cut",  "at",     "==",     "!=",    "<",
    "<=",    ">",       ">=",   "and",    "or",     "not"};

TextFunction TextFunction::field(std::string name) {
  TextFunction function;
  function.text = std::move(name);
  return function;
}

TextFunction TextFunction::unary(Op op, TextFunction operand) {
  TextFunction function;
  function.op = op;
  function.operands.push_back(std::move(operand));
  return function;
}

static size_t operandCount(TextFunction::Op op) {
  using Op = TextFunction::Op;
  return op <= Op::Text ? 0 : op >= Op::Eq && op <= Op::Or ? 2 : 1;
}

TextFunction TextFunction::read(const Json &json) {
  TextFunction function;
  if (const Json *name = json.find("field"))
    return field(name->asText());
  const std::string &name = json["op"].asText();
  size_t op = 0;
  while (op < 20 && name != opNames[op])
    ++op;
  if (op == 20)
    json.complain(join("unknown text function ", quote(name)));
  function.op = Op(op);
  if (const Json *text = json.find("text"))
    function.text = text->asText();
  if (const Json *of = json.find("of"))
    for (const Json &operand : of->items())
      function.operands.push_back(read(operand));
  if (function.operands.size() != operandCount(function.op))
    json.complain(join(quote(name), " takes ",
                       counted(int64_t(operandCount(function.op)), "operand")));
  if (const Json *words = json.find("words"))
    for (const Json &word : words->items())
      function.words.push_back(word.asText());
  if (function.op == Op::Encode && !function.words.empty())
    function.vocabulary = std::make_shared<Vocabulary>(function.words);
  if (const Json *n = json.find("n"))
    function.n = std::max<int64_t>(1, n->asInt());
  if (const Json *low = json.find("low"))
    function.low = low->asInt();
  if (const Json *high = json.find("high"); high && !high->isNull())
    function.high = high->asInt();
  return function;
}

/// The first field that the function reads, for messages.
std::string TextFunction::label() const {
  if (op == Op::Field)
    return text;
  if (op == Op::Columns)
    return "columns";
  for (const TextFunction &operand : operands)
    if (std::string name = operand.label(); !name.empty())
      return name;
  return "";
}

static bool parseNumber(const std::string &text, double &value) {
  const char *start = text.c_str();
  while (*start == ' ')
    ++start;
  char *rest = nullptr;
  value = std::strtod(start, &rest);
  bool any = rest != start;
  while (*rest == ' ')
    ++rest;
  return any && *rest == '\0';
}

Cell TextFunction::number(const Cell &value) const {
  if (!value.isText())
    return value;
  std::vector<double> numbers;
  for (const std::string &each : value.texts) {
    numbers.push_back(0);
    if (!parseNumber(each, numbers.back()))
      throw Error(join(quote(label()), " is ",
                       each.empty() ? "empty" : quote(each), ", no number"));
  }
  return value.isList() ? Cell::ofNumbers(std::move(numbers))
                        : Cell::ofNumber(numbers[0]);
}

Cell TextFunction::encode(const Cell &value) const {
  if (value.kind != Cell::Kind::Text)
    throw Error(join(quote(label()), " is no text to encode"));
  static const Vocabulary bytes;
  const std::string &from = value.texts[0];
  const Vocabulary &used = vocabulary ? *vocabulary : bytes;
  std::vector<double> numbers;
  for (uint32_t token : used.encodeWords(from, label()))
    numbers.push_back(token);
  return Cell::ofNumbers(std::move(numbers));
}

Cell TextFunction::index(const Cell &value) const {
  std::vector<double> numbers;
  for (const std::string &each : value.texts) {
    if (words.empty() && each.size() == 1) {
      numbers.push_back((unsigned char)each[0]);
      continue;
    }
    auto found = std::find(words.begin(), words.end(), each);
    if (found == words.end())
      throw Error(
          join(quote(label()), " is ", each.empty() ? "empty" : quote(each),
               words.empty() ? ", not one byte"
                             : ", none of the words that its line lists"));
    numbers.push_back(double(found - words.begin()));
  }
  return value.isList() ? Cell::ofNumbers(std::move(numbers))
                        : Cell::ofNumber(numbers[0]);
}

static std::vector<std::string> wordsOf(const std::string &text) {
  static const char *const spaces = " \t\r\n\v\f";
  std::vector<std::string> words;
  for (size_t at = text.find_first_not_of(spaces); at != std::string::npos;) {
    size_t end = std::min(text.find_first_of(spaces, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(spaces, end);
  }
  return words;
}

/// An id for each word of a text, or for each text of a list.
Cell TextFunction::hashed(const Cell &value) const {
  std::vector<double> numbers;
  for (const std::string &each :
       value.isList() ? value.texts : wordsOf(value.texts[0]))
    numbers.push_back(double(
        uint64_t(philox::hashPath(each.data(), each.size())) % uint64_t(n)));
  return Cell::ofNumbers(std::move(numbers));
}

static std::string lowered(std::string text) {
  for (char &c : text)
    c = char(std::tolower((unsigned char)c));
  return text;
}

static std::string stripped(const std::string &text) {
  size_t first = text.find_first_not_of(" \t\r\n\v\f");
  size_t last = text.find_last_not_of(" \t\r\n\v\f");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

template <typename Sequence>
static Sequence part(const Sequence &all, int64_t low, int64_t high) {
  int64_t size = int64_t(all.size());
  auto place = [&](int64_t i) {
    return std::max<int64_t>(0, std::min(i < 0 ? i + size : i, size));
  };
  int64_t first = place(low), last = std::max(first, place(high));
  return Sequence(all.begin() + first, all.begin() + last);
}

Cell TextFunction::cut(Cell value) const {
  if (op == Op::At) {
    int64_t size =
        int64_t(value.isText() ? value.texts.size() : value.numbers.size());
    if (!value.isList() || low >= size || low < -size)
      throw Error(join(quote(label()), " has ", counted(size, "item"),
                       ", none at ", low));
    size_t place = size_t(low < 0 ? low + size : low);
    return value.isText() ? Cell::ofText(value.texts[place])
                          : Cell::ofNumber(value.numbers[place]);
  }
  if (value.kind == Cell::Kind::Text)
    return Cell::ofText(part(value.texts[0], low, high));
  value.texts = part(value.texts, low, high);
  value.numbers = part(value.numbers, low, high);
  return value;
}

template <typename T>
static bool compareBy(TextFunction::Op op, const T &a, const T &b) {
  using Op = TextFunction::Op;
  switch (op) {
  case Op::Eq:
    return a == b;
  case Op::Ne:
    return a != b;
  case Op::Lt:
    return a < b;
  case Op::Le:
    return a <= b;
  case Op::Gt:
    return a > b;
  default:
    return a >= b;
  }
}

Cell TextFunction::compare(const Cell &a, const Cell &b) const {
  if (a.kind == Cell::Kind::Text && b.kind == Cell::Kind::Text)
    return Cell::ofNumber(compareBy(op, a.texts[0], b.texts[0]));
  Cell x = number(a), y = number(b);
  if (x.isList() || y.isList())
    throw Error(
        join(quote(label()), " is a list, which compares with nothing"));
  return Cell::ofNumber(compareBy(op, x.numbers[0], y.numbers[0]));
}

bool TextFunction::holds(const FieldReader &record) const {
  Cell cell = evaluate(record);
  return cell.kind == Cell::Kind::Number && cell.numbers[0] != 0;
}

Cell TextFunction::evaluate(const FieldReader &record) const {
  switch (op) {
  case Op::Field:
    return record(text, false);
  case Op::Columns:
    return record(text, true);
  case Op::Text:
    return Cell::ofText(text);
  case Op::And: // the right side is not asked if the left decides
    return Cell::ofNumber(operands[0].holds(record) &&
                          operands[1].holds(record));
  case Op::Or:
    return Cell::ofNumber(operands[0].holds(record) ||
                          operands[1].holds(record));
  case Op::Not:
    return Cell::ofNumber(!operands[0].holds(record));
  default:
    break;
  }
  Cell value = operands[0].evaluate(record);
  if (op >= Op::Eq)
    return compare(value, operands[1].evaluate(record));
  if (op == Op::Number)
    return number(value);
  if (op == Op::Cut || op == Op::At)
    return cut(std::move(value));
  if (!value.isText())
    throw Error(join(quote(label()), " is a number, but ",
                     quote(opNames[int(op)]), " takes a text"));
  if (op == Op::Encode)
    return encode(value);
  if (op == Op::Index)
    return index(value);
  if (op == Op::Hashed)
    return hashed(value);
  for (std::string &each : value.texts)
    each = op == Op::Lower ? lowered(each) : stripped(each);
  return value;
}

} // namespace runtime
} // namespace lamina
