// SPDX-License-Identifier: Apache-2.0
//
// The typed tree between Sema and IRGen.
//
// What Sema makes and IRGen walks: names resolved, settings gone, functions
// written out where they are called, broadcasts explicit, each access with its
// proof. A walk over Core cannot fail on a user's mistake.
//
// Values under indices (inside Tabulate, Fold, SoftmaxAt) depend on
// `IndexVar`s; the type of a node lists its own axes only. Blocks may stand
// anywhere, also under indices: a Let there depends on the indices that its
// value depends on. Calls of layers are calls of `FunctionInstance`s
// (Instance.h).

#ifndef LAMINA_FRONTEND_CORE_CORE_H
#define LAMINA_FRONTEND_CORE_CORE_H

#include "frontend/Core/Type.h"

#include <string>
#include <vector>

namespace lamina::core {

struct FunctionInstance;
struct Program;
struct Scalar;
struct TrainState;
struct Stmt;

enum class ExprKind : uint8_t {
#define EXPR(KIND) KIND,
#include "frontend/Core/Core.def"
};
enum class Primitive : uint8_t {
#define PRIMITIVE(ID, SPELLING) ID,
#include "frontend/Core/Core.def"
};
enum class FoldKind : uint8_t {
#define FOLD(ID, SPELLING) ID,
#include "frontend/Core/Core.def"
};
enum class StructuredKind : uint8_t {
#define STRUCTURED(ID, SPELLING) ID,
#include "frontend/Core/Core.def"
};
enum class DrawKind : uint8_t {
#define DRAW(ID, SPELLING) ID,
#include "frontend/Core/Core.def"
};

llvm::StringRef spelling(ExprKind);
llvm::StringRef spelling(Primitive);
llvm::StringRef spelling(FoldKind);
llvm::StringRef spelling(StructuredKind);
llvm::StringRef spelling(DrawKind);

/// Owned by `Program`; immutable once built, but for what phase 5 settles.
struct Expr {
  const ExprKind kind;
  Type type;
  Range range;

  Expr(ExprKind kind, Type type, Range range)
      : kind(kind), type(std::move(type)), range(range) {}
  virtual ~Expr() = default;
};

/// A node's class names its kind: `llvm::dyn_cast<core::Fold>(expr)` works.
template <ExprKind K>
struct ExprOf : Expr {
  static constexpr ExprKind Kind = K;
  ExprOf(Type type, Range range) : Expr(K, std::move(type), range) {}
  static bool classof(const Expr *e) { return e->kind == K; }
};

using Exprs = llvm::SmallVector<Expr *, 3>;
/// For each axis of an operand, the axis of the result it stands at, ascending.
using Alignment = llvm::SmallVector<unsigned, 4>;

/// A name with one value: a let, a parameter, a captured value, a carry, a
/// field of a batch, the copy in `Copies`.
struct Local {
  enum Role : uint8_t { Value, Param, Capture, Carry, Field, Copy };
  Role role = Value;
  Symbol name;
  Type type;
  Range range;
  unsigned id = 0; ///< order of creation, unique in the program
};

/// An index of a definition, a reduction or a loop: `low <= value < low +
/// extent`.
struct IndexVar {
  enum Kind : uint8_t { Definition, Reduction, Iteration };
  Kind kind = Definition;
  Symbol name;
  Dim low, extent;
  Dim value;   ///< its `Index` atom, for use in subscripts
  Range range; ///< where it is written
  unsigned id = 0;
  /// The index runs along a ragged size: each sample stops at its own length.
  const Atom *raggedOver = nullptr;
  Dim raggedSize; ///< the ragged size itself, where there is one
};

/// How one axis of a base is read.
struct Subscript {
  enum Kind : uint8_t {
    All,    ///< the axis stays
    Slice,  ///< the axis stays, from `low`, `length` long (may hold loop
            ///< indices)
    Linear, ///< at `position`, a whole polynomial of first degree over indices
    Parts,  ///< the axis is the row-major product of `parts` (last one fastest)
    ByValue ///< at `value`, a whole expression
  };
  Kind kind = All;
  Dim low, length;
  Dim position;          ///< Linear
  Expr *value = nullptr; ///< ByValue, and Linear too: the same as an expression
  std::vector<Subscript> parts;
  Dim extent; ///< in Parts: how many values this part has
  Range range;
};

enum class Proof : uint8_t {
  Always,          ///< in range wherever it is computed
  UnderConditions, ///< only where the surrounding conditions hold: emit it
                   ///< guarded
  Else             ///< out of range gives `otherwise`
};

//===-- Leaves -----------------------------------------------------------===//

/// A number, a truth value, or a table in row-major order. One value for a type
/// with axes is a splat.
struct Constant : ExprOf<ExprKind::Constant> {
  using ExprOf::ExprOf;
  std::vector<double> values;
};
/// A number of the file that may be set when the program runs.
struct ScalarRef : ExprOf<ExprKind::ScalarRef> {
  using ExprOf::ExprOf;
  Scalar *scalar = nullptr;
};
struct LocalRef : ExprOf<ExprKind::LocalRef> {
  using ExprOf::ExprOf;
  Local *local = nullptr;
};
struct IndexValue : ExprOf<ExprKind::IndexValue> {
  using ExprOf::ExprOf;
  IndexVar *index = nullptr;
};
/// The value of a size as a whole number; `dim.size()` is to be emitted.
struct SizeOf : ExprOf<ExprKind::SizeOf> {
  using ExprOf::ExprOf;
  Dim dim;
};
/// The lengths of a ragged size, one for each sample: `int[b]`.
struct Length : ExprOf<ExprKind::Length> {
  using ExprOf::ExprOf;
  Dim ragged;
};
/// Training or not.
struct Phase : ExprOf<ExprKind::Phase> {
  using ExprOf::ExprOf;
};

//===-- Elementwise and shape --------------------------------------------===//

/// Operands are broadcast to the result's axes by their alignments.
struct Elementwise : ExprOf<ExprKind::Elementwise> {
  using ExprOf::ExprOf;
  Primitive primitive = Primitive::Add;
  Exprs operands;
  std::vector<Alignment> alignments;
};
/// `yes if condition else no`, element by element. The side not chosen adds
/// nothing, to the gradient either.
struct Choice : ExprOf<ExprKind::Choice> {
  using ExprOf::ExprOf;
  Expr *condition = nullptr, *yes = nullptr, *no = nullptr;
  Alignment conditionAlignment, yesAlignment, noAlignment;
};
/// Whole to real, or real to whole towards 0 (`int(x)`).
struct Convert : ExprOf<ExprKind::Convert> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
};
struct Broadcast : ExprOf<ExprKind::Broadcast> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
  Alignment alignment;
};
/// The same value under other dims, names or bounds; nothing to compute.
struct Retype : ExprOf<ExprKind::Retype> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
};

