// SPDX-License-Identifier: Apache-2.0
//
// A report in two parts.
//
// Works on Core, where functions are written out: `exp(loss)` with `loss =
// mean(…)` is an elementwise node above a reduction. What does not depend on
// the batch is used on both sides as it is.

#include "frontend/Sema/ReportCut.h"

#include "frontend/Core/Walk.h"

#include "llvm/Support/Casting.h"

namespace lamina::sema {

using core::Expr;
using core::FoldKind;
using Part = core::ReportPlan::Part;

ReportCut::ReportCut(core::Program &program, core::ReportPlan &plan)
    : program(program), plan(plan) {
  for (core::Stmt *stmt : plan.body) {
    if (auto *let = llvm::dyn_cast<core::Let>(stmt))
      lets[let->local] = let;
    if (auto *batch = llvm::dyn_cast<core::Batch>(stmt))
      fields.insert(batch->fields.begin(), batch->fields.end());
  }
}

bool ReportCut::depends(const Expr *expr) {
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr)) {
    if (fields.contains(ref->local))
      return true;
    auto known = localDepends.find(ref->local);
    if (known != localDepends.end())
      return known->second;
    core::Let *let = lets.lookup(ref->local);
    localDepends[ref->local] = false; // carries of a loop name themselves
    bool result = let && depends(let->value);
    return localDepends[ref->local] = result;
  }
  // A size of the batch differs from batch to batch.
  bool found = false;
  forEachPart(*expr, [&](Expr *part) { found |= depends(part); });
  return found;
}

//===-- Parts -------------------------------------------------------------===//

Expr *ReportCut::addPart(Part::Kind kind, Expr *value, Expr *weight,
                         Range range) {
  Part part;
  part.kind = kind;
  part.value = value;
  part.weight = weight;
  part.whole =
      program.makeLocal(core::Local::Value, "whole", core::Type::real(), range);
  plan.parts.push_back(part);
  auto *ref = program.make<core::LocalRef>(part.whole->type, range);
  ref->local = part.whole;
  return ref;
}

Expr *ReportCut::real(Expr *expr) {
  if (!expr->type.isTensor() || expr->type.elem.isReal())
    return expr;
  core::Type type = expr->type;
  type.elem = {};
  auto *node = program.make<core::Convert>(type, expr->range);
  node->operand = expr;
  return node;
}

Expr *ReportCut::rewriteReduce(core::Reduce *reduce) {
  if (reduce->type.rank() != 0)
    return fail(reduce);
  switch (reduce->fold) {
  case FoldKind::Sum:
    return as(reduce->type, addPart(Part::Sum, real(reduce->operand), nullptr,
                                    reduce->range));
  case FoldKind::Mean:
    return addPart(Part::Mean, real(reduce->operand), nullptr, reduce->range);
  case FoldKind::Count:
    return as(reduce->type,
              addPart(Part::Count, reduce->operand, nullptr, reduce->range));
  default:
    return fail(reduce);
  }
}

/// What is added up over a split is real; around it stands what the reduction
/// gave, a whole number for a count.
Expr *ReportCut::as(const core::Type &type, Expr *whole) {
  if (!type.elem.isWhole())
    return whole;
  auto *node = program.make<core::Convert>(type, whole->range);
  node->operand = whole;
  return node;
}

/// The tensor of what a reduction by element goes through.
Expr *ReportCut::tabulate(core::Fold *fold, Expr *body) {
  core::Type type = body->type;
  llvm::SmallVector<core::Axis, 4> axes;
  for (core::IndexVar *index : fold->indices)
    axes.push_back({index->extent, index->name});
  axes.append(type.axes.begin(), type.axes.end());
  type.axes = axes;
  auto *node = program.make<core::Tabulate>(type, fold->range);
  for (core::IndexVar *index : fold->indices)
    node->groups.push_back({index});
  node->body = body;
  return node;
}

