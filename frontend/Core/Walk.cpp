// SPDX-License-Identifier: Apache-2.0
//
// The parts of an expression.
//
// One line a kind, so that a new kind is a compile error here.

#include "frontend/Core/Walk.h"

#include "llvm/Support/Casting.h"
#include "llvm/Support/ErrorHandling.h"

namespace lamina::core {

using Visit = llvm::function_ref<void(Expr *)>;

/// Parts that may be left out are null.
static void all(llvm::ArrayRef<Expr *> operands, Visit visit) {
  for (Expr *operand : operands)
    if (operand)
      visit(operand);
}

static void of(const Subscript &subscript, Visit visit) {
  all({subscript.value}, visit);
  for (const Subscript &part : subscript.parts)
    of(part, visit);
}

// Leaves.
static void of(const Constant &, Visit) {}
static void of(const ScalarRef &, Visit) {}
static void of(const LocalRef &, Visit) {}
static void of(const IndexValue &, Visit) {}
static void of(const SizeOf &, Visit) {}
static void of(const Length &, Visit) {}
static void of(const Phase &, Visit) {}
static void of(const TreeSelf &, Visit) {}
static void of(const TreeModel &, Visit) {}
static void of(const TreeState &, Visit) {}
static void of(const Error &, Visit) {}

// Elementwise and shape.
static void of(const Elementwise &e, Visit visit) { all(e.operands, visit); }
static void of(const Choice &e, Visit visit) {
  all({e.condition, e.yes, e.no}, visit);
}
static void of(const Convert &e, Visit visit) { all({e.operand}, visit); }
static void of(const Broadcast &e, Visit visit) { all({e.operand}, visit); }
static void of(const Retype &e, Visit visit) { all({e.operand}, visit); }

// Indexed definitions.
static void of(const Tabulate &e, Visit visit) { all({e.body}, visit); }
static void of(const Element &e, Visit visit) {
  all({e.base, e.otherwise}, visit);
  for (const Subscript &subscript : e.subscripts)
    of(subscript, visit);
}
static void of(const Fold &e, Visit visit) { all({e.where, e.body}, visit); }
static void of(const SoftmaxAt &e, Visit visit) {
  all({e.where, e.body}, visit);
}
static void of(const MaskAt &e, Visit visit) { all({e.value}, visit); }

// Whole axes.
static void of(const Reduce &e, Visit visit) { all({e.operand}, visit); }
static void of(const MatMul &e, Visit visit) { all({e.left, e.right}, visit); }
static void of(const Structured &e, Visit visit) { all(e.operands, visit); }
static void of(const Join &e, Visit visit) { all(e.operands, visit); }
static void of(const Split &e, Visit visit) { all({e.operand}, visit); }
static void of(const Stack &e, Visit visit) { all(e.operands, visit); }

// Tuples, blocks, calls.
static void of(const Tuple &e, Visit visit) { all(e.elements, visit); }
static void of(const TupleElement &e, Visit visit) { all({e.operand}, visit); }
static void of(const Block &e, Visit visit) { all({e.result}, visit); }
static void of(const Call &e, Visit visit) {
  all({e.tree}, visit);
  all(e.args, visit);
  all(e.captures, visit);
}
static void of(const Copies &e, Visit visit) {
  all({e.tree, e.input, e.body}, visit);
}
static void of(const Derived &e, Visit visit) {
  all({e.tree, e.run}, visit);
  all(e.args, visit);
  all(e.captures, visit);
}

// Trees of weights.
static void of(const TreePart &e, Visit visit) { all({e.tree}, visit); }
static void of(const Leaf &e, Visit visit) { all({e.tree}, visit); }
static void of(const TreeOf &e, Visit visit) { all(e.elements, visit); }
static void of(const TreeArith &e, Visit visit) { all(e.operands, visit); }
static void of(const TreeFold &e, Visit visit) { all(e.operands, visit); }
static void of(const Filtered &e, Visit visit) { all({e.tree}, visit); }

// Derivatives, loops, draws.
static void of(const Gradient &e, Visit visit) { all({e.of, e.wrt}, visit); }
static void of(const Pushforward &e, Visit visit) {
  all({e.of, e.wrt, e.tangent}, visit);
}
static void of(const Stop &e, Visit visit) { all({e.operand}, visit); }
static void of(const Loop &e, Visit visit) {
  all({e.until}, visit);
  for (const Loop::Carry &carry : e.carries)
    all({carry.init, carry.next}, visit);
  for (const Loop::Collected &collected : e.collected)
    all({collected.value}, visit);
}
static void of(const Draw &e, Visit visit) { all(e.params, visit); }
static void of(const Trained &e, Visit visit) { all({e.tree, e.loss}, visit); }
static void of(const Total &e, Visit visit) { all({e.operand}, visit); }

void forEachOperand(const Expr &expr, Visit visit) {
  switch (expr.kind) {
#define EXPR(KIND)                                                             \
  case ExprKind::KIND:                                                         \
    return of(llvm::cast<KIND>(expr), visit);
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every kind of expression is listed");
}

llvm::ArrayRef<Stmt *> getLines(const Expr &expr) {
  if (auto *block = llvm::dyn_cast<Block>(&expr))
    return block->statements;
  if (auto *loop = llvm::dyn_cast<Loop>(&expr))
    return loop->body;
  return {};
}

//===-- Statements
//---------------------------------------------------------===//

static void of(llvm::ArrayRef<Stmt *> lines, Visit visit) {
  for (const Stmt *stmt : lines)
    forEachExpr(*stmt, visit);
}

static void of(const Let &s, Visit visit) { all({s.value}, visit); }
static void of(const Update &s, Visit visit) { all({s.place, s.value}, visit); }
static void of(const Guarded &s, Visit visit) {
  all({s.condition}, visit);
  of(s.statements, visit);
}
static void of(const Assert &s, Visit visit) {
  all({s.actual, s.wanted, s.tolerance}, visit);
}
static void of(const Batch &s, Visit visit) { all({s.by}, visit); }
static void of(const Minimize &s, Visit visit) { all({s.loss}, visit); }
static void of(const RepeatSteps &s, Visit visit) { of(s.statements, visit); }

void forEachExpr(const Stmt &stmt, Visit visit) {
  switch (stmt.kind) {
#define STMT(KIND)                                                             \
  case StmtKind::KIND:                                                         \
    return of(llvm::cast<KIND>(stmt), visit);
#include "frontend/Core/Core.def"
  }
  llvm_unreachable("every kind of statement is listed");
}

void forEachPart(const Expr &expr, Visit visit) {
  forEachOperand(expr, visit);
  of(getLines(expr), visit);
}

} // namespace lamina::core
