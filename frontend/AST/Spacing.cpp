// SPDX-License-Identifier: Apache-2.0
//
// Blanks between two tokens.

#include "frontend/AST/Spacing.h"

#include "llvm/ADT/STLExtras.h"

using namespace lamina;
using namespace lamina::ast;
using Kind = Token::Kind;

static bool isOneOf(llvm::StringRef text,
                    std::initializer_list<llvm::StringRef> list) {
  return llvm::is_contained(list, text);
}

/// Reserved words after which an operand begins.
static bool isOpeningWord(llvm::StringRef text) {
  return isOneOf(text, {"and", "assert", "div", "else", "for", "if", "in",
                        "mod", "not", "on", "or", "over", "until", "when",
                        "where", "with", "minimize", "const", "import"});
}

/// Free words that may be clauses: `by .key` is no member, `to (a)` no call.
/// The parser reads them alike, so what is written counts.
static bool isClauseWord(llvm::StringRef text) {
  return isOneOf(text, {"batch", "by", "data", "down", "epochs", "every",
                        "from", "given", "patience", "repeat", "report",
                        "steps", "to", "within", "as"});
}

/// True if the token ends an operand, so that what follows is a suffix or an
/// infix operator.
static bool endsOperand(const Token &token) {
  if (token.kind == Kind::Word)
    return !isOpeningWord(token.text);
  if (token.kind == Kind::Operator)
    return isOneOf(token.text, {")", "]", "...", "?"});
  return token.kind == Kind::Number || token.kind == Kind::Text;
}

/// `*` in a pattern of a weight map, as in `blocks.*.kernel`.
static bool isPatternStar(llvm::ArrayRef<Token> tokens, size_t at) {
  return tokens[at].text == "*" && at > 0 &&
         (tokens[at - 1].text == "." || tokens[at - 1].text == "->");
}

static bool isUnaryMinus(llvm::ArrayRef<Token> tokens, size_t at) {
  if (tokens[at].text != "-" || tokens[at].kind != Kind::Operator)
    return false;
  if (tokens[at].startsStatement)
    return true;
  auto isComment = [](const Token &token) {
    return token.kind == Kind::Comment || token.kind == Kind::Doc;
  };
  size_t before = at;
  while (before > 0 && isComment(tokens[before - 1]))
    --before;
  return before == 0 || !endsOperand(tokens[before - 1]);
}

static bool isApart(const Token &a, const Token &b) {
  return a.range.end != b.range.begin;
}

static unsigned getSpacingBeforeSuffix(llvm::ArrayRef<Token> tokens,
                                       size_t at) {
  const Token &last = tokens[at - 1];
  if (isPatternStar(tokens, at - 1))
    return 0;
  if (!endsOperand(last))
    return last.text != "." || tokens[at].text == "{";
  if (last.kind == Kind::Word && isClauseWord(last.text))
    return isApart(last, tokens[at]);
  return 0;
}

unsigned ast::getSpacing(llvm::ArrayRef<Token> tokens, size_t at,
                         char bracket) {
  const Token &token = tokens[at], &last = tokens[at - 1];
  if (token.kind == Kind::Comment || token.kind == Kind::Doc)
    return 2;
  bool isOperator = token.kind == Kind::Operator;
  if (isOperator && isOneOf(token.text, {")", "]", ",", ";", "?"}))
    return last.text == "," && token.text != "," ? 1 : 0;
  if (token.text == "}" && isOperator)
    return last.text != "{";
  if (last.kind == Kind::Operator) {
    if (isOneOf(last.text, {"(", "[", "^"}))
      return 0;
    if (last.text == "." || isUnaryMinus(tokens, at - 1))
      return 0;
    if (last.text == ":" && bracket == '[')
      return 0;
  }
  if (isOperator && token.text == ":")
    return bracket == '[' && isOneOf(last.text, {","}) ? 1 : 0;
  if (isOperator && token.text == "^")
    return 0;
  if (isOperator && isOneOf(token.text, {"(", "[", "."}))
    return getSpacingBeforeSuffix(tokens, at);
  return 1;
}
