// SPDX-License-Identifier: Apache-2.0
//
// The parts of an expression.

#include "frontend/Core/Walk.h"

#include "llvm/Support/Casting.h"

namespace lamina::core {

using Visit = llvm::function_ref<void(const Expr *)>;

static void visitAll(llvm::ArrayRef<Expr *> exprs, Visit visit) {
  for (const Expr *e : exprs)
    if (e)
      visit(e);
}

static void visitSubscript(const Subscript &subscript, Visit visit) {
  if (subscript.value)
    visit(subscript.value);
  for (const Subscript &part : subscript.parts)
    visitSubscript(part, visit);
}

static void visitLoop(const Loop &loop, Visit visit) {
  if (loop.until)
    visit(loop.until);
  for (const Loop::Carry &carry : loop.carries)
    visitAll({carry.init, carry.next}, visit);
  for (const Loop::Collected &collected : loop.collected)
    visit(collected.value);
  for (const Stmt *stmt : loop.body)
    forEachExpr(*stmt, visit);
}

void forEachExpr(const Stmt &stmt, Visit visit) {
  if (auto *x = llvm::dyn_cast<Let>(&stmt))
    visitAll({x->value}, visit);
  else if (auto *x = llvm::dyn_cast<Update>(&stmt))
    visitAll({x->place, x->value}, visit);
  else if (auto *x = llvm::dyn_cast<Assert>(&stmt))
    visitAll({x->actual, x->wanted, x->tolerance}, visit);
  else if (auto *x = llvm::dyn_cast<Batch>(&stmt))
    visitAll({x->by}, visit);
  else if (auto *x = llvm::dyn_cast<Minimize>(&stmt))
    visitAll({x->loss}, visit);
  else if (auto *x = llvm::dyn_cast<Guarded>(&stmt)) {
    visitAll({x->condition}, visit);
    for (const Stmt *inner : x->statements)
      forEachExpr(*inner, visit);
  } else if (auto *x = llvm::dyn_cast<RepeatSteps>(&stmt)) {
    for (const Stmt *inner : x->statements)
      forEachExpr(*inner, visit);
  }
}

void forEachOperand(const Expr &expr, Visit visit) {
  switch (expr.kind) {
#define CASE(KIND)                                                             \
  case ExprKind::KIND: {                                                       \
    auto &x = static_cast<const KIND &>(expr);                                 \
    (void)x;
#define END                                                                    \
  return;                                                                      \
  }
    CASE(Constant)
    END CASE(ScalarRef) END CASE(LocalRef) END CASE(IndexValue) END CASE(SizeOf)
        END CASE(Length) END CASE(Phase) END CASE(TreeSelf) END CASE(TreeModel)
            END CASE(TreeState) END CASE(Error) END CASE(Elementwise)
                visitAll(x.operands, visit);
    END CASE(Choice) visitAll({x.condition, x.yes, x.no}, visit);
    END CASE(Convert) visit(x.operand);
    END CASE(Broadcast) visit(x.operand);
    END CASE(Retype) visit(x.operand);
    END CASE(Tabulate) visit(x.body);
    END CASE(Element) visit(x.base);
    for (const Subscript &subscript : x.subscripts)
      visitSubscript(subscript, visit);
    visitAll({x.otherwise}, visit);
    END CASE(Fold) visitAll({x.where, x.body}, visit);
    END CASE(SoftmaxAt) visitAll({x.where, x.body}, visit);
    END CASE(MaskAt) visit(x.value);
    END CASE(Reduce) visit(x.operand);
    END CASE(MatMul) visitAll({x.left, x.right}, visit);
    END CASE(Structured) visitAll(x.operands, visit);
    END CASE(Join) visitAll(x.operands, visit);
    END CASE(Split) visit(x.operand);
    END CASE(Stack) visitAll(x.operands, visit);
    END CASE(Tuple) visitAll(x.elements, visit);
    END CASE(TupleElement) visit(x.operand);
    END CASE(Block) for (const Stmt *stmt : x.statements)
        forEachExpr(*stmt, visit);
    visitAll({x.result}, visit);
    END CASE(Call) visit(x.tree);
    visitAll(x.args, visit);
    visitAll(x.captures, visit);
    END CASE(Copies) visitAll({x.tree, x.input, x.body}, visit);
    END CASE(Derived) visitAll({x.tree, x.run}, visit);
    visitAll(x.args, visit);
    visitAll(x.captures, visit);
    END CASE(TreePart) visit(x.tree);
    END CASE(Leaf) visit(x.tree);
    END CASE(TreeOf) visitAll(x.elements, visit);
    END CASE(TreeArith) visitAll(x.operands, visit);
    END CASE(TreeFold) visitAll(x.operands, visit);
    END CASE(Filtered) visit(x.tree);
    END CASE(Gradient) visitAll({x.of, x.wrt}, visit);
    END CASE(Pushforward) visitAll({x.of, x.wrt, x.tangent}, visit);
    END CASE(Stop) visit(x.operand);
    END CASE(Loop) visitLoop(x, visit);
    END CASE(Draw) visitAll(x.params, visit);
    END CASE(Trained) visitAll({x.tree, x.loss}, visit);
    END CASE(Total) visit(x.operand);
    END
#undef CASE
#undef END
  }
}

} // namespace lamina::core
