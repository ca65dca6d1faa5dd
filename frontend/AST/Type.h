// SPDX-License-Identifier: Apache-2.0
//
// Types as written.

#ifndef LAMINA_FRONTEND_AST_TYPE_H
#define LAMINA_FRONTEND_AST_TYPE_H

#include "frontend/AST/Expr.h"

namespace lamina::ast {

class Type {
public:
  enum class Kind : uint8_t {
#define TYPE(NAME) NAME,
#include "frontend/AST/Nodes.def"
  };

  const Kind kind;
  const bool isOptional; // `T?`
  const Range range;

protected:
  Type(Kind kind, bool isOptional, Range range)
      : kind(kind), isOptional(isOptional), range(range) {}
};

class ErrorType : public Type {
public:
  LAMINA_NODE(Error, Type)
  explicit ErrorType(Range range) : Type(Kind::Error, false, range) {}
};

/// `t`, `2 * n`, `...`, `t(b)` (a call: ragged over b), `t = 9`.
struct Dimension {
  Name name; // before `=`; empty if there is none
  Expr *size;
  Range range;
};

enum class ElementKind : uint8_t { Real, Int, Bool, Id, Any };

/// `[b, t, n]`, `int[b]`, `id(n)[b, t]`, `real`, `any`.
class TensorType : public Type {
public:
  LAMINA_NODE(Tensor, Type)
  TensorType(Range range, bool isOptional, ElementKind element, Expr *bound,
             llvm::ArrayRef<Dimension> dimensions, bool hasBrackets)
      : Type(Kind::Tensor, isOptional, range), element(element),
        hasBrackets(hasBrackets), bound(bound), dimensions(dimensions) {}
  const ElementKind element; // Real if only brackets are written
  const bool hasBrackets;    // `[]` and `real` differ in nothing else
  Expr *const bound;         // of id(bound); otherwise null
  const llvm::ArrayRef<Dimension> dimensions;
};

class MaskType : public Type {
public:
  LAMINA_NODE(Mask, Type)
  MaskType(Range range, bool isOptional)
      : Type(Kind::Mask, isOptional, range) {}
};

class ScoreType : public Type {
public:
  LAMINA_NODE(Score, Type)
  ScoreType(Range range, bool isOptional)
      : Type(Kind::Score, isOptional, range) {}
};

struct TupleTypeEntry {
  Name name; // empty if it has none
  Type *type;
};

class TupleType : public Type {
public:
  LAMINA_NODE(Tuple, Type)
  TupleType(Range range, bool isOptional,
            llvm::ArrayRef<TupleTypeEntry> entries)
      : Type(Kind::Tuple, isOptional, range), entries(entries) {}
  const llvm::ArrayRef<TupleTypeEntry> entries;
};

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_TYPE_H