Expr *ReportCut::rewriteFold(core::Fold *fold) {
  if (fold->type.rank() != 0)
    return fail(fold);
  Expr *body = fold->body ? fold->body : fold->where;
  bool isCount = fold->fold == FoldKind::Count;
  bool isMean = fold->fold == FoldKind::Mean;
  if (!body || (!isCount && !isMean && fold->fold != FoldKind::Sum))
    return fail(fold);
  if (isCount && fold->where && fold->body) {
    auto *both = program.make<core::Elementwise>(fold->body->type, fold->range);
    both->primitive = core::Primitive::And;
    both->operands = {fold->where, fold->body};
    both->alignments.resize(2);
    body = both;
  } else if (!isCount && fold->where) {
    // Of a mean too: the part's value is added up as it is.
    auto *zero = program.make<core::Constant>(core::Type::real(), fold->range);
    zero->values = {0};
    auto *choice = program.make<core::Choice>(core::Type::real(), fold->range);
    choice->condition = fold->where;
    choice->yes = real(fold->body);
    choice->no = zero;
    body = choice;
  }
  if (body->type.rank() != 0)
    return fail(fold);
  if (isMean)
    return addPart(Part::Mean, tabulate(fold, real(body)),
                   fold->where ? tabulate(fold, fold->where) : nullptr,
                   fold->range);
  return as(fold->type, addPart(isCount ? Part::Count : Part::Sum,
                                tabulate(fold, isCount ? body : real(body)),
                                nullptr, fold->range));
}

//===-- What stands around ------------------------------------------------===//

Expr *ReportCut::rewriteLocal(core::LocalRef *ref) {
  auto known = rewritten.find(ref->local);
  if (known != rewritten.end())
    return known->second;
  core::Let *let = lets.lookup(ref->local);
  if (!let)
    return ref;
  Expr *value = rewrite(let->value);
  if (!value)
    return nullptr;
  if (!llvm::isa<core::LocalRef>(value)) {
    core::Local *local = program.makeLocal(core::Local::Value, let->local->name,
                                           value->type, let->range);
    auto *made = program.makeStmt<core::Let>(let->range);
    made->local = local;
    made->value = value;
    plan.after.push_back(made);
    auto *name = program.make<core::LocalRef>(value->type, let->range);
    name->local = local;
    value = name;
  }
  return rewritten[ref->local] = value;
}

static core::Elementwise *copyOf(core::Program &program,
                                 const core::Elementwise &node) {
  auto *made = program.make<core::Elementwise>(node.type, node.range);
  made->primitive = node.primitive;
  made->operands = node.operands;
  made->alignments = node.alignments;
  return made;
}

static core::Choice *copyOf(core::Program &program, const core::Choice &node) {
  auto *made = program.make<core::Choice>(node.type, node.range);
  made->condition = node.condition;
  made->yes = node.yes;
  made->no = node.no;
  made->conditionAlignment = node.conditionAlignment;
  made->yesAlignment = node.yesAlignment;
  made->noAlignment = node.noAlignment;
  return made;
}

/// The node again over rewritten operands.
Expr *ReportCut::rewriteOperands(Expr *expr) {
  bool isWhole = true;
  auto replace = [&](Expr *&operand) {
    if (!operand)
      return;
    operand = rewrite(operand);
    isWhole &= operand != nullptr;
  };
  Expr *result = nullptr;
  if (auto *node = llvm::dyn_cast<core::Elementwise>(expr)) {
    auto *made = copyOf(program, *node);
    for (Expr *&operand : made->operands)
      replace(operand);
    result = made;
  } else if (auto *node = llvm::dyn_cast<core::Choice>(expr)) {
    auto *made = copyOf(program, *node);
    replace(made->condition);
    replace(made->yes);
    replace(made->no);
    result = made;
  } else if (auto *node = llvm::dyn_cast<core::Convert>(expr)) {
    auto *made = program.make<core::Convert>(expr->type, expr->range);
    made->operand = node->operand;
    replace(made->operand);
    result = made;
  } else if (auto *node = llvm::dyn_cast<core::Retype>(expr)) {
    Expr *operand = node->operand;
    replace(operand);
    return operand;
  } else {
    return fail(expr);
  }
  return isWhole ? result : nullptr;
}

Expr *ReportCut::rewrite(Expr *expr) {
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr))
    return fields.contains(ref->local) ? fail(expr) : rewriteLocal(ref);
  if (!depends(expr))
    // Names inside are of the batch's part; those it needs are made again.
    return llvm::isa<core::Constant, core::ScalarRef>(expr)
               ? expr
               : rewriteOperands(expr);
  if (auto *reduce = llvm::dyn_cast<core::Reduce>(expr))
    return rewriteReduce(reduce);
  if (auto *fold = llvm::dyn_cast<core::Fold>(expr))
    return rewriteFold(fold);
  if (auto *block = llvm::dyn_cast<core::Block>(expr)) {
    for (core::Stmt *stmt : block->statements)
      if (auto *let = llvm::dyn_cast<core::Let>(stmt)) {
        lets[let->local] = let;
        plan.body.push_back(let);
      }
    return rewrite(block->result);
  }
  return rewriteOperands(expr);
}

Range ReportCut::cut(Expr *expr) {
  plan.result = rewrite(expr);
  return plan.result ? Range() : failed;
}

} // namespace lamina::sema
