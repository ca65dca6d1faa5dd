// SPDX-License-Identifier: Apache-2.0
//
// What compares records of a batch with each other.
//
// A report of another split adds up its parts batch by batch. That is right for
// what is of each record alone; of anything else a batch is not the split.

#ifndef LAMINA_FRONTEND_SEMA_ACROSSRECORDS_H
#define LAMINA_FRONTEND_SEMA_ACROSSRECORDS_H

#include "frontend/Core/Program.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace lamina::sema {

class AcrossRecords {
public:
  explicit AcrossRecords(const core::ReportPlan &plan);

  /// The first node that reduces, reads or pairs across records below the parts
  /// of the plan; null if each is of its records one by one.
  const core::Expr *find();
  /// The axis runs through the records of a batch.
  bool isOfRecords(core::Dim extent) const;

private:
  void addLines(llvm::ArrayRef<core::Stmt *> lines);
  const core::Expr *findIn(const core::Expr *expr);
  bool isAcross(const core::Expr *expr) const;
  bool readsAcross(const core::Element &element) const;

  const core::ReportPlan &plan;
  llvm::DenseSet<const core::Atom *> rows; ///< the sizes of its batches
  llvm::DenseMap<const core::Local *, const core::Expr *> lets;
  llvm::DenseSet<const core::Expr *> seen;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_ACROSSRECORDS_H
