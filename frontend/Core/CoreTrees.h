// SPDX-License-Identifier: Apache-2.0
//
// Blocks, calls, weights, loops.
//
// The second half of Core.h (included by it): what is made of several values or
// has an order. Statements of a Block run from top to bottom; a call whose
// instance updates states, an Update and a Minimize give the tree they act on a
// new value for everything below.

#ifndef LAMINA_FRONTEND_CORE_CORETREES_H
#define LAMINA_FRONTEND_CORE_CORETREES_H

#include "frontend/Core/Core.h"

namespace lamina::core {

struct DataPlan;
struct Model;
struct PipelineInstance;

//===-- Tuples, blocks, calls --------------------------------------------===//

struct Tuple : ExprOf<ExprKind::Tuple> {
  using ExprOf::ExprOf;
  Exprs elements;
};
struct TupleElement : ExprOf<ExprKind::TupleElement> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
  unsigned position = 0;
};
struct Block : ExprOf<ExprKind::Block> {
  using ExprOf::ExprOf;
  std::vector<Stmt *> statements;
  Expr *result = nullptr; ///< null in a body that is run for its effects
};
/// A call of a layer with weights. If the tree is a place (parts of the own
/// weights, of a model or of a `state`), states that the callee updates are
/// stored back there; else they are dropped.
struct Call : ExprOf<ExprKind::Call> {
  using ExprOf::ExprOf;
  FunctionInstance *callee = nullptr;
  Expr *tree = nullptr;
  Exprs args;     ///< one for each of callee->params
  Exprs captures; ///< one for each of callee->captures
};
/// A chain of equal copies `L * n`: `carry` starts as `input`, goes through
/// `body` once for each copy, and is the result. `tree` is the repeated tree,
/// `copy` the tree of one copy inside the body.
struct Copies : ExprOf<ExprKind::Copies> {
  using ExprOf::ExprOf;
  Expr *tree = nullptr, *input = nullptr;
  Local *copy = nullptr, *carry = nullptr;
  Expr *body = nullptr;
};
/// What passes derive from a call: see `which`.
struct Derived : ExprOf<ExprKind::Derived> {
  using ExprOf::ExprOf;
  enum Which : uint8_t {
    Inverse, ///< f.inverse(args[0]); `callee` is the call that is inverted
    LogDet,  ///< f.log_det(args[0])
    Begin,   ///< f.begin(args over axis, room)
    Next,    ///< run.next(args[0])
    Last,    ///< run.last
    Rows     ///< run[args[0]]
  };
  Which which = Inverse;
  FunctionInstance *callee =
      nullptr;          ///< Inverse, LogDet, Begin: on the whole prompt
  Expr *tree = nullptr; ///< Inverse, LogDet, Begin
  Expr *run = nullptr;  ///< Next, Last, Rows
  Exprs args, captures;
  unsigned axis = 0; ///< Begin: of args[0]
  Dim room;          ///< Begin: positions that may follow
};

//===-- Trees of weights -------------------------------------------------===//

/// The weights of the instance whose body this is.
struct TreeSelf : ExprOf<ExprKind::TreeSelf> {
  using ExprOf::ExprOf;
};
/// The weights of a model. `version` counts the `minimize`s above in the entry.
struct TreeModel : ExprOf<ExprKind::TreeModel> {
  using ExprOf::ExprOf;
  Model *model = nullptr;
  unsigned version = 0;
};
/// A `state` of a train body, or a local `net: L(…)` of a test or sample.
struct TreeState : ExprOf<ExprKind::TreeState> {
  using ExprOf::ExprOf;
  TrainState *state = nullptr;
};
/// A field of a tree: a name, or the number of a part of a chain.
struct TreePart : ExprOf<ExprKind::TreePart> {
  using ExprOf::ExprOf;
  Expr *tree = nullptr;
  Symbol name;
};
/// A param or state of a tree, as a tensor.
struct Leaf : ExprOf<ExprKind::Leaf> {
  using ExprOf::ExprOf;
  Expr *tree = nullptr;
  Symbol name;
};
/// A tuple of tensors and trees, taken as one tree.
struct TreeOf : ExprOf<ExprKind::TreeOf> {
  using ExprOf::ExprOf;
  Exprs elements;
};
/// Leaf by leaf on params; a tensor operand is a number for all leaves. States
/// come from the leftmost tree. Works on tuples of tensors too.
struct TreeArith : ExprOf<ExprKind::TreeArith> {
  using ExprOf::ExprOf;
  Primitive primitive = Primitive::Add;
  Exprs operands;
};
/// `dot(a, b)` (two operands) and `norm(a)` over all params.
struct TreeFold : ExprOf<ExprKind::TreeFold> {
  using ExprOf::ExprOf;
  bool isNorm = false;
  Exprs operands;
};
/// `L | F on group`: the tree of L with the weights of the group passed through
/// F. `tree` has the slot of the filtered layer (Slot::Filtered).
struct Filtered : ExprOf<ExprKind::Filtered> {
  using ExprOf::ExprOf;
  Expr *tree = nullptr;
};

//===-- Derivatives, loops, draws ----------------------------------------===//

