// SPDX-License-Identifier: Apache-2.0
//
// Expressions without parts.
//
// What all expressions have in common, and those that are one word: numbers,
// texts, names, fields of a record.

#ifndef LAMINA_FRONTEND_AST_ATOMS_H
#define LAMINA_FRONTEND_AST_ATOMS_H

#include "frontend/AST/Node.h"

namespace lamina::ast {

class Expr {
public:
  enum class Kind : uint8_t {
#define EXPR(NAME) NAME,
#include "frontend/AST/Nodes.def"
  };

  const Kind kind;
  /// Height of the tree below, at most maxDepth, so that recursion over
  /// expressions is safe.
  const uint16_t depth;
  const Range range;

  static constexpr unsigned maxDepth = 2000;

protected:
  Expr(Kind kind, unsigned depth, Range range)
      : kind(kind), depth(uint16_t(depth)), range(range) {}
};

/// What could not be parsed; a diagnostic was given.
class ErrorExpr : public Expr {
public:
  LAMINA_NODE(Error, Expr)
  explicit ErrorExpr(Range range) : Expr(Kind::Error, 1, range) {}
};

/// `3`, `0.5`, `1e-3`. Whole if it has neither point nor exponent; a whole
/// number from `wholeLimit` on is refused by the parser.
class NumberExpr : public Expr {
public:
  LAMINA_NODE(Number, Expr)
  static constexpr int64_t wholeLimit = int64_t(1) << 62;
  NumberExpr(Range range, llvm::StringRef text, bool isWhole, int64_t whole,
             double real)
      : Expr(Kind::Number, 1, range), text(text), isWhole(isWhole),
        whole(whole), real(real) {}
  const llvm::StringRef text; // as written
  const bool isWhole;
  const int64_t whole; // if isWhole
  const double real;   // nearest float64, in any case
};

/// `"…"`; escapes \" \\ \n \t are replaced in `value`.
class TextExpr : public Expr {
public:
  LAMINA_NODE(Text, Expr)
  TextExpr(Range range, llvm::StringRef value)
      : Expr(Kind::Text, 1, range), value(value) {}
  const llvm::StringRef value;
};

class TruthExpr : public Expr {
public:
  LAMINA_NODE(Truth, Expr)
  TruthExpr(Range range, bool value)
      : Expr(Kind::Truth, 1, range), value(value) {}
  const bool value;
};

class NoneExpr : public Expr {
public:
  LAMINA_NODE(None, Expr)
  explicit NoneExpr(Range range) : Expr(Kind::None, 1, range) {}
};

/// `...`, any number of dimensions.
class EllipsisExpr : public Expr {
public:
  LAMINA_NODE(Ellipsis, Expr)
  explicit EllipsisExpr(Range range) : Expr(Kind::Ellipsis, 1, range) {}
};

class NameExpr : public Expr {
public:
  LAMINA_NODE(Name, Expr)
  NameExpr(Range range, llvm::StringRef name)
      : Expr(Kind::Name, 1, range), name(name) {}
  const llvm::StringRef name;
};

/// `.species`: a field of the source record, in data.
class RecordExpr : public Expr {
public:
  LAMINA_NODE(Record, Expr)
  RecordExpr(Range range, Name field)
      : Expr(Kind::Record, 1, range), field(field) {}
  const Name field;
};

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_ATOMS_H
