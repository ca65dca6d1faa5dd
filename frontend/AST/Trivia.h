// SPDX-License-Identifier: Apache-2.0
//
// Comments and tokens of a file.
//
// What the tree does not hold and the formatter and editors need: every token
// with its place, comments among them.

#ifndef LAMINA_FRONTEND_AST_TRIVIA_H
#define LAMINA_FRONTEND_AST_TRIVIA_H

#include "frontend/Source/Range.h"

#include "llvm/ADT/StringRef.h"

#include <vector>

namespace lamina::ast {

struct Token {
  enum class Kind : uint8_t {
    Word, // a name or a reserved word
    Number,
    Text,
    Operator, // + -> ( [ { , ; and so on
    Comment,  // // …   without the line end
    Doc,      // /// …
  };
  Kind kind;
  bool startsLine;           // only blanks stand before it on its line
  bool startsStatement;      // as the parser reads it; false for comments
  unsigned blankLinesBefore; // empty lines between it and the token before
  Range range;
  llvm::StringRef text;
};

using Tokens = std::vector<Token>;

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_TRIVIA_H
