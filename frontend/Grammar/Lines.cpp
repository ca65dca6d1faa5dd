// SPDX-License-Identifier: Apache-2.0
//
// From characters to balanced statements.
//
// Brackets are balanced here, before the parser, because a bracket that is not
// closed makes every later line end look like a blank: the parser would report
// the end of the file instead of the line that lacks the bracket.

#include "frontend/Grammar/Lines.h"

#include "frontend/Grammar/TokenClasses.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

#include "LaminaLexer.h"

using namespace lamina;
using namespace lamina::grammar;
using antlr4::Token;
using Lexer = LaminaLexer;

//===----------------------------------------------------------------------===//
// Reader
//===----------------------------------------------------------------------===//

namespace {
class Reader {
public:
  Reader(antlr4::CharStream &input, const Places &places, Diagnostics &diags)
      : input(input), places(places), diags(diags) {}
  Lines run();

private:
  void readCharacters();
  void reportStray(Range range);
  void markStatements();
  void take(std::unique_ptr<Token> token);
  bool takeBracket(std::unique_ptr<Token> &token);
  void takeBrace(std::unique_ptr<Token> token);
  void closeBrackets(const Token *before);
  void closeBraces(const Token *end);
  bool lacksBraces() const;
  bool beginsDeclaration(size_t i) const;
  void reportUnclosed(const Token *open, const Token *at,
                      const llvm::Twine &before);
  void emit(std::unique_ptr<Token> token) {
    lines.tokens.push_back(std::move(token));
  }
  void emitMade(size_t type);
  void endStatement();
  void retagBegins();

  size_t getLastType() const {
    return lines.tokens.empty() ? size_t(Lexer::SEMI)
                                : lines.tokens.back()->getType();
  }
  bool isInBrackets() const {
    return !open.empty() && open.back()->getType() != Lexer::LBRACE;
  }
  bool isStarAPattern() const;

  antlr4::CharStream &input;
  const Places &places;
  Diagnostics &diags;
  Lines lines;
  std::vector<std::unique_ptr<Token>> raw;
  std::vector<const Token *> open;
  bool isOnNewLine = true;
  bool isLackingBraces = false;
};
} // namespace

static ast::Token::Kind getKind(size_t type) {
  if (type == Lexer::NUMBER)
    return ast::Token::Kind::Number;
  if (type == Lexer::TEXT)
    return ast::Token::Kind::Text;
  if (isReservedWord(type) || isNameWord(type))
    return ast::Token::Kind::Word;
  if (type == Lexer::DOC)
    return ast::Token::Kind::Doc;
  if (type == Lexer::COMMENT)
    return ast::Token::Kind::Comment;
  return ast::Token::Kind::Operator;
}

void Reader::reportStray(Range range) {
  llvm::StringRef text = diags.getSources().getText(range);
  Diagnostic &d = diags.report(
      Rule::parse_c8, range, "'" + text + "' is no character of the language");
  llvm::StringRef advice = llvm::StringSwitch<llvm::StringRef>(text)
                               .Case("#", "a comment begins with '//'")
                               .Case("'", "a text stands in double quotes")
                               .Case("&", "write 'and'")
                               .Case("!", "write 'not'")
                               .Case("%", "write 'mod'")
                               .Default("");
  if (!advice.empty())
    d.note(advice);
}

/// Runs the lexer; characters and texts that are none are reported here.
void Reader::readCharacters() {
  Lexer lexer(&input);
  lexer.removeErrorListeners();
  unsigned lineEnds = 1; // the first token starts a line
  for (;;) {
    std::unique_ptr<Token> token = lexer.nextToken();
    size_t type = token->getType();
    if (type == Lexer::LINE_END) {
      ++lineEnds;
      raw.push_back(std::move(token));
      continue;
    }
    Range range = places.getRange(token.get());
    if (type != Token::EOF) {
      unsigned blank = lineEnds > 1 && !lines.trivia.empty() ? lineEnds - 1 : 0;
      lines.trivia.push_back({getKind(type), lineEnds > 0, false, blank, range,
                              diags.getSources().getText(range)});
      lineEnds = 0;
    }
    if (type == Lexer::STRAY) {
      if (!lines.spoiled.count(token->getLine()))
        reportStray(range);
      lines.spoiled.insert(token->getLine());
      lines.isWhole = false;
      continue;
    }
    if (type == Lexer::OPEN_TEXT) {
      diags.report(Rule::parse_c8, range, "the text is not closed on its line")
          .note("a text ends with '\"'; '\\\"' is a quote inside it");
      lines.spoiled.insert(token->getLine());
      lines.isWhole = false;
      static_cast<antlr4::CommonToken *>(token.get())->setType(Lexer::TEXT);
    }
    bool isEnd = type == Token::EOF;
    raw.push_back(std::move(token));
    if (isEnd)
      return;
  }
}

