// SPDX-License-Identifier: Apache-2.0
//
// Expressions made of others.
//
// Parentheses are kept: `(h, d)` and `(...)` on a left side are joined axes.
// Constructs that only some places allow (a pipeline, `...`, `.field`) are
// expressions like others; the parser has checked that they stand in such a
// place as far as the grammar says it.

#ifndef LAMINA_FRONTEND_AST_EXPR_H
#define LAMINA_FRONTEND_AST_EXPR_H

#include "frontend/AST/Atoms.h"

namespace lamina::ast {

/// `base.member`
class MemberExpr : public Expr {
public:
  LAMINA_NODE(Member, Expr)
  MemberExpr(Range range, Expr *base, Name member)
      : Expr(Kind::Member, base->depth + 1u, range), base(base),
        member(member) {}
  Expr *const base;
  const Name member;
};

/// `value`, `name: value`, `value over axes`. The value may be a pipeline.
struct Argument {
  Name name; // empty if by position
  Expr *value;
  Expr *over = nullptr; // a dimension, `...`, or a tuple of dimensions
  Range range;
};

/// `callee(arguments)`
class CallExpr : public Expr {
public:
  LAMINA_NODE(Call, Expr)
  CallExpr(Range range, unsigned depth, Expr *callee,
           llvm::ArrayRef<Argument> arguments)
      : Expr(Kind::Call, depth, range), callee(callee), arguments(arguments) {}
  Expr *const callee;
  const llvm::ArrayRef<Argument> arguments;
};

/// One entry between brackets.
struct Subscript {
  enum class Kind : uint8_t {
    Value, // t - 1     i < n     (h, d)     ...
    Slice, // :    :64    1:    a:b
    Named, // q = (y, x < w): position q read as a tuple; t = 9
  };
  Kind kind;
  Name name;             // Named
  Expr *value = nullptr; // Value, Named
  Expr *low = nullptr;   // Slice, may be null
  Expr *high = nullptr;  // Slice, may be null
  Range range;
};

/// `[entries where condition else otherwise]`. On a left side, after a
/// reduction, after an array and after the name of a mask.
struct Brackets {
  llvm::ArrayRef<Subscript> entries;
  Expr *where = nullptr;
  Expr *otherwise = nullptr; // value of an access that is out of range
  Range range;               // with the brackets; unknown if there are none

  explicit operator bool() const { return range.isKnown(); }
};

/// `base[…]`: an access, a slice, or a reduction's indices (`sum[k](…)` is a
/// call of an index expression whose base is the name `sum`).
class IndexExpr : public Expr {
public:
  LAMINA_NODE(Index, Expr)
  IndexExpr(Range range, unsigned depth, Expr *base, Brackets brackets)
      : Expr(Kind::Index, depth, range), base(base), brackets(brackets) {}
  Expr *const base;
  const Brackets brackets;
};

enum class UnaryOp : uint8_t { Negate, Not };

class UnaryExpr : public Expr {
public:
  LAMINA_NODE(Unary, Expr)
  UnaryExpr(Range range, UnaryOp op, Expr *operand)
      : Expr(Kind::Unary, operand->depth + 1u, range), op(op),
        operand(operand) {}
  const UnaryOp op;
  Expr *const operand;
};

enum class BinaryOp : uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide,
  Power,
  Join, // + - * / ^ @
  Div,
  Mod,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  And,
  Or,
  Then, // >>
};

/// The operator as written: "+", "div", ">>".
llvm::StringRef getSpelling(BinaryOp op);

class BinaryExpr : public Expr {
public:
  LAMINA_NODE(Binary, Expr)
  BinaryExpr(Range range, unsigned depth, BinaryOp op, Range opRange,
             Expr *left, Expr *right)
      : Expr(Kind::Binary, depth, range), op(op), opRange(opRange), left(left),
        right(right) {}
  const BinaryOp op;
  const Range opRange; // the operator itself: the caret of "do not meet"
  Expr *const left;
  Expr *const right;
};

/// `value if condition else other`
class ChoiceExpr : public Expr {
public:
  LAMINA_NODE(Choice, Expr)
  ChoiceExpr(Range range, unsigned depth, Expr *value, Expr *condition,
             Expr *other)
      : Expr(Kind::Choice, depth, range), value(value), condition(condition),
        other(other) {}
  Expr *const value;
  Expr *const condition;
  Expr *const other;
};

/// `x -> body`, `(a, b) -> body`
class LambdaExpr : public Expr {
public:
  LAMINA_NODE(Lambda, Expr)
  LambdaExpr(Range range, llvm::ArrayRef<Name> parameters, Expr *body)
      : Expr(Kind::Lambda, body->depth + 1u, range), parameters(parameters),
        body(body) {}
  const llvm::ArrayRef<Name> parameters;
  Expr *const body;
};

/// `element for name in list`
class EachExpr : public Expr {
public:
  LAMINA_NODE(Each, Expr)
  EachExpr(Range range, unsigned depth, Expr *element, Name name, Expr *list)
      : Expr(Kind::Each, depth, range), element(element), name(name),
        list(list) {}
  Expr *const element;
  const Name name;
  Expr *const list;
};

/// `(inner)`: one entry without a name.
class ParenExpr : public Expr {
public:
  LAMINA_NODE(Paren, Expr)
  ParenExpr(Range range, Expr *inner)
      : Expr(Kind::Paren, inner->depth + 1u, range), inner(inner) {}
  Expr *const inner;
};

struct TupleEntry {
  Name name; // empty if it has none
  Expr *value;
};

/// `(a, b)`, `(code: x, cost: y)`: two entries or more, or one with a name.
class TupleExpr : public Expr {
public:
  LAMINA_NODE(Tuple, Expr)
  TupleExpr(Range range, unsigned depth, llvm::ArrayRef<TupleEntry> entries)
      : Expr(Kind::Tuple, depth, range), entries(entries) {}
  const llvm::ArrayRef<TupleEntry> entries;
};

class ListExpr : public Expr {
public:
  LAMINA_NODE(List, Expr)
  ListExpr(Range range, unsigned depth, llvm::ArrayRef<Expr *> elements)
      : Expr(Kind::List, depth, range), elements(elements) {}
  const llvm::ArrayRef<Expr *> elements;
};

struct PipelineStage {
  Expr *value;
  Expr *on = nullptr; // group
};

/// `a | b on group`. A single stage without `on` is just its expression.
class PipelineExpr : public Expr {
public:
  LAMINA_NODE(Pipeline, Expr)
  PipelineExpr(Range range, unsigned depth,
               llvm::ArrayRef<PipelineStage> stages)
      : Expr(Kind::Pipeline, depth, range), stages(stages) {}
  const llvm::ArrayRef<PipelineStage> stages;
};

/// The expression inside any number of parentheses.
inline Expr *withoutParens(Expr *expr) {
  while (auto *paren = llvm::dyn_cast<ParenExpr>(expr))
    expr = paren->inner;
  return expr;
}

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_EXPR_H
