// SPDX-License-Identifier: Apache-2.0
//
// The one way to write a program.
//
// Works on tokens and comments alone. A token that is written with two blanks
// or more before it, at the column of its like in a neighbouring line, is
// aligned on purpose: such columns stay, as narrow as they can be. Lines that
// go on with a statement keep their distance from its beginning.

#include "frontend/AST/Format.h"

#include "frontend/AST/Spacing.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>

using namespace lamina;
using namespace lamina::ast;
using Kind = Token::Kind;

namespace {
/// A token on its way from where it stands to where it shall stand.
struct Cell {
  size_t token;
  unsigned column; // as written, from 0
  unsigned width;  // in characters
  unsigned blanks; // before it, as it shall be without alignment
  bool isPadded;   // more blanks before it than that, as written
  unsigned goal = 0;
};

struct Line {
  llvm::SmallVector<Cell> cells;
  unsigned blankLinesBefore = 0;
  unsigned indent = 0;
};

class Formatter {
public:
  Formatter(const FileAST &ast, const SourceManager &sources)
      : tokens(ast.tokens), sources(sources) {}
  std::string run();

private:
  void readLines();
  void setIndents();
  void alignRun(size_t begin, size_t end);
  void alignColumn(size_t begin, size_t end, unsigned column);
  void place(Line &line);
  bool isComment(size_t token) const {
    return tokens[token].kind == Kind::Comment ||
           tokens[token].kind == Kind::Doc;
  }
  /// A text, and whether it is the token's own or that of the token before.
  using Role = std::pair<bool, llvm::StringRef>;
  Role getRole(const Cell &cell) const;
  Cell *findAt(Line &line, unsigned column);
  std::string print() const;

  llvm::ArrayRef<Token> tokens;
  const SourceManager &sources;
  std::vector<Line> lines;
};
} // namespace

static unsigned countCharacters(llvm::StringRef text) {
  return unsigned(std::count_if(text.begin(), text.end(),
                                [](char c) { return (c & 0xC0) != 0x80; }));
}

void Formatter::readLines() {
  llvm::SmallVector<char> brackets;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token &token = tokens[i];
    if (token.startsLine || lines.empty()) {
      lines.emplace_back();
      lines.back().blankLinesBefore = token.blankLinesBefore;
    }
    Line &line = lines.back();
    bool isFirst = line.cells.empty();
    char bracket = brackets.empty() ? 0 : brackets.back();
    unsigned column = sources.getBegin(token.range).column - 1;
    unsigned blanks = isFirst ? 0 : getSpacing(tokens, i, bracket);
    bool isPadded = blanks > 0 && column > line.cells.back().column +
                                               line.cells.back().width + blanks;
    line.cells.push_back(
        {i, column, countCharacters(token.text.rtrim()), blanks, isPadded});
    if (token.kind != Kind::Operator)
      continue;
    if (token.text == "(" || token.text == "[" || token.text == "{")
      brackets.push_back(token.text[0]);
    else if ((token.text == ")" || token.text == "]" || token.text == "}") &&
             !brackets.empty())
      brackets.pop_back();
  }
}

/// Two blanks a block; lines that go on with a statement move with it.
void Formatter::setIndents() {
  unsigned depth = 0;
  int shift = 0; // of the statement's first line
  unsigned statementIndent = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    Line &line = lines[i];
    size_t first = line.cells[0].token;
    while (first < tokens.size() && isComment(first))
      ++first; // a comment belongs to what follows it
    bool isClosing = first < tokens.size() && tokens[first].text == "}" &&
                     tokens[first].kind == Kind::Operator;
    bool isContinued =
        first < tokens.size() && !isClosing && !tokens[first].startsStatement;
    if (isContinued) {
      int moved = int(line.cells[0].column) + shift;
      line.indent = unsigned(std::max(moved, int(statementIndent) + 2));
    } else {
      bool isOwnBrace = isClosing && first == line.cells[0].token;
      line.indent = 2 * (depth - (isOwnBrace && depth > 0));
      shift = int(line.indent) - int(line.cells[0].column);
      statementIndent = line.indent;
    }
    for (const Cell &cell : line.cells) {
      const Token &token = tokens[cell.token];
      if (token.kind != Kind::Operator)
        continue;
      if (token.text == "{")
        ++depth;
      else if (token.text == "}" && depth > 0)
        --depth;
    }
  }
}

