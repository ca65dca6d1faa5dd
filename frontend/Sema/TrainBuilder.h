// SPDX-License-Identifier: Apache-2.0
//
// One stage of a train body.

#ifndef LAMINA_FRONTEND_SEMA_TRAINBUILDER_H
#define LAMINA_FRONTEND_SEMA_TRAINBUILDER_H

#include "frontend/Sema/Entries.h"

namespace lamina::sema {

/// A model that is trained, as train bodies see it.
struct TrainedModel {
  Value value; ///< Field of a TreeModel
  core::Model *model = nullptr;
  LayerState *state = nullptr;
  const ast::LayerDecl *decl = nullptr;
  FileScope *file = nullptr;
};

/// Evaluates the lines of one stage, from top to bottom.
class StageRunner {
public:
  StageRunner(Evaluator &e, const TrainedModel &model, core::TrainPlan &train,
              core::StagePlan &stage)
      : e(e), model(model), train(train), stage(stage) {}
  /// False after a diagnostic.
  bool run(llvm::ArrayRef<const ast::Stmt *> items);

private:
  void line(const ast::Stmt *stmt);
  bool item(const ast::Stmt *stmt);
  void take(const ast::TakeStmt &stmt);
  void minimize(const ast::MinimizeStmt &stmt);
  void repeat(const ast::RepeatStmt &stmt);
  void state(const ast::StateStmt &stmt);
  void treeState(const ast::Weight &weight, const Value &value);
  void tensorState(const ast::Weight &weight, const Value &value,
                   Statements inner);
  bool update(const ast::UpdateStmt &stmt);
  void keep(const ast::KeepStmt &stmt);
  void steps(const ast::StepsStmt &stmt);
  void checkEnd(Range range);

  // Reports.cpp
  void report(const ast::ReportStmt &stmt);
  bool reportOn(const ast::ReportStmt &stmt, core::ReportPlan &plan);
  std::vector<const ast::Stmt *> linesFor(const ast::ReportStmt &stmt);
  bool splitReport(const ast::ReportStmt &stmt, core::ReportPlan &plan,
                   Value value);
  bool appendMetric(const ast::ReportStmt &stmt, core::ReportPlan &plan);
  void warnAcross(const ast::ReportStmt &stmt, const core::Expr *across);

  FrameScope *makeFrame();
  /// Puts the current weights of the model in scope.
  void openModel(FrameScope &frame);
  core::DataPlan *planOf(const ast::Expr *expr);
  /// Fields of data in error are known, so that nothing more is said of them.
  void bindFieldsInError(const ast::Expr *data, unsigned depth = 0);
  /// The next batch of `plan`: a statement, its fields in scope.
  core::Batch *batchOf(core::DataPlan &plan, int64_t count, Range range,
                       ast::Name name);
  Value ruleOf(const ast::MinimizeStmt &stmt);
  void fail() { isFailed = true; }

  Evaluator &e;
  const TrainedModel &model;
  core::TrainPlan &train;
  core::StagePlan &stage;
  FrameScope *frame = nullptr;
  Context *context = nullptr;
  std::vector<const ast::Stmt *> lines; ///< run so far, for reports
  llvm::MapVector<Symbol, core::TrainState *> states;
  const ast::KeepStmt *kept = nullptr;
  int64_t batchCount = 0; ///< of the first batch, for reports
  bool hasData = false;
  bool isFailed = false;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_TRAINBUILDER_H
