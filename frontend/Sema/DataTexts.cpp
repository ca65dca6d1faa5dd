// SPDX-License-Identifier: Apache-2.0
//
// Text functions of records.
//
// What is made of texts alone (`encode(words, .a)[:64]`, `.species != ""`) is
// computed where the record is read, and is no tensor before that.

#include "frontend/Sema/DataColumns.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

using core::ColumnExpr;
using core::DataPlan;

std::optional<ColumnExpr> DataReader::encoded(Column::Kind kind,
                                              const Value &words,
                                              const ast::Expr *text,
                                              Range range) {
  auto operand = columnOf(text);
  if (!operand)
    return std::nullopt;
  Column column;
  column.kind = kind;
  column.range = range;
  column.operands.push_back(std::move(*operand));
  if (words.kind == Value::Vocabulary) {
    column.vocabulary = words.vocabulary;
    return column;
  }
  if (words.kind == Value::List && kind == Column::IndexOf) {
    for (const Value &word : *words.items)
      column.words.push_back(word.text);
    return column;
  }
  return std::nullopt;
}

/// What the elements of a column are; none while they are text.
std::optional<core::Elem>
DataReader::typeOfElement(const Column &column) const {
  auto below = [&](int64_t count) {
    return core::Elem{core::Elem::Whole, e.dims.constant(0),
                      e.dims.constant(count - 1)};
  };
  switch (column.kind) {
  case Column::Cut:
  case Column::At:
    return typeOfElement(column.operands[0]);
  case Column::Number:
    return declaredWhole(column).value_or(core::Elem());
  case Column::Encode:
  case Column::IndexOf:
    return below(column.vocabulary ? int64_t(column.vocabulary->words.size())
                                   : int64_t(column.words.size()));
  case Column::Hashed:
    return below(column.n);
  case Column::Compare:
  case Column::And:
  case Column::Or:
  case Column::Not:
    return core::Elem{core::Elem::Truth, {}, {}};
  default:
    return std::nullopt;
  }
}

static ColumnExpr unary(ColumnExpr::Kind kind, ColumnExpr operand,
                        Range range) {
  ColumnExpr column;
  column.kind = kind;
  column.range = range;
  column.operands.push_back(std::move(operand));
  return column;
}

std::optional<ColumnExpr> DataReader::columnOfCall(const ast::CallExpr &call) {
  if (auto *member = llvm::dyn_cast<ast::MemberExpr>(call.callee)) {
    bool isIndex = member->member.text == "index" && call.arguments.size() == 1;
    if (!isIndex || !columnOf(call.arguments[0].value))
      return std::nullopt;
    return encoded(Column::IndexOf, e.evaluate(member->base),
                   call.arguments[0].value, call.range);
  }
  auto *name = llvm::dyn_cast<ast::NameExpr>(call.callee);
  if (!name || call.arguments.empty())
    return std::nullopt;
  const ast::Expr *last = call.arguments.back().value;
  auto kind = llvm::StringSwitch<std::optional<Column::Kind>>(name->name)
                  .Case("number", Column::Number)
                  .Case("lower", Column::Lower)
                  .Case("strip", Column::Strip)
                  .Case("encode", Column::Encode)
                  .Case("index", Column::IndexOf)
                  .Case("hashed", Column::Hashed)
                  .Default(std::nullopt);
  bool takesOne = kind && (*kind == Column::Number || *kind == Column::Lower ||
                           *kind == Column::Strip);
  if (!kind || call.arguments.size() != (takesOne ? 1u : 2u))
    return std::nullopt;
  auto operand = columnOf(last);
  if (!operand)
    return std::nullopt;
  if (takesOne)
    return unary(*kind, std::move(*operand), call.range);
  Value first = e.evaluate(call.arguments[0].value);
  if (*kind != Column::Hashed)
    return encoded(*kind, first, last, call.range);
  Column column = unary(*kind, std::move(*operand), call.range);
  column.n = e.forceWhole(first, call.arguments[0].range,
                          "the number of values of 'hashed'")
                 .value_or(1);
  return column;
}

/// `number([.a, .b])`: a list of what each text gives.
std::optional<Value> DataReader::listOfCall(const ast::CallExpr &call) {
  auto *name = llvm::dyn_cast<ast::NameExpr>(call.callee);
  if (!name || name->name != "number" || call.arguments.size() != 1)
    return std::nullopt;
  auto *texts = llvm::dyn_cast<ast::ListExpr>(call.arguments[0].value);
  if (!texts)
    return std::nullopt;
  std::vector<Value> items;
  for (const ast::Expr *text : texts->elements) {
    auto operand = columnOf(text);
    if (!operand)
      return std::nullopt;
    items.push_back(valueOf(
        unary(Column::Number, std::move(*operand), text->range), text->range));
    if (items.back().isError())
      return items.back();
  }
  return Value::list(std::move(items), call.range);
}

/// `encode(words, .a)` where the vocabulary is in error.
bool DataReader::isOfBadWords(const ast::CallExpr &call) {
  if (!isTextSource())
    return false;
  if (auto *member = llvm::dyn_cast<ast::MemberExpr>(call.callee))
    return member->member.text == "index" && e.evaluate(member->base).isError();
  auto *name = llvm::dyn_cast<ast::NameExpr>(call.callee);
  bool isOfWords = name && call.arguments.size() == 2 &&
                   (name->name == "encode" || name->name == "index");
  return isOfWords && e.evaluate(call.arguments[0].value).isError();
}

