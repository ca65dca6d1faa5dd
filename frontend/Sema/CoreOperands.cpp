// SPDX-License-Identifier: Apache-2.0
//
// What a node of Core is made of.

#include "frontend/Sema/CoreOperands.h"

#include "llvm/Support/Casting.h"

namespace lamina::sema {

using core::Expr;
using core::ExprKind;
using Visit = llvm::function_ref<void(Expr *)>;

static void all(llvm::ArrayRef<Expr *> operands, Visit visit) {
  for (Expr *operand : operands)
    if (operand)
      visit(operand);
}

static void subscripts(llvm::ArrayRef<core::Subscript> list, Visit visit) {
  for (const core::Subscript &subscript : list) {
    all({subscript.value}, visit);
    subscripts(subscript.parts, visit);
  }
}

static void ofLoop(const core::Loop &loop, Visit visit) {
  all({loop.until}, visit);
  for (const core::Loop::Carry &carry : loop.carries)
    all({carry.init, carry.next}, visit);
  for (const core::Loop::Collected &collected : loop.collected)
    all({collected.value}, visit);
}

static void ofTree(const Expr &expr, Visit visit) {
  switch (expr.kind) {
  case ExprKind::TreePart:
    return all({llvm::cast<core::TreePart>(expr).tree}, visit);
  case ExprKind::Leaf:
    return all({llvm::cast<core::Leaf>(expr).tree}, visit);
  case ExprKind::TreeOf:
    return all(llvm::cast<core::TreeOf>(expr).elements, visit);
  case ExprKind::TreeArith:
    return all(llvm::cast<core::TreeArith>(expr).operands, visit);
  case ExprKind::TreeFold:
    return all(llvm::cast<core::TreeFold>(expr).operands, visit);
  case ExprKind::Filtered:
    return all({llvm::cast<core::Filtered>(expr).tree}, visit);
  default:
    return; // leaves
  }
}

static void ofCall(const Expr &expr, Visit visit) {
  if (auto *call = llvm::dyn_cast<core::Call>(&expr)) {
    all({call->tree}, visit);
    all(call->args, visit);
    all(call->captures, visit);
  } else if (auto *copies = llvm::dyn_cast<core::Copies>(&expr)) {
    all({copies->tree, copies->input, copies->body}, visit);
  } else if (auto *derived = llvm::dyn_cast<core::Derived>(&expr)) {
    all({derived->tree, derived->run}, visit);
    all(derived->args, visit);
    all(derived->captures, visit);
  } else if (auto *gradient = llvm::dyn_cast<core::Gradient>(&expr)) {
    all({gradient->of, gradient->wrt}, visit);
  } else if (auto *forward = llvm::dyn_cast<core::Pushforward>(&expr)) {
    all({forward->of, forward->wrt, forward->tangent}, visit);
  } else if (auto *trained = llvm::dyn_cast<core::Trained>(&expr)) {
    all({trained->tree, trained->loss}, visit);
  }
}

static void ofIndexed(const Expr &expr, Visit visit) {
  if (auto *tabulate = llvm::dyn_cast<core::Tabulate>(&expr)) {
    all({tabulate->body}, visit);
  } else if (auto *element = llvm::dyn_cast<core::Element>(&expr)) {
    all({element->base, element->otherwise}, visit);
    subscripts(element->subscripts, visit);
  } else if (auto *fold = llvm::dyn_cast<core::Fold>(&expr)) {
    all({fold->where, fold->body}, visit);
  } else if (auto *softmax = llvm::dyn_cast<core::SoftmaxAt>(&expr)) {
    all({softmax->where, softmax->body}, visit);
  } else if (auto *mask = llvm::dyn_cast<core::MaskAt>(&expr)) {
    all({mask->value}, visit);
  }
}

void forEachOperand(const Expr &expr, Visit visit) {
  switch (expr.kind) {
  case ExprKind::Elementwise:
    return all(llvm::cast<core::Elementwise>(expr).operands, visit);
  case ExprKind::Choice: {
    auto &choice = llvm::cast<core::Choice>(expr);
    return all({choice.condition, choice.yes, choice.no}, visit);
  }
  case ExprKind::Convert:
    return all({llvm::cast<core::Convert>(expr).operand}, visit);
  case ExprKind::Broadcast:
    return all({llvm::cast<core::Broadcast>(expr).operand}, visit);
  case ExprKind::Retype:
    return all({llvm::cast<core::Retype>(expr).operand}, visit);
  case ExprKind::Reduce:
    return all({llvm::cast<core::Reduce>(expr).operand}, visit);
  case ExprKind::MatMul: {
    auto &matmul = llvm::cast<core::MatMul>(expr);
    return all({matmul.left, matmul.right}, visit);
  }
  case ExprKind::Structured:
    return all(llvm::cast<core::Structured>(expr).operands, visit);
  case ExprKind::Join:
    return all(llvm::cast<core::Join>(expr).operands, visit);
  case ExprKind::Split:
    return all({llvm::cast<core::Split>(expr).operand}, visit);
  case ExprKind::Stack:
    return all(llvm::cast<core::Stack>(expr).operands, visit);
  case ExprKind::Tuple:
    return all(llvm::cast<core::Tuple>(expr).elements, visit);
  case ExprKind::TupleElement:
    return all({llvm::cast<core::TupleElement>(expr).operand}, visit);
  case ExprKind::Block:
    return all({llvm::cast<core::Block>(expr).result}, visit);
  case ExprKind::Loop:
    return ofLoop(llvm::cast<core::Loop>(expr), visit);
  case ExprKind::Stop:
    return all({llvm::cast<core::Stop>(expr).operand}, visit);
  case ExprKind::Total:
    return all({llvm::cast<core::Total>(expr).operand}, visit);
  case ExprKind::Draw:
    return all(llvm::cast<core::Draw>(expr).params, visit);
  case ExprKind::Tabulate:
  case ExprKind::Element:
  case ExprKind::Fold:
  case ExprKind::SoftmaxAt:
  case ExprKind::MaskAt:
    return ofIndexed(expr, visit);
  case ExprKind::Call:
  case ExprKind::Copies:
  case ExprKind::Derived:
  case ExprKind::Gradient:
  case ExprKind::Pushforward:
  case ExprKind::Trained:
    return ofCall(expr, visit);
  default:
    return ofTree(expr, visit);
  }
}

llvm::ArrayRef<core::Stmt *> getLines(const Expr &expr) {
  if (auto *block = llvm::dyn_cast<core::Block>(&expr))
    return block->statements;
  if (auto *loop = llvm::dyn_cast<core::Loop>(&expr))
    return loop->body;
  return {};
}

static void ofLines(llvm::ArrayRef<core::Stmt *> lines, Visit visit) {
  for (core::Stmt *stmt : lines)
    forEachOperand(*stmt, visit);
}

void forEachOperand(const core::Stmt &stmt, Visit visit) {
  if (auto *let = llvm::dyn_cast<core::Let>(&stmt)) {
    all({let->value}, visit);
  } else if (auto *update = llvm::dyn_cast<core::Update>(&stmt)) {
    all({update->place, update->value}, visit);
  } else if (auto *guarded = llvm::dyn_cast<core::Guarded>(&stmt)) {
    all({guarded->condition}, visit);
    ofLines(guarded->statements, visit);
  } else if (auto *check = llvm::dyn_cast<core::Assert>(&stmt)) {
    all({check->actual, check->wanted, check->tolerance}, visit);
  } else if (auto *batch = llvm::dyn_cast<core::Batch>(&stmt)) {
    all({batch->by}, visit);
  } else if (auto *minimize = llvm::dyn_cast<core::Minimize>(&stmt)) {
    all({minimize->loss}, visit);
  } else if (auto *repeat = llvm::dyn_cast<core::RepeatSteps>(&stmt)) {
    ofLines(repeat->statements, visit);
  }
}

} // namespace lamina::sema
