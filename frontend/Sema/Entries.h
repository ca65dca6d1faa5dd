//===- Entries.h - Data, optimizers and program entries --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0
//
// What phase 4 does with the declarations that make a program: values of data,
// optimizers and groups when a name of theirs is reached (Session::lookUp), and
// the entries themselves, in source order (analyse). Whatever is wrong has been
// reported when a function returns; it then leaves nothing in the program.
//
//===----------------------------------------------------------------------===//

#ifndef LAMINA_FRONTEND_SEMA_ENTRIES_H
#define LAMINA_FRONTEND_SEMA_ENTRIES_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

//===-- Values of declarations ---------------------------------------------===//

/// `data name …`: Value::Data, its plan in the program (DataPlans.cpp).
Value dataValue(Evaluator &evaluator, FileScope &file, const ast::DataDecl &decl,
                Symbol name);
/// `optimizer …`: Value::Stage, or for `= pipeline` without settings a
/// Value::Pipeline (Optimizers.cpp).
Value optimizerValue(Evaluator &evaluator, FileScope &file,
                     const ast::OptimizerDecl &decl);
/// `group … = …`: Value::Group (Groups.cpp).
Value groupValue(Evaluator &evaluator, FileScope &file, const ast::GroupDecl &decl);

/// A group as written after `on` and `over`; null after a diagnostic.
std::shared_ptr<const GroupExpr> groupOf(Evaluator &evaluator, const ast::Expr *expr);
/// Is a weight in the group? `field` paths are compared by prefix.
bool isInGroup(const GroupExpr &group, const core::WeightLeaf &leaf);

//===-- Pipelines (Optimizers.cpp) -----------------------------------------===//

/// A pipeline as written after `with` for the weights `leaves` of `tree`; null
/// after a diagnostic.
core::PipelineInstance *
makePipeline(Evaluator &evaluator, const ast::Expr *pipeline, core::Expr *tree,
             llvm::ArrayRef<core::WeightLeaf> leaves, Range range);
/// The same from a value (`trained(…, rule: …)`).
core::PipelineInstance *
makePipeline(Evaluator &evaluator, const Value &pipeline, core::Expr *tree,
             llvm::ArrayRef<core::WeightLeaf> leaves, Range range);

//===-- Entries --------------------------------------------------------------===//

void evaluateTrain(Session &session, FileScope &file, const ast::TrainDecl &decl);
void evaluateSample(Session &session, FileScope &file, const ast::FunctionDecl &decl);
void evaluateTest(Session &session, FileScope &file, const ast::TestDecl &decl);

/// Phase 5 for entries: pipelines whose model is complete only when every entry
/// was evaluated get their rows.
void settleEntries(Session &session);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_ENTRIES_H