/// The part that a token plays in its line. Only tokens of one role are
/// aligned: signs and reserved words with their like, others by what they
/// follow.
Formatter::Role Formatter::getRole(const Cell &cell) const {
  const Token &token = tokens[cell.token];
  llvm::StringRef text = token.text;
  if (isComment(cell.token))
    return {true, "//"};
  if (text == "=" || text == "~" || text == "<-")
    return {true, "="};
  bool isSign =
      token.kind == Kind::Operator && text != "(" && text != "[" && text != "-";
  bool isClause = text == "if" || text == "else" || text == "over" ||
                  text == "with" || text == "on" || text == "and" ||
                  text == "or";
  if (isSign || isClause)
    return {true, text};
  return {false, tokens[cell.token - 1].text};
}

Cell *Formatter::findAt(Line &line, unsigned column) {
  for (Cell &cell : llvm::MutableArrayRef<Cell>(line.cells).drop_front())
    if (cell.column == column && cell.blanks > 0)
      return &cell;
  return nullptr;
}

/// Gives cells their places from what stands before them.
void Formatter::place(Line &line) {
  unsigned column = line.indent;
  for (Cell &cell : line.cells) {
    cell.goal = std::max(cell.goal, column + cell.blanks);
    column = cell.goal + cell.width;
  }
}

/// Moves the tokens of one column of neighbouring lines to the same place.
void Formatter::alignColumn(size_t begin, size_t end, unsigned column) {
  size_t i = begin;
  while (i < end) {
    Cell *first = findAt(lines[i], column);
    size_t next = i + 1;
    if (!first) {
      i = next;
      continue;
    }
    llvm::SmallVector<Cell *> group{first};
    while (next < end) {
      Cell *cell = findAt(lines[next], column);
      if (!cell || getRole(*first) != getRole(*cell))
        break;
      group.push_back(cell);
      ++next;
    }
    bool isMeant = group.size() > 1 && llvm::any_of(group, [](Cell *cell) {
                     return cell->isPadded;
                   });
    if (isMeant) {
      unsigned goal = 0;
      for (Cell *cell : group)
        goal = std::max(goal, cell->goal);
      for (Cell *cell : group)
        cell->goal = goal;
      for (size_t k = i; k < next; ++k)
        place(lines[k]);
    }
    i = next;
  }
}

/// Aligns lines that follow one another without an empty line.
void Formatter::alignRun(size_t begin, size_t end) {
  std::vector<unsigned> columns;
  for (size_t i = begin; i < end; ++i) {
    place(lines[i]);
    for (const Cell &cell : lines[i].cells)
      if (cell.isPadded)
        columns.push_back(cell.column);
  }
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  for (unsigned column : columns)
    alignColumn(begin, end, column);
}

std::string Formatter::print() const {
  std::string text;
  for (const Line &line : lines) {
    bool isAfterOpening = text.size() >= 2 && text[text.size() - 2] == '{';
    bool isClosing = tokens[line.cells[0].token].text == "}";
    if (line.blankLinesBefore > 0 && !text.empty() && !isAfterOpening &&
        !isClosing)
      text += '\n';
    unsigned column = 0;
    for (const Cell &cell : line.cells) {
      text.append(cell.goal - column, ' ');
      text += tokens[cell.token].text.rtrim();
      column = cell.goal + cell.width;
    }
    text += '\n';
  }
  return text;
}

std::string Formatter::run() {
  readLines();
  setIndents();
  size_t begin = 0;
  for (size_t i = 1; i <= lines.size(); ++i) {
    if (i != lines.size() && lines[i].blankLinesBefore == 0)
      continue;
    alignRun(begin, i);
    begin = i;
  }
  return print();
}

std::string lamina::format(const FileAST &ast, const SourceManager &sources) {
  if (!ast.isWhole)
    return sources.getText(ast.file).str();
  return Formatter(ast, sources).run();
}