/// Makes a token that is not written, right after the last one.
void Reader::emitMade(size_t type) {
  const Token *last = lines.tokens.back().get();
  auto token = std::make_unique<antlr4::CommonToken>(type, "");
  token->setStartIndex(last->getStopIndex() + 1);
  token->setStopIndex(last->getStopIndex()); // empty
  token->setLine(last->getLine());
  emit(std::move(token));
}

void Reader::endStatement() {
  size_t last = getLastType();
  if (last != Lexer::SEMI && last != Lexer::LBRACE)
    emitMade(Lexer::SEMI);
}

void Reader::reportUnclosed(const Token *opening, const Token *at,
                            const llvm::Twine &before) {
  std::string text = opening->getText();
  Range range = at->getType() == Token::EOF
                    ? places.getRange(lines.tokens.back().get())
                    : places.getRange(at);
  diags
      .report(Rule::parse_c2, range,
              "'" + llvm::Twine(text) + "' is not closed before " + before)
      .note(places.getRange(opening), "'" + llvm::Twine(text) + "' is here");
  lines.isWhole = false;
}

/// Closes all that is open inside the innermost braces; reports the outermost.
void Reader::closeBrackets(const Token *before) {
  const Token *outermost = nullptr;
  while (isInBrackets()) {
    outermost = open.back();
    open.pop_back();
    emitMade(outermost->getType() == Lexer::LPAREN ? Lexer::RPAREN
                                                   : Lexer::RBRACKET);
  }
  if (before->getType() == Token::EOF)
    reportUnclosed(outermost, before, "the end of the file");
  else if (isOnNewLine)
    reportUnclosed(outermost, before, "this line");
  else
    reportUnclosed(outermost, before, "'" + before->getText() + "'");
}

/// Closes everything, before the end of the file or a declaration.
void Reader::closeBraces(const Token *end) {
  if (isInBrackets())
    closeBrackets(end);
  if (!open.empty())
    reportUnclosed(open.back(), end,
                   end->getType() == Token::EOF ? "the end of the file"
                                                : "this line");
  while (!open.empty()) {
    endStatement();
    emitMade(Lexer::RBRACE);
    open.pop_back();
  }
}

/// True if more braces are opened than closed.
bool Reader::lacksBraces() const {
  auto count = [&](size_t type) {
    return llvm::count_if(raw, [&](const std::unique_ptr<Token> &token) {
      return token->getType() == type;
    });
  };
  return count(Lexer::LBRACE) > count(Lexer::RBRACE);
}

/// True for `layer Name` and so on at the first column. Inside braces no line
/// begins so; some may (`data d batch 32`), and count only if braces are
/// lacking.
bool Reader::beginsDeclaration(size_t i) const {
  const Token *token = raw[i].get();
  if (token->getCharPositionInLine() != 0)
    return false;
  size_t next = raw[i + 1]->getType();
  switch (token->getType()) {
  case Lexer::IMPORT:
  case Lexer::TEST:
    return next == Lexer::TEXT;
  case Lexer::DATA:
  case Lexer::MASK:
  case Lexer::SCORE:
    return isLackingBraces && isNameWord(next);
  case Lexer::CONST:
  case Lexer::FUNCTION:
  case Lexer::GROUP:
  case Lexer::LAYER:
  case Lexer::LOSS:
  case Lexer::METRIC:
  case Lexer::MODEL:
  case Lexer::OPTIMIZER:
  case Lexer::SAMPLE:
  case Lexer::TRAIN:
  case Lexer::WEIGHTS:
    return isNameWord(next) || isReservedWord(next);
  default:
    return false;
  }
}

/// Takes `)` or `]`; returns false if it closes nothing.
bool Reader::takeBracket(std::unique_ptr<Token> &token) {
  if (!isInBrackets()) {
    diags.report(Rule::parse_c2, places.getRange(token.get()),
                 "'" + token->getText() + "' closes nothing");
    lines.isWhole = false;
    return false;
  }
  bool isParen = open.back()->getType() == Lexer::LPAREN;
  size_t wanted = isParen ? Lexer::RPAREN : Lexer::RBRACKET;
  if (token->getType() != wanted) {
    diags
        .report(Rule::parse_c2, places.getRange(token.get()),
                "'" + open.back()->getText() + "' is closed by '" +
                    token->getText() + "'")
        .note(places.getRange(open.back()),
              "'" + open.back()->getText() + "' is here");
    lines.isWhole = false;
    static_cast<antlr4::CommonToken *>(token.get())->setType(wanted);
  }
  open.pop_back();
  return true;
}

