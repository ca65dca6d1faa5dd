// SPDX-License-Identifier: Apache-2.0
//
// From characters to balanced statements.
//
// Stands between the lexer and the parser. What goes in is the text, what comes
// out are the parser's tokens: line ends that end a statement are `;`, every
// bracket is closed, comments are kept aside.

#ifndef LAMINA_FRONTEND_GRAMMAR_LINES_H
#define LAMINA_FRONTEND_GRAMMAR_LINES_H

#include "frontend/AST/Trivia.h"
#include "frontend/Source/Diagnostic.h"

#include "antlr4-runtime.h"

#include <memory>
#include <set>
#include <vector>

namespace lamina::grammar {

/// Where tokens lie: ANTLR counts code points, a Range bytes.
class Places {
public:
  Places(FileID file, const SourceManager &sources);

  Range getRange(const antlr4::Token *token) const;
  Range getRange(const antlr4::ParserRuleContext *context) const;
  /// The text that ANTLR reads; without a byte order mark.
  std::string getText() const;

private:
  Range getRange(size_t begin, size_t end) const; // code points

  FileID file;
  const SourceManager &sources;
  size_t skipped = 0;           // bytes of a byte order mark
  std::vector<uint32_t> byteAt; // by code point; empty for ASCII
};

struct Lines {
  /// For the parser; empty if the text is nested too deep.
  std::vector<std::unique_ptr<antlr4::Token>> tokens;
  /// Everything that was read.
  ast::Tokens trivia;
  /// Lines with a character or text that was mended: what else does not fit
  /// there follows from it.
  std::set<size_t> spoiled;
  /// False if brackets or characters were mended.
  bool isWhole = true;
};

/// Deepest nesting of brackets and braces.
constexpr unsigned maxNesting = 400;

Lines readLines(antlr4::CharStream &input, const Places &places,
                Diagnostics &diags);

} // namespace lamina::grammar

#endif // LAMINA_FRONTEND_GRAMMAR_LINES_H
