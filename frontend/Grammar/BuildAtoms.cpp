// SPDX-License-Identifier: Apache-2.0
//
// Literals, parentheses, lists.

#include "frontend/Grammar/BuildAST.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cmath>

using namespace lamina;
using namespace lamina::grammar;
using namespace lamina::ast;

static unsigned getDepthAbove(Expr *expr) { return expr->depth + 1u; }

Expr *Builder::build(P::AtomContext *context) {
  if (auto *literal = dynamic_cast<P::LiteralContext *>(context))
    return buildLiteral(literal->start);
  if (auto *name = dynamic_cast<P::NameAtomContext *>(context)) {
    Name built = build(name->name());
    return arena.make<NameExpr>(built.range, built.text);
  }
  if (auto *record = dynamic_cast<P::RecordFieldContext *>(context)) {
    if (record->name())
      return arena.make<RecordExpr>(at(context), build(record->name()));
    TextExpr *text = buildText(record->TEXT());
    return arena.make<RecordExpr>(at(context), Name{text->value, text->range});
  }
  if (auto *parens = dynamic_cast<P::ParenthesisedContext *>(context))
    return buildParens(parens);
  return buildList(static_cast<P::ListContext *>(context));
}

Expr *Builder::buildParens(P::ParenthesisedContext *context) {
  llvm::SmallVector<TupleEntry> entries;
  unsigned depth = 1;
  for (P::EntryContext *entry : context->entry()) {
    auto parts = entry->pipeline();
    Name name = buildLabel(parts, "part");
    entries.push_back({name, build(parts.back())});
    depth = std::max(depth, getDepthAbove(entries.back().value));
  }
  if (isTooDeep(depth, at(context)))
    return makeError(at(context));
  if (entries.size() == 1 && !entries[0].name)
    return arena.make<ParenExpr>(at(context), entries[0].value);
  return arena.make<TupleExpr>(at(context), depth, arena.copy(entries));
}

Expr *Builder::buildList(P::ListContext *context) {
  llvm::SmallVector<Expr *> elements;
  unsigned depth = 1;
  for (P::ElementContext *element : context->element()) {
    if (element->ASSIGN())
      refuse(Rule::parse_c11, at(element->ASSIGN()),
             "'=' in a list stands only in a type, as the name of an axis");
    elements.push_back(build(element->expr(0)));
    depth = std::max(depth, getDepthAbove(elements.back()));
  }
  if (isTooDeep(depth, at(context)))
    return makeError(at(context));
  return arena.make<ListExpr>(at(context), depth, arena.copy(elements));
}

Expr *Builder::buildLiteral(antlr4::Token *token) {
  Range range = places.getRange(token);
  switch (token->getType()) {
  case P::NUMBER:
    return buildNumber(token);
  case P::TEXT:
    return buildText(token);
  case P::TRUE:
    return arena.make<TruthExpr>(range, true);
  case P::FALSE:
    return arena.make<TruthExpr>(range, false);
  case P::NONE:
    return arena.make<NoneExpr>(range);
  default:
    return arena.make<EllipsisExpr>(range);
  }
}

Expr *Builder::buildNumber(antlr4::Token *token) {
  Range range = places.getRange(token);
  llvm::StringRef text = textAt(range);
  double real = 0;
  bool isRead = !text.getAsDouble(real);
  bool isWhole = text.find_first_of(".eE") == llvm::StringRef::npos;
  int64_t whole = 0;
  if (isWhole &&
      (text.getAsInteger(10, whole) || whole >= NumberExpr::wholeLimit)) {
    refuse(Rule::parse_c13, range,
           "'" + text + "' is too large for a whole number");
    return makeError(range);
  }
  if (!isRead || std::isinf(real)) {
    refuse(Rule::parse_c13, range, "'" + text + "' is too large for a number");
    return makeError(range);
  }
  return arena.make<NumberExpr>(range, text, isWhole, whole, real);
}

TextExpr *Builder::buildText(antlr4::Token *token) {
  Range range = places.getRange(token);
  llvm::StringRef inner = textAt(range).drop_front();
  inner.consume_back("\""); // a text that is not closed has none
  if (!inner.contains('\\'))
    return arena.make<TextExpr>(range, inner);
  std::string value;
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\' || i + 1 == inner.size()) {
      value += inner[i];
      continue;
    }
    switch (inner[++i]) {
    case '"':
    case '\\':
      value += inner[i];
      break;
    case 'n':
      value += '\n';
      break;
    case 't':
      value += '\t';
      break;
    default: {
      uint32_t place = range.begin + 1 + uint32_t(i);
      refuse(Rule::parse_c8, {place - 1, place + 1},
             "'" + inner.substr(i - 1, 2) + "' stands for no character")
          .note("in a text there are \\\" \\\\ \\n \\t");
    }
    }
  }
  return arena.make<TextExpr>(range, arena.copyText(value));
}