void Reader::takeBrace(std::unique_ptr<Token> token) {
  if (open.empty()) {
    diags.report(Rule::parse_c2, places.getRange(token.get()),
                 "'}' closes nothing");
    lines.isWhole = false;
    return;
  }
  endStatement();
  open.pop_back();
  emit(std::move(token));
}

/// In a map of weights, `*` before a line end is part of a pattern.
bool Reader::isStarAPattern() const {
  size_t n = lines.tokens.size();
  if (n < 2 || lines.tokens[n - 1]->getType() != Lexer::STAR)
    return false;
  size_t before = lines.tokens[n - 2]->getType();
  return before == Lexer::DOT || before == Lexer::RIGHT_ARROW;
}

void Reader::take(std::unique_ptr<Token> token) {
  size_t type = token->getType();
  if (isInBrackets()) {
    bool isLost = type == Lexer::LBRACE || type == Lexer::RBRACE ||
                  type == Lexer::SEMI ||
                  (isOnNewLine && endsOperand(getLastType()) &&
                   cannotFollowOperand(type));
    if (isLost)
      closeBrackets(token.get());
  }
  if (isOnNewLine && !isInBrackets()) {
    bool joins =
        joinsBefore(type) || (joinsAfter(getLastType()) && !isStarAPattern());
    if (!joins)
      endStatement();
  }
  isOnNewLine = false;

  if (type == Lexer::RPAREN || type == Lexer::RBRACKET) {
    if (takeBracket(token))
      emit(std::move(token));
    return;
  }
  if (type == Lexer::RBRACE)
    return takeBrace(std::move(token));
  if (type == Lexer::SEMI)
    return endStatement();
  if (type == Lexer::LPAREN || type == Lexer::LBRACKET || type == Lexer::LBRACE)
    open.push_back(token.get());
  emit(std::move(token));
}

/// Words that begin an item become names where what follows says so.
void Reader::retagBegins() {
  for (size_t i = 0; i + 1 < lines.tokens.size(); ++i) {
    size_t before =
        i == 0 ? size_t(Lexer::SEMI) : lines.tokens[i - 1]->getType();
    if (before != Lexer::SEMI && before != Lexer::LBRACE)
      continue;
    if (isNameAtBegin(lines.tokens[i]->getType(),
                      lines.tokens[i + 1]->getType()))
      static_cast<antlr4::CommonToken *>(lines.tokens[i].get())
          ->setType(Lexer::NAME);
  }
}

/// Tells the formatter which tokens begin a statement.
void Reader::markStatements() {
  auto trivia = lines.trivia.begin();
  size_t before = Lexer::SEMI;
  for (const std::unique_ptr<Token> &token : lines.tokens) {
    bool starts = before == Lexer::SEMI || before == Lexer::LBRACE;
    before = token->getType();
    if (before == Token::EOF || token->getText().empty())
      continue; // made here
    Range range = places.getRange(token.get());
    while (trivia->range != range)
      ++trivia;
    trivia->startsStatement = starts;
  }
}

Lines Reader::run() {
  readCharacters();
  isLackingBraces = lacksBraces();
  for (size_t i = 0; i < raw.size(); ++i) {
    std::unique_ptr<Token> &token = raw[i];
    if (token->getType() == Lexer::LINE_END)
      isOnNewLine = true;
    if (isTrivia(token->getType()))
      continue;
    if (token->getType() == Token::EOF) {
      closeBraces(token.get());
      endStatement();
      emit(std::move(token));
      break;
    }
    if (!open.empty() && beginsDeclaration(i))
      closeBraces(token.get());
    Range range = places.getRange(token.get());
    take(std::move(token));
    if (open.size() > maxNesting) {
      diags.report(Rule::parse_c3, range,
                   "brackets are nested more than " + llvm::Twine(maxNesting) +
                       " deep here");
      lines.isWhole = false;
      lines.tokens.clear();
      return std::move(lines);
    }
  }
  retagBegins();
  if (lines.isWhole)
    markStatements();
  return std::move(lines);
}

Lines grammar::readLines(antlr4::CharStream &input, const Places &places,
                         Diagnostics &diags) {
  return Reader(input, places, diags).run();
}