//===-- Indexed definitions ----------------------------------------------===//

/// A tensor by its elements. Axis i is the row-major product of `groups[i]`
/// (one index, or the parts of a tuple); the body's own axes follow.
struct Tabulate : ExprOf<ExprKind::Tabulate> {
  using ExprOf::ExprOf;
  std::vector<llvm::SmallVector<IndexVar *, 2>> groups;
  Expr *body = nullptr;
};
/// `base[subscripts]`, one subscript for each axis of the base.
struct Element : ExprOf<ExprKind::Element> {
  using ExprOf::ExprOf;
  Expr *base = nullptr;
  std::vector<Subscript> subscripts;
  Proof proof = Proof::Always;
  Expr *otherwise = nullptr;
};
/// A reduction over new indices. `body` is null for `count[i where c]()`.
struct Fold : ExprOf<ExprKind::Fold> {
  using ExprOf::ExprOf;
  FoldKind fold = FoldKind::Sum;
  llvm::SmallVector<IndexVar *, 2> indices;
  Expr *where = nullptr;
  Expr *body = nullptr;
};
/// `softmax[k where c](body)`: one weight, at the value that k has around it.
struct SoftmaxAt : ExprOf<ExprKind::SoftmaxAt> {
  using ExprOf::ExprOf;
  IndexVar *index = nullptr;
  Expr *where = nullptr;
  Expr *body = nullptr;
};
/// A mask or a score at four positions, written out: passes its value through.
struct MaskAt : ExprOf<ExprKind::MaskAt> {
  using ExprOf::ExprOf;
  Symbol name;
  Expr *value = nullptr;
};

//===-- Whole axes -------------------------------------------------------===//

struct Reduce : ExprOf<ExprKind::Reduce> {
  using ExprOf::ExprOf;
  FoldKind fold = FoldKind::Sum;
  Expr *operand = nullptr;
  llvm::SmallVector<unsigned, 4> axes; ///< of the operand, ascending
};
/// Joins the last axis of `left` with the first of `right`.
struct MatMul : ExprOf<ExprKind::MatMul> {
  using ExprOf::ExprOf;
  Expr *left = nullptr, *right = nullptr;
};
struct Structured : ExprOf<ExprKind::Structured> {
  using ExprOf::ExprOf;
  StructuredKind structured = StructuredKind::Sort;
  Exprs operands;
  int axis = -1;           ///< of the first operand, where the kind has one
  Dim count;               ///< Top: k; Repeat: how often
  bool descending = false; ///< Sort
};
/// Parts beside each other along `axis`; other axes are broadcast first.
struct Join : ExprOf<ExprKind::Join> {
  using ExprOf::ExprOf;
  Exprs operands;
  std::vector<Alignment> alignments;
  unsigned axis = 0;
};
/// `count` equal parts along `axis`; the type is a tuple.
struct Split : ExprOf<ExprKind::Split> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
  unsigned count = 2, axis = 0;
};
/// Tensors of equal sizes as one, with their number in front.
struct Stack : ExprOf<ExprKind::Stack> {
  using ExprOf::ExprOf;
  Exprs operands;
};

} // namespace lamina::core

#include "frontend/Core/CoreTrees.h" // IWYU pragma: export

#endif // LAMINA_FRONTEND_CORE_CORE_H
