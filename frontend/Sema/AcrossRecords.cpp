// SPDX-License-Identifier: Apache-2.0
//
// What compares records of a batch with each other.
//
// Goes through the lines that a report's parts are made of. A layer that is
// called is taken as it is: it is called on a batch, in training too.

#include "frontend/Sema/AcrossRecords.h"

#include "frontend/Core/Walk.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Casting.h"

namespace lamina::sema {

using core::Expr;
using core::IndexVar;
using core::StructuredKind;
using core::Subscript;

AcrossRecords::AcrossRecords(const core::ReportPlan &plan) : plan(plan) {
  for (const core::Stmt *stmt : plan.body)
    if (auto *batch = llvm::dyn_cast<core::Batch>(stmt))
      if (batch->count) // else the batch is the split
        rows.insert(batch->rows.atom());
  addLines(plan.body);
}

void AcrossRecords::addLines(llvm::ArrayRef<core::Stmt *> lines) {
  for (const core::Stmt *stmt : lines)
    if (auto *let = llvm::dyn_cast<core::Let>(stmt))
      lets[let->local] = let->value;
}

bool AcrossRecords::isOfRecords(core::Dim extent) const {
  if (!extent)
    return false;
  core::Dim size = extent.size();
  return llvm::any_of(size.context().atoms(size), [&](const core::Atom *atom) {
    return rows.contains(atom);
  });
}

/// A read at anything but the index of its own record.
bool AcrossRecords::readsAcross(const core::Element &element) const {
  auto isOwn = [&](const Subscript &subscript) {
    const core::Atom *atom = subscript.kind == Subscript::Linear
                                 ? subscript.position.atom()
                                 : nullptr;
    return atom && atom->kind == core::Atom::Index &&
           isOfRecords(static_cast<const IndexVar *>(atom->owner)->extent);
  };
  for (auto [axis, subscript] :
       llvm::zip(element.base->type.axes, element.subscripts))
    if (isOfRecords(axis.dim) && subscript.kind != Subscript::All &&
        !isOwn(subscript) && llvm::none_of(subscript.parts, isOwn))
      return true;
  return false;
}

static bool worksAlongAxis(StructuredKind kind) {
  return kind == StructuredKind::Sort || kind == StructuredKind::Top ||
         kind == StructuredKind::Reverse;
}

bool AcrossRecords::isAcross(const Expr *expr) const {
  auto isIndex = [&](const IndexVar *index) {
    return isOfRecords(index->extent);
  };
  auto isAxis = [&](const core::Axis &axis) { return isOfRecords(axis.dim); };
  if (expr->type.isTensor() && llvm::count_if(expr->type.axes, isAxis) > 1)
    return true; // pairs
  if (auto *size = llvm::dyn_cast<core::SizeOf>(expr))
    return isOfRecords(size->dim);
  if (auto *reduce = llvm::dyn_cast<core::Reduce>(expr))
    return llvm::any_of(reduce->axes, [&](unsigned axis) {
      return isAxis(reduce->operand->type.axes[axis]);
    });
  if (auto *fold = llvm::dyn_cast<core::Fold>(expr))
    return llvm::any_of(fold->indices, isIndex);
  if (auto *softmax = llvm::dyn_cast<core::SoftmaxAt>(expr))
    return isIndex(softmax->index);
  if (auto *product = llvm::dyn_cast<core::MatMul>(expr))
    return isAxis(product->left->type.axes.back());
  if (auto *loop = llvm::dyn_cast<core::Loop>(expr))
    return isIndex(loop->index);
  if (auto *element = llvm::dyn_cast<core::Element>(expr))
    return readsAcross(*element);
  if (auto *tabulate = llvm::dyn_cast<core::Tabulate>(expr)) {
    unsigned count = 0;
    for (const auto &group : tabulate->groups)
      count += llvm::count_if(group, isIndex);
    return count > 1;
  }
  if (auto *node = llvm::dyn_cast<core::Structured>(expr)) {
    if (!worksAlongAxis(node->structured))
      return false;
    const core::Type &type = node->operands[0]->type;
    int axis = node->axis < 0 ? node->axis + int(type.rank()) : node->axis;
    return isAxis(type.axes[axis]);
  }
  return false;
}

const Expr *AcrossRecords::findIn(const Expr *expr) {
  if (!seen.insert(expr).second)
    return nullptr;
  if (isAcross(expr))
    return expr;
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr)) {
    const Expr *value = lets.lookup(ref->local);
    return value ? findIn(value) : nullptr;
  }
  addLines(getLines(*expr));
  const Expr *found = nullptr;
  auto visit = [&](const Expr *operand) {
    if (!found)
      found = findIn(operand);
  };
  if (auto *gradient = llvm::dyn_cast<core::Gradient>(expr)) {
    // The gradient of a sum by what each record holds is of each record.
    const Expr *of = gradient->of;
    while (auto *ref = llvm::dyn_cast<core::LocalRef>(of)) {
      const Expr *value = lets.lookup(ref->local);
      if (!value)
        break;
      of = value;
    }
    auto *sum = llvm::dyn_cast<core::Reduce>(of);
    visit(sum && sum->fold == core::FoldKind::Sum ? sum->operand : of);
    visit(gradient->wrt);
    return found;
  }
  forEachOperand(*expr, visit);
  return found;
}

const Expr *AcrossRecords::find() {
  for (const core::ReportPlan::Part &part : plan.parts)
    for (const Expr *expr : {part.value, part.weight})
      if (expr)
        if (const Expr *found = findIn(expr))
          return found;
  return nullptr;
}

} // namespace lamina::sema