/// The derivative of the sum of `of` with respect to `wrt` (a LocalRef, a tree,
/// or a Leaf). Under indices on which `of` depends the sum is over its own
/// axes.
struct Gradient : ExprOf<ExprKind::Gradient> {
  using ExprOf::ExprOf;
  Expr *of = nullptr, *wrt = nullptr;
};
struct Pushforward : ExprOf<ExprKind::Pushforward> {
  using ExprOf::ExprOf;
  Expr *of = nullptr, *wrt = nullptr, *tangent = nullptr;
};
struct Stop : ExprOf<ExprKind::Stop> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
};
/// Rounds of `body`; the type is a tuple: the carries as they are after the
/// last round, then what was collected, then (with `until`) the number of
/// rounds.
struct Loop : ExprOf<ExprKind::Loop> {
  using ExprOf::ExprOf;
  struct Carry {
    Local *local = nullptr; ///< its value inside a round
    Expr *init = nullptr;
    Expr *next = nullptr; ///< in the scope of the body's statements
  };
  struct Collected {
    Symbol name;
    Expr *value = nullptr; ///< in the scope of the body's statements
    unsigned axis = 0; ///< where the axis of the rounds stands in the result
    Range range;
  };
  IndexVar *index =
      nullptr; ///< low and extent are the rounds, also when counting down
  bool down = false;
  Expr *until =
      nullptr; ///< sees the index and the carries; asked before a round
  std::vector<Stmt *> body;
  std::vector<Carry> carries;
  std::vector<Collected> collected;
  Dim rounds; ///< with `until`: the size of the collected axis
};
struct Draw : ExprOf<ExprKind::Draw> {
  using ExprOf::ExprOf;
  DrawKind draw = DrawKind::Normal;
  Exprs params; ///< scalars, or tensors that `alignments` broadcasts
  std::vector<Alignment> alignments;
  Symbol path; ///< dotted, below the function instance or entry it stands in
};
/// `trained(tree, n -> loss, rule, steps)`: the tree after `steps` updates.
struct Trained : ExprOf<ExprKind::Trained> {
  using ExprOf::ExprOf;
  Expr *tree = nullptr;
  Local *current = nullptr; ///< the tree inside `loss`
  Expr *loss = nullptr;
  PipelineInstance *pipeline = nullptr;
  Dim steps;
};
/// In a stage of an optimizer: the sum over all weights for which it runs.
struct Total : ExprOf<ExprKind::Total> {
  using ExprOf::ExprOf;
  Expr *operand = nullptr;
};
struct Error : ExprOf<ExprKind::Error> {
  using ExprOf::ExprOf;
};

//===-- Statements -------------------------------------------------------===//

enum class StmtKind : uint8_t {
#define STMT(KIND) KIND,
#include "frontend/Core/Core.def"
};

struct Stmt {
  const StmtKind kind;
  Range range;
  Stmt(StmtKind kind, Range range) : kind(kind), range(range) {}
  virtual ~Stmt() = default;
};
template <StmtKind K>
struct StmtOf : Stmt {
  static constexpr StmtKind Kind = K;
  explicit StmtOf(Range range) : Stmt(K, range) {}
  static bool classof(const Stmt *s) { return s->kind == K; }
};

struct Let : StmtOf<StmtKind::Let> {
  using StmtOf::StmtOf;
  Local *local = nullptr;
  Expr *value = nullptr;
};
/// `s <- v`. `place` is a Leaf, a tree expression that is a place, or in a
/// stage of an optimizer a LocalRef to a slot or to the weight.
struct Update : StmtOf<StmtKind::Update> {
  using StmtOf::StmtOf;
  Expr *place = nullptr, *value = nullptr;
};
/// `when c { … }`: its updates happen only where `condition` holds.
struct Guarded : StmtOf<StmtKind::Guarded> {
  using StmtOf::StmtOf;
  Expr *condition = nullptr;
  std::vector<Stmt *> statements;
};
/// `assert actual == wanted within tolerance`, or of one truth value.
struct Assert : StmtOf<StmtKind::Assert> {
  using StmtOf::StmtOf;
  Primitive comparison = Primitive::Eq;
  Expr *actual = nullptr,
       *wanted = nullptr; ///< wanted is null for a truth value
  Expr *tolerance = nullptr;
};
/// `data d batch n`: the next batch; its fields are the locals.
struct Batch : StmtOf<StmtKind::Batch> {
  using StmtOf::StmtOf;
  DataPlan *data = nullptr;
  Dim rows;          ///< the size of the batch
  int64_t count = 0; ///< records in a batch; 0: all
  bool inOrder = false;
  Expr *by = nullptr; ///< of one record (locals of data->fields), or null
  std::vector<Local *>
      fields; ///< one for each used field, in order of data->fields
};
/// One step of an optimizer on the leaves of `pipeline`.
struct Minimize : StmtOf<StmtKind::Minimize> {
  using StmtOf::StmtOf;
  Symbol name; ///< under which the value is logged
  Expr *loss = nullptr;
  PipelineInstance *pipeline = nullptr;
  Model *model = nullptr; ///< whose weights move
  unsigned version = 0;   ///< TreeModel::version below it
};
/// `repeat n { … }` of a train body.
struct RepeatSteps : StmtOf<StmtKind::RepeatSteps> {
  using StmtOf::StmtOf;
  IndexVar *round = nullptr;
  std::vector<Stmt *> statements;
};

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_CORETREES_H
