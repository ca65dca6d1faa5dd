// SPDX-License-Identifier: Apache-2.0
//
// Statements.
//
// Statements of bodies, and the items of train bodies, which are statements as
// well: `repeat` and `stage` hold both.

#ifndef LAMINA_FRONTEND_AST_STMT_H
#define LAMINA_FRONTEND_AST_STMT_H

#include "frontend/AST/Type.h"

namespace lamina::ast {

class Stmt {
public:
  enum class Kind : uint8_t {
#define STMT(NAME) NAME,
#include "frontend/AST/Nodes.def"
  };

  const Kind kind;
  const Range range;

protected:
  Stmt(Kind kind, Range range) : kind(kind), range(range) {}
};

/// `{ … }`
struct Block {
  llvm::ArrayRef<Stmt *> statements;
  Range range; // with the braces
};

/// A body is an expression after `=` or a block; neither for a declaration in
/// error.
struct Body {
  Expr *expr = nullptr;
  const Block *block = nullptr;
};

/// `centre, spread`, `t.e.st`: names with dots.
struct Place {
  llvm::ArrayRef<Name> names;
  Range range;
};

class ErrorStmt : public Stmt {
public:
  LAMINA_NODE(Error, Stmt)
  explicit ErrorStmt(Range range) : Stmt(Kind::Error, range) {}
};

/// Left of `=` and `~`: `x`, `x: [b, n]`, `y[b, i < n]`, `text[:, n]`.
struct Target {
  Name name;
  Brackets brackets; // false if there are none
  Type *type = nullptr;
  Range range;
};

/// `targets = value`, or `targets ~ value` for a draw.
class DefineStmt : public Stmt {
public:
  LAMINA_NODE(Define, Stmt)
  DefineStmt(Range range, llvm::ArrayRef<Target> targets, bool isDraw,
             Expr *value)
      : Stmt(Kind::Define, range), isDraw(isDraw), targets(targets),
        value(value) {}
  const bool isDraw;
  const llvm::ArrayRef<Target> targets; // at least one
  Expr *const value;
};

/// `a, b: LayerNorm`: layers made here.
class FieldStmt : public Stmt {
public:
  LAMINA_NODE(Field, Stmt)
  FieldStmt(Range range, llvm::ArrayRef<Name> names, Expr *value)
      : Stmt(Kind::Field, range), names(names), value(value) {}
  const llvm::ArrayRef<Name> names;
  Expr *const value; // may be a pipeline
};

/// `place <- value`
class UpdateStmt : public Stmt {
public:
  LAMINA_NODE(Update, Stmt)
  UpdateStmt(Range range, Place place, Expr *value)
      : Stmt(Kind::Update, range), place(place), value(value) {}
  const Place place;
  Expr *const value;
};

/// `name: type = value` or `name: type ~ distribution`, after `param` or
/// `state`.
struct Weight {
  Name name;
  Type *type; // null if none is written
  bool isDraw;
  Expr *value;
  Range range;
};

/// `state m = 0, v = 0`
class StateStmt : public Stmt {
public:
  LAMINA_NODE(State, Stmt)
  StateStmt(Range range, llvm::ArrayRef<Weight> weights)
      : Stmt(Kind::State, range), weights(weights) {}
  const llvm::ArrayRef<Weight> weights;
};

class ForStmt : public Stmt {
public:
  LAMINA_NODE(For, Stmt)
  enum class RangeKind : uint8_t {
    Below, // i < high
    Up,    // t in low to high
    Down,  // t in high down to low
    List,  // x in list
  };
  ForStmt(Range range, Name name, RangeKind rangeKind, Expr *from, Expr *to,
          Expr *until, const Block *body)
      : Stmt(Kind::For, range), rangeKind(rangeKind), name(name), from(from),
        to(to), until(until), body(body) {}
  const RangeKind rangeKind;
  const Name name;
  Expr *const from;  // the first value as written, or the list; null for Below
  Expr *const to;    // the bound of Below, the last value of Up and Down
  Expr *const until; // may be null
  const Block *const body;
};

class WhenStmt : public Stmt {
public:
  LAMINA_NODE(When, Stmt)
  WhenStmt(Range range, Expr *condition, const Block *body)
      : Stmt(Kind::When, range), condition(condition), body(body) {}
  Expr *const condition;
  const Block *const body;
};

class AfterStmt : public Stmt {
public:
  LAMINA_NODE(After, Stmt)
  AfterStmt(Range range, const Block *body)
      : Stmt(Kind::After, range), body(body) {}
  const Block *const body;
};

class PassStmt : public Stmt {
public:
  LAMINA_NODE(Pass, Stmt)
  PassStmt(Range range, Expr *condition)
      : Stmt(Kind::Pass, range), condition(condition) {}
  Expr *const condition;
};

class WhereStmt : public Stmt {
public:
  LAMINA_NODE(Where, Stmt)
  WhereStmt(Range range, Expr *condition)
      : Stmt(Kind::Where, range), condition(condition) {}
  Expr *const condition;
};

class AssertStmt : public Stmt {
public:
  LAMINA_NODE(Assert, Stmt)
  AssertStmt(Range range, Expr *condition, Expr *within)
      : Stmt(Kind::Assert, range), condition(condition), within(within) {}
  Expr *const condition;
  Expr *const within; // may be null
};

class GivenStmt : public Stmt {
public:
  LAMINA_NODE(Given, Stmt)
  GivenStmt(Range range, Place place, Expr *value)
      : Stmt(Kind::Given, range), place(place), value(value) {}
  const Place place;
  Expr *const value;
};

/// An expression as a statement: the result, where it is the last of a block.
class ValueStmt : public Stmt {
public:
  LAMINA_NODE(Value, Stmt)
  explicit ValueStmt(Expr *value)
      : Stmt(Kind::Value, value->range), value(value) {}
  Expr *const value;
};

//===----------------------------------------------------------------------===//
// Items of train bodies
//===----------------------------------------------------------------------===//

/// `data d batch n by key in order`
class TakeStmt : public Stmt {
public:
  LAMINA_NODE(Take, Stmt)
  TakeStmt(Range range, Name name, Expr *data, Expr *batch, Expr *by,
           bool inOrder)
      : Stmt(Kind::Take, range), inOrder(inOrder), name(name), data(data),
        batch(batch), by(by) {}
  const bool inOrder;
  const Name name; // `data name = d`; usually empty
  Expr *const data;
  Expr *const batch; // null: all records
  Expr *const by;    // null: no grouping by size
};

class MinimizeStmt : public Stmt {
public:
  LAMINA_NODE(Minimize, Stmt)
  MinimizeStmt(Range range, Expr *loss, Expr *over, Expr *with)
      : Stmt(Kind::Minimize, range), loss(loss), over(over), with(with) {}
  Expr *const loss;
  Expr *const over; // group; null: all weights
  Expr *const with; // pipeline; null: the default
};

class ReportStmt : public Stmt {
public:
  LAMINA_NODE(Report, Stmt)
  ReportStmt(Range range, Name name, Expr *value, Expr *on, Expr *every)
      : Stmt(Kind::Report, range), name(name), value(value), on(on),
        every(every) {}
  const Name name; // empty: the text of the expression
  Expr *const value;
  Expr *const on;    // null: of this step
  Expr *const every; // null: each step; the name `epoch`, or a number
};

class KeepStmt : public Stmt {
public:
  LAMINA_NODE(Keep, Stmt)
  KeepStmt(Range range, bool highest, Name name, Expr *patience)
      : Stmt(Kind::Keep, range), highest(highest), name(name),
        patience(patience) {}
  const bool highest;
  const Name name;
  Expr *const patience; // may be null
};

class StepsStmt : public Stmt {
public:
  LAMINA_NODE(Steps, Stmt)
  StepsStmt(Range range, bool epochs, Expr *count)
      : Stmt(Kind::Steps, range), epochs(epochs), count(count) {}
  const bool epochs;
  Expr *const count;
};

class StageStmt : public Stmt {
public:
  LAMINA_NODE(Stage, Stmt)
  StageStmt(Range range, Name name, const Block *body)
      : Stmt(Kind::Stage, range), name(name), body(body) {}
  const Name name;
  const Block *const body;
};

class RepeatStmt : public Stmt {
public:
  LAMINA_NODE(Repeat, Stmt)
  RepeatStmt(Range range, Expr *count, const Block *body)
      : Stmt(Kind::Repeat, range), count(count), body(body) {}
  Expr *const count;
  const Block *const body;
};

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_STMT_H
