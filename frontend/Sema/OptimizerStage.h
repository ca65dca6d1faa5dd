// SPDX-License-Identifier: Apache-2.0
//
// One stage for one type of weight.

#ifndef LAMINA_FRONTEND_SEMA_OPTIMIZERSTAGE_H
#define LAMINA_FRONTEND_SEMA_OPTIMIZERSTAGE_H

#include "frontend/Sema/Entries.h"

namespace lamina::sema {

/// A stage of a pipeline with its settings and the weights it is for.
struct FlatStage {
  const ast::OptimizerDecl *decl = nullptr;
  Scope *settings = nullptr; ///< every setting bound; inside it the file
  std::shared_ptr<const GroupExpr> group; ///< null: all
  Range range;
};

/// The stage for weights of `type` (one copy); equal ones are shared. Null
/// after a diagnostic, which names `weight`.
core::StageInstance *stageFor(Evaluator &evaluator, const FlatStage &stage,
                              const core::Type &type, llvm::StringRef weight);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_OPTIMIZERSTAGE_H
