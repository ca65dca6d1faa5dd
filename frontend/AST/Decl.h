// SPDX-License-Identifier: Apache-2.0
//
// Declarations and members of layers.

#ifndef LAMINA_FRONTEND_AST_DECL_H
#define LAMINA_FRONTEND_AST_DECL_H

#include "frontend/AST/Stmt.h"

namespace lamina::ast {

class Decl {
public:
  enum class Kind : uint8_t {
#define DECL(NAME) NAME,
#include "frontend/AST/Nodes.def"
  };

  const Kind kind;
  const Range range;
  /// The `///` lines above, without the slashes, joined by line ends; empty if
  /// there are none.
  const llvm::StringRef doc;

protected:
  Decl(Kind kind, Range range, llvm::StringRef doc)
      : kind(kind), range(range), doc(doc) {}
};

/// `name: type = value`. With a type it is a tensor, given at run time; without
/// one a setting.
struct Parameter {
  Name name;
  Type *type;  // null: a setting
  Expr *value; // default; null if there is none
  Range range;

  bool isSetting() const { return !type; }
};

/// `( … )`; `range` is unknown if no parentheses are written.
struct Parameters {
  llvm::ArrayRef<Parameter> list;
  Range range;

  explicit operator bool() const { return range.isKnown(); }
};

class ErrorDecl : public Decl {
public:
  LAMINA_NODE(Error, Decl)
  explicit ErrorDecl(Range range) : Decl(Kind::Error, range, "") {}
};

/// `import "a.lam" as a`
class ImportDecl : public Decl {
public:
  LAMINA_NODE(Import, Decl)
  ImportDecl(Range range, llvm::StringRef doc, TextExpr *path, Name as)
      : Decl(Kind::Import, range, doc), path(path), as(as) {}
  TextExpr *const path;
  const Name as; // empty: the names themselves
};

/// One constant; `const a = 1, b = 2` is two declarations.
class ConstDecl : public Decl {
public:
  LAMINA_NODE(Const, Decl)
  ConstDecl(Range range, llvm::StringRef doc, Name name, Brackets brackets,
            Expr *value, bool continues)
      : Decl(Kind::Const, range, doc), continues(continues), name(name),
        brackets(brackets), value(value) {}
  const bool continues; // not the first after its `const`
  const Name name;
  const Brackets brackets; // of a table
  Expr *const value;
};

/// A layer, or a model: a layer without settings of which there is one.
class LayerDecl : public Decl {
public:
  LAMINA_NODE(Layer, Decl)
  LayerDecl(Range range, llvm::StringRef doc, bool isModel, Name name,
            Parameters settings, bool isInvertible,
            llvm::ArrayRef<Decl *> members)
      : Decl(Kind::Layer, range, doc), isModel(isModel),
        isInvertible(isInvertible), name(name), settings(settings),
        members(members) {}
  const bool isModel;
  const bool isInvertible;
  const Name name;
  const Parameters settings;
  const llvm::ArrayRef<Decl *> members; // Field, Weight, Function, Error
};

/// `a, b: pipeline when condition`, in a layer.
class FieldDecl : public Decl {
public:
  LAMINA_NODE(Field, Decl)
  FieldDecl(Range range, llvm::StringRef doc, llvm::ArrayRef<Name> names,
            Expr *value, Expr *when)
      : Decl(Kind::Field, range, doc), names(names), value(value), when(when) {}
  const llvm::ArrayRef<Name> names;
  Expr *const value;
  Expr *const when; // may be null
};

/// `param a: [n] = 1, b: [n] = 0 when condition`, `state …`, in a layer.
class WeightDecl : public Decl {
public:
  LAMINA_NODE(Weight, Decl)
  WeightDecl(Range range, llvm::StringRef doc, bool isState,
             llvm::ArrayRef<Weight> weights, Expr *when)
      : Decl(Kind::Weight, range, doc), isState(isState), weights(weights),
        when(when) {}
  const bool isState;
  const llvm::ArrayRef<Weight> weights;
  Expr *const when; // may be null
};

enum class FunctionKind : uint8_t {
  Function,
  Loss,
  Metric,
  Mask,
  Score,
  Sample,
  Call, // a call of a layer; the unnamed one has an empty name
};

/// "function", "loss", …; "call" for a call of a layer.
llvm::StringRef getSpelling(FunctionKind kind);

/// A definition with a body, at file level or in a layer.
class FunctionDecl : public Decl {
public:
  LAMINA_NODE(Function, Decl)
  FunctionDecl(Range range, llvm::StringRef doc, FunctionKind functionKind,
               Name name, Parameters parameters, Brackets brackets,
               Type *result, Body body)
      : Decl(Kind::Function, range, doc), functionKind(functionKind),
        name(name), parameters(parameters), brackets(brackets), result(result),
        body(body) {}
  const FunctionKind functionKind;
  const Name name;
  const Parameters parameters;
  const Brackets brackets; // positions of a mask or score
  Type *const result;      // null if none is written
  const Body body;
};

/// `optimizer a(…) for [r, c] { … }` or `optimizer a = pipeline`
class OptimizerDecl : public Decl {
public:
  LAMINA_NODE(Optimizer, Decl)
  OptimizerDecl(Range range, llvm::StringRef doc, Name name,
                Parameters settings, Type *weightType, Body body)
      : Decl(Kind::Optimizer, range, doc), name(name), settings(settings),
        weightType(weightType), body(body) {}
  const Name name;
  const Parameters settings;
  Type *const weightType; // after `for`; may be null
  const Body body;        // an expression is a pipeline
};

class GroupDecl : public Decl {
public:
  LAMINA_NODE(Group, Decl)
  GroupDecl(Range range, llvm::StringRef doc, Name name, Expr *value)
      : Decl(Kind::Group, range, doc), name(name), value(value) {}
  const Name name;
  Expr *const value;
};

/// `data a, b = split(…)` or `data a from source { … }`
class DataDecl : public Decl {
public:
  LAMINA_NODE(Data, Decl)
  DataDecl(Range range, llvm::StringRef doc, llvm::ArrayRef<Name> names,
           Expr *value, Expr *source, const Block *lines)
      : Decl(Kind::Data, range, doc), names(names), value(value),
        source(source), lines(lines) {}
  const llvm::ArrayRef<Name> names;
  Expr *const value;        // after `=`; otherwise null
  Expr *const source;       // after `from`; otherwise null
  const Block *const lines; // with `source`
};

/// `train Model as name from Other { … }`
class TrainDecl : public Decl {
public:
  LAMINA_NODE(Train, Decl)
  TrainDecl(Range range, llvm::StringRef doc, Place model, Name as, Place from,
            const Block *body)
      : Decl(Kind::Train, range, doc), model(model), as(as), from(from),
        body(body) {}
  const Place model;
  const Name as;    // empty: "train"
  const Place from; // no names if it starts afresh
  const Block *const body;
};

class TestDecl : public Decl {
public:
  LAMINA_NODE(Test, Decl)
  TestDecl(Range range, llvm::StringRef doc, TextExpr *title, const Block *body)
      : Decl(Kind::Test, range, doc), title(title), body(body) {}
  TextExpr *const title;
  const Block *const body;
};

/// `"a.*.weight" -> blocks.*.kernel transposed`
struct WeightMap {
  TextExpr *from;
  llvm::ArrayRef<Name> to; // names, numbers and "*"
  bool isTransposed;
  Range range;
};

/// `weights Bert from "bert.safetensors" { … }`
class WeightsDecl : public Decl {
public:
  LAMINA_NODE(Weights, Decl)
  WeightsDecl(Range range, llvm::StringRef doc, Name name, TextExpr *path,
              llvm::ArrayRef<WeightMap> maps)
      : Decl(Kind::Weights, range, doc), name(name), path(path), maps(maps) {}
  const Name name;
  TextExpr *const path;
  const llvm::ArrayRef<WeightMap> maps;
};

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_DECL_H
