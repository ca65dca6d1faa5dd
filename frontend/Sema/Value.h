// SPDX-License-Identifier: Apache-2.0
//
// What an expression evaluates to.
//
// A value is a setting (known when compiling: a number, a text, a function, a
// layer without weights …) or a run-time value (a Core expression with a type).
// Numbers may hold names of dimensions: the value of `4 * n` is the dim 4 * n.

#ifndef LAMINA_FRONTEND_SEMA_VALUE_H
#define LAMINA_FRONTEND_SEMA_VALUE_H

#include "frontend/AST/Decl.h"
#include "frontend/Core/Program.h"

#include <functional>
#include <memory>

namespace lamina::sema {

using core::Dim;
using core::Symbol;

class Scope;
struct Callable;
struct Context;
struct FieldInfo;
struct FileScope;
struct Value;

struct NamedValue;

struct Value {
  enum Kind : uint8_t {
    Error, ///< absorbs everything, silently
    None,
    Number, ///< `dim` if whole, else `real`
    Truth,
    Text,
    Vocabulary,
    List,     ///< `items`; also of run-time values
    TupleOf,  ///< `items` and `names`; of settings or mixed
    Function, ///< `callable`: function, lambda, primitive, mask, score, chain
              ///< of functions
    Layer, ///< `callable`: layer, chain, repeat or filter, not yet with weights
    Field, ///< weights: `expr` is the tree, `field` says what it is
    RunTime,  ///< `expr`, and `dim` if it is whole, has no axes and is exact
    Run,      ///< of `f.begin`; `expr` and `callable` (the call it continues)
    Module,   ///< of `import … as m`
    Data,     ///< `data`
    Stage,    ///< `callable`: an optimizer with its settings
    Pipeline, ///< `items` are stages (each with `group`)
    Group,    ///< `group`
    Distribution, ///< a primitive distribution; only right of `~`
    Record,       ///< in data: a column expression that is still text
  };

  Kind kind = Error;
  Range range; ///< where it was made
  Dim dim;
  double real = 0;
  bool truth = false;
  bool mayBeNone = false; ///< of a `T?` or a setting: `if` asks if it is there
  std::string text;
  core::Expr *expr = nullptr;
  core::Scalar *scalar =
      nullptr; ///< Number: the constant it is, if that may be set
  core::Vocabulary *vocabulary = nullptr;
  core::DataPlan *data = nullptr;
  FileScope *module = nullptr;
  FieldInfo *field = nullptr;
  Context *owner = nullptr; ///< RunTime, Field, Run: where `expr` can be used
  std::shared_ptr<const std::vector<Value>> items;
  std::shared_ptr<const std::vector<Symbol>> names;
  std::shared_ptr<const Callable> callable;
  std::shared_ptr<const struct GroupExpr> group;
  std::shared_ptr<const core::ColumnExpr> column;

  bool isError() const { return kind == Error; }
  bool isNone() const { return kind == None; }
  bool isNumber() const { return kind == Number; }
  bool isWhole() const { return kind == Number && dim; }
  bool isRunTime() const { return kind == RunTime || kind == Run; }
  bool isCallable() const {
    return kind == Function || kind == Layer || kind == Field;
  }
  /// A whole number that is known: through sizes that are numbers too.
  std::optional<int64_t> constant() const {
    return kind == Number && dim ? dim.size().constant() : std::nullopt;
  }
  /// What it is, for messages: "a number", "a layer", "[b, t]".
  std::string describe() const;

  static Value error(Range range = {});
  static Value none(Range range);
  static Value number(Dim dim, Range range);
  static Value number(double real, Range range);
  static Value truthValue(bool truth, Range range);
  static Value textValue(llvm::StringRef text, Range range);
  static Value list(std::vector<Value> items, Range range);
  /// A Function, Layer or Stage.
  static Value ofCallable(Kind kind, Callable callable, Range range);
};

struct NamedValue {
  Symbol name;
  Value value;
};

/// What can be called, and with which arguments it has been given already.
struct Callable {
  enum Kind : uint8_t {
    Function, ///< `function` (a file's, or a call of a layer: then `self` is
              ///< the field)
    Lambda,
    Primitive, ///< `primitive`, a name of Primitives.def
    Chain,     ///< `parts` one after another
    MaskAnd,
    MaskOr,
    MaskNot,  ///< of `parts`
    Layer,    ///< `layer` with settings `given`; `extra` go to its call
    Repeat,   ///< parts[0] `count` times, own weights
    Copies,   ///< `parts`, from `L(d) for d in …`: a chain whose names count
              ///< copies
    Filtered, ///< parts[0] through parts[1], on `group`
    Stage,    ///< `optimizer` with settings `given`
    RunNext   ///< what a Run continues: `self`, `function`
  };
  Callable(Kind kind, Scope *home) : kind(kind), home(home) {}

  Kind kind;
  const ast::FunctionDecl *function = nullptr;
  const ast::LambdaExpr *lambda = nullptr;
  const ast::LayerDecl *layer = nullptr;
  const ast::OptimizerDecl *optimizer = nullptr;
  const struct PrimitiveInfo *primitive = nullptr;
  Scope *home; ///< in which the declaration stands; null for a primitive
  std::vector<Value> parts;
  std::vector<NamedValue> given; ///< by name of the parameter or setting
  std::vector<NamedValue> extra; ///< named arguments for the call of a layer
  Value count;                   ///< Repeat
  std::shared_ptr<Value> self;   ///< the field whose call this is
  std::shared_ptr<const GroupExpr> group;
  bool parenthesised = false; ///< a chain in parentheses is one part

  const Value *find(Symbol name) const {
    for (auto &g : given)
      if (g.name == name)
        return &g.value;
    return nullptr;
  }
};

/// A predicate over weights: patterns, fields, ranks, and/or/not of these.
struct GroupExpr {
  enum Kind : uint8_t { All, Pattern, Tree, Matrices, Vectors, And, Or, Not };
  Kind kind = All;
  std::string pattern;
  Value field; ///< Tree: everything below it
  std::vector<std::shared_ptr<const GroupExpr>> parts;
  Range range;
};

/// A number as a message writes it.
std::string spelled(double number);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_VALUE_H