/// `a[:64]`, `a[3]` of a text or a list.
std::optional<ColumnExpr>
DataReader::columnOfIndex(const ast::IndexExpr &index) {
  const ast::Brackets &brackets = index.brackets;
  if (brackets.entries.size() != 1 || brackets.where || brackets.otherwise)
    return std::nullopt;
  auto base = columnOf(index.base);
  if (!base)
    return std::nullopt;
  const ast::Subscript &entry = brackets.entries[0];
  bool isSlice = entry.kind == ast::Subscript::Kind::Slice;
  Column column =
      unary(isSlice ? Column::Cut : Column::At, std::move(*base), index.range);
  auto force = [&](const ast::Expr *expr) {
    return e.forceWhole(e.evaluate(expr), expr->range, "a place in a record");
  };
  const ast::Expr *low = isSlice ? entry.low : entry.value;
  if (low) {
    auto place = force(low);
    isFailed |= !place;
    column.low = place.value_or(0);
  }
  if (isSlice && entry.high) {
    column.high = force(entry.high);
    isFailed |= !column.high;
  }
  return column;
}

/// True or false of a record, not a text or a number.
static bool isTruth(const ColumnExpr &column) {
  return column.kind == ColumnExpr::Compare || column.kind == ColumnExpr::And ||
         column.kind == ColumnExpr::Or || column.kind == ColumnExpr::Not;
}

static bool readsRecord(const ColumnExpr &column) {
  return column.kind == ColumnExpr::Field ||
         column.kind == ColumnExpr::Columns ||
         llvm::any_of(column.operands, readsRecord);
}

std::optional<ColumnExpr> DataReader::truthOf(const ast::Expr *expr) {
  auto column = columnOf(expr);
  if (!column || !isTruth(*column) || !readsRecord(*column))
    return std::nullopt;
  return column;
}

/// A line without a type, or a constant of the file, by its name.
std::optional<ColumnExpr> DataReader::columnOfName(const ast::NameExpr &name) {
  auto value = e.lookUp(name.name);
  if (value && value->kind == Value::Record)
    return *value->column;
  if (!value || value->kind != Value::Text)
    return std::nullopt;
  Column column;
  column.kind = Column::Text;
  column.text = value->text;
  column.range = name.range;
  return column;
}

std::optional<ColumnExpr>
DataReader::columnOfBinary(const ast::BinaryExpr &binary) {
  auto primitive = llvm::StringSwitch<std::optional<core::Primitive>>(
                       ast::getSpelling(binary.op))
                       .Case("==", core::Primitive::Eq)
                       .Case("!=", core::Primitive::Ne)
                       .Case("<", core::Primitive::Lt)
                       .Case("<=", core::Primitive::Le)
                       .Case(">", core::Primitive::Gt)
                       .Case(">=", core::Primitive::Ge)
                       .Default(std::nullopt);
  bool isAnd = binary.op == ast::BinaryOp::And;
  if (!primitive && !isAnd && binary.op != ast::BinaryOp::Or)
    return std::nullopt;
  auto left = columnOf(binary.left), right = columnOf(binary.right);
  if (!left || !right || isTruth(*left) == bool(primitive) ||
      isTruth(*right) == bool(primitive))
    return std::nullopt;
  // Only what is text is compared here; numbers are compared as tensors.
  if (primitive && (typeOfElement(*left) || typeOfElement(*right)))
    return std::nullopt;
  Column column;
  column.kind = primitive ? Column::Compare : isAnd ? Column::And : Column::Or;
  column.comparison = primitive.value_or(core::Primitive::Eq);
  column.range = binary.range;
  column.operands = {std::move(*left), std::move(*right)};
  return column;
}

std::optional<ColumnExpr> DataReader::columnOf(const ast::Expr *written) {
  const ast::Expr *expr = ast::withoutParens(const_cast<ast::Expr *>(written));
  if (!isTextSource())
    return std::nullopt;
  if (auto *record = llvm::dyn_cast<ast::RecordExpr>(expr)) {
    Column column;
    column.kind =
        record->field.text == "columns" ? Column::Columns : Column::Field;
    column.text = record->field.text.str();
    column.range = record->range;
    return column;
  }
  if (auto *text = llvm::dyn_cast<ast::TextExpr>(expr)) {
    Column column;
    column.kind = Column::Text;
    column.text = text->value.str();
    column.range = text->range;
    return column;
  }
  if (auto *name = llvm::dyn_cast<ast::NameExpr>(expr))
    return columnOfName(*name);
  if (auto *call = llvm::dyn_cast<ast::CallExpr>(expr))
    return columnOfCall(*call);
  if (auto *index = llvm::dyn_cast<ast::IndexExpr>(expr))
    return columnOfIndex(*index);
  if (auto *binary = llvm::dyn_cast<ast::BinaryExpr>(expr))
    return columnOfBinary(*binary);
  if (auto *unaryExpr = llvm::dyn_cast<ast::UnaryExpr>(expr);
      unaryExpr && unaryExpr->op == ast::UnaryOp::Not)
    if (auto operand = columnOf(unaryExpr->operand);
        operand && isTruth(*operand))
      return unary(Column::Not, std::move(*operand), expr->range);
  return std::nullopt;
}

} // namespace lamina::sema
