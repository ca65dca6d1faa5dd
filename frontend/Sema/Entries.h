// SPDX-License-Identifier: Apache-2.0
//
// Data, optimizers and program entries.
//
// What phase 4 does with the declarations that make a program: values of data,
// optimizers and groups when a name of theirs is reached (Session::lookUp), and
// the entries themselves, in source order (analyse). Whatever is wrong has been
// reported when a function returns; it then leaves nothing in the program.

#ifndef LAMINA_FRONTEND_SEMA_ENTRIES_H
#define LAMINA_FRONTEND_SEMA_ENTRIES_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

//===-- Values of declarations
//---------------------------------------------===//

/// `data name …`: Value::Data, its plan in the program (DataPlans.cpp).
Value dataValue(Evaluator &evaluator, FileScope &file,
                const ast::DataDecl &decl, Symbol name);
/// The plan that an expression names; null after a diagnostic.
core::DataPlan *dataPlanOf(Evaluator &evaluator, const ast::Expr *expr);
/// `optimizer …`: Value::Stage, or for `= pipeline` without settings a
/// Value::Pipeline (Optimizers.cpp).
Value optimizerValue(Evaluator &evaluator, FileScope &file,
                     const ast::OptimizerDecl &decl);
/// `group … = …`: Value::Group (Groups.cpp).
Value groupValue(Evaluator &evaluator, FileScope &file,
                 const ast::GroupDecl &decl);

/// A group as written after `on` and `over`; null after a diagnostic.
std::shared_ptr<const GroupExpr> groupOf(Evaluator &evaluator,
                                         const ast::Expr *expr);
/// Is a weight in the group? `field` paths are compared by prefix.
bool isInGroup(const GroupExpr &group, const core::WeightLeaf &leaf);
/// Reports patterns of the group that fit no weight (group.c1).
void reportEmptyGroups(Evaluator &evaluator, const GroupExpr &group,
                       llvm::ArrayRef<core::WeightLeaf> leaves);

//===-- Pipelines (Optimizers.cpp)
//-----------------------------------------===//

/// `a | b on g` as a Value::Pipeline; evaluates the stages in the current
/// scope.
Value pipelineValue(Evaluator &evaluator, const ast::PipelineExpr &expr);
/// The pipeline `rule` (a stage, a pipeline, or `name: rule` of `trained`) on
/// the params below `tree` that are in `over` (null: all). Its rows are made by
/// settleEntries. Null after a diagnostic.
core::PipelineInstance *makePipeline(Evaluator &evaluator, const Value &rule,
                                     core::Expr *tree,
                                     std::shared_ptr<const GroupExpr> over,
                                     Range range);

/// A size of the program, with no bound but memory.
Dim addSize(Evaluator &evaluator, Symbol name, int64_t low, int64_t usual,
            Range range);

//===-- Entries
//--------------------------------------------------------------===//

/// There is one evaluator a session; it stands in no scope when these are
/// called.
void evaluateTrain(Evaluator &evaluator, FileScope &file,
                   const ast::TrainDecl &decl);
/// Whether no other command of the program has this name; false after a
/// diagnostic.
bool isCommandFree(Evaluator &evaluator, Symbol name, Range range);

/// Does nothing for a sample with settings that only its callers can give.
void evaluateSample(Evaluator &evaluator, FileScope &file,
                    const ast::FunctionDecl &decl);
void evaluateTest(Evaluator &evaluator, FileScope &file,
                  const ast::TestDecl &decl);

/// Phase 5 for entries, after the members of all layers are settled: rows of
/// pipelines, which need every weight with its size.
void settleEntries(Session &session);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_ENTRIES_H
