// SPDX-License-Identifier: Apache-2.0
//
// A report in two parts.
//
// Of another split a report is computed batch by batch up to its outermost
// sums, means and counts, and once from there on.

#ifndef LAMINA_FRONTEND_SEMA_REPORTCUT_H
#define LAMINA_FRONTEND_SEMA_REPORTCUT_H

#include "frontend/Core/Program.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace lamina::sema {

class ReportCut {
public:
  ReportCut(core::Program &program, core::ReportPlan &plan);

  /// Fills parts, after and result for the value `expr` of plan.body. Returns
  /// the place of what cannot be taken of a split, or no place.
  Range cut(core::Expr *expr);

  /// Whether the value differs from batch to batch.
  bool depends(const core::Expr *expr);

private:
  core::Expr *rewrite(core::Expr *expr);
  core::Expr *rewriteLocal(core::LocalRef *ref);
  core::Expr *rewriteReduce(core::Reduce *reduce);
  core::Expr *rewriteFold(core::Fold *fold);
  core::Expr *addPart(core::ReportPlan::Part::Kind kind, core::Expr *value,
                      core::Expr *weight, Range range);
  core::Expr *tabulate(core::Fold *fold, core::Expr *body);
  core::Expr *real(core::Expr *expr);
  core::Expr *as(const core::Type &type, core::Expr *whole);
  core::Expr *fail(const core::Expr *expr) {
    if (!failed)
      failed = expr->range;
    return nullptr;
  }
  core::Expr *rewriteOperands(core::Expr *expr);

  core::Program &program;
  core::ReportPlan &plan;
  llvm::DenseMap<const core::Local *, core::Let *> lets; ///< of plan.body
  llvm::DenseSet<const core::Local *> fields;            ///< of the batch
  llvm::DenseMap<const core::Local *, bool> localDepends;
  llvm::DenseMap<const core::Local *, core::Expr *> rewritten;
  Range failed;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_REPORTCUT_H
