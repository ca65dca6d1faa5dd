// SPDX-License-Identifier: Apache-2.0
//
// What a train body reports.
//
// A report of another split evaluates again the lines that it needs, on that
// split's batches and with the weights as they are for evaluation.

#include "frontend/Sema/AcrossRecords.h"
#include "frontend/Sema/Mentions.h"
#include "frontend/Sema/ReportCut.h"
#include "frontend/Sema/TrainBuilder.h"

namespace lamina::sema {

/// The lines above that the report's value is made of, and those that take
/// batches, in their order.
std::vector<const ast::Stmt *>
StageRunner::linesFor(const ast::ReportStmt &stmt) {
  std::set<llvm::StringRef> needed;
  addMentions(stmt.value, needed);
  std::vector<const ast::Stmt *> found;
  for (const ast::Stmt *line : llvm::reverse(lines)) {
    llvm::SetVector<llvm::StringRef> defined;
    addDefinitions(line, defined);
    bool isNeeded = llvm::any_of(
        defined, [&](llvm::StringRef name) { return needed.count(name) != 0; });
    if (isNeeded)
      addMentions(line, needed);
    if (isNeeded || llvm::isa<ast::TakeStmt>(line))
      found.push_back(line);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

static Dim rowsOf(const core::ReportPlan &plan) {
  for (const core::Stmt *stmt : plan.body)
    if (auto *batch = llvm::dyn_cast<core::Batch>(stmt))
      return batch->rows;
  llvm_unreachable("a report of a split takes its batches");
}

/// What compares records with each other sees those of one batch only.
void StageRunner::warnAcross(const ast::ReportStmt &stmt,
                             const core::Expr *across) {
  Diagnostic &d = e.report(
      Rule::report_w1, stmt.value->range,
      "this compares records with each other, and is computed within each "
      "batch of " +
          llvm::Twine(batchCount) + " and not over the split");
  if (across->range && across->range != stmt.value->range &&
      !e.session.sources.isLibrary(e.session.sources.getFile(across->range)))
    d.note(across->range, "records of one batch meet here");
  d.note("make it a 'metric' of values that each record has for itself: it "
         "sees the whole split");
}

/// The column of the whole split that the batches' `values` are appended to.
static Value addColumn(Evaluator &e, core::ReportPlan &plan, core::Expr *values,
                       Dim records, Range range) {
  core::ReportPlan::Part part;
  part.kind = core::ReportPlan::Part::Append;
  part.value = values;
  core::Type type = values->type;
  type.axes[0] = {records, type.axes[0].name};
  part.whole = e.program.makeLocal(core::Local::Value, "whole", type, range);
  plan.parts.push_back(part);
  auto *ref = e.program.make<core::LocalRef>(type, range);
  ref->local = part.whole;
  return e.runTimeValue(ref);
}

/// Every call of a metric takes whole columns of the split.
bool StageRunner::appendMetric(const ast::ReportStmt &stmt,
                               core::ReportPlan &plan) {
  auto *call = llvm::dyn_cast<ast::CallExpr>(stmt.value);
  if (!call)
    return false;
  Value callee = e.evaluate(call->callee);
  bool isMetric =
      callee.kind == Value::Function && callee.callable &&
      callee.callable->kind == Callable::Function &&
      callee.callable->function->functionKind == ast::FunctionKind::Metric;
  if (!isMetric)
    return false;
  Args args = e.arguments(call);
  Dim rows = rowsOf(plan).size();
  ReportCut batches(e.program, plan);
  Dim records = addSize(e, "records", 1, 1024, stmt.range);
  for (EvaluatedArg &arg : args) {
    // A weight is the same at the end; a line above is of the batch's entry.
    if (!arg.value.isRunTime() || (!llvm::isa<core::LocalRef>(arg.value.expr) &&
                                   !batches.depends(arg.value.expr)))
      continue;
    // Only what has the records in front can be put behind each other.
    const core::Type &given = arg.value.expr->type;
    if (!given.isTensor() || given.rank() == 0 ||
        !llvm::is_contained(e.dims.atoms(given.axes[0].size()), rows.atom()))
      return false;
    core::Expr *expr = e.named("", arg.value, arg.range).expr;
    arg.value = addColumn(e, plan, expr, records, arg.range);
  }
  llvm::SaveAndRestore<Statements *> after(e.statements, &plan.after);
  Value value = e.apply(callee, std::move(args), stmt.value->range);
  plan.result = value.isError() ? nullptr : e.runTime(value, stmt.value->range);
  return plan.result != nullptr;
}

bool StageRunner::splitReport(const ast::ReportStmt &stmt,
                              core::ReportPlan &plan, Value value) {
  core::Expr *expr =
      value.isError() ? nullptr : e.runTime(value, stmt.value->range);
  if (!expr || expr->type.isError())
    return false;
  if (!expr->type.isScalar()) {
    e.report(Rule::report_c1, stmt.value->range,
             "a report is one number, and this is " + expr->type.str());
    return false;
  }
  Range place = ReportCut(e.program, plan).cut(expr);
  const core::Expr *across = plan.result ? AcrossRecords(plan).find() : nullptr;
  if (plan.result && !across)
    return true;
  core::ReportPlan byBatch = plan;
  plan.parts.clear();
  plan.after.clear();
  if (appendMetric(stmt, plan)) {
    if (const core::Expr *inside = AcrossRecords(plan).find())
      warnAcross(stmt, inside);
    return true;
  }
  if (across) {
    plan = std::move(byBatch);
    warnAcross(stmt, across);
    return true;
  }
  Diagnostic &d =
      e.report(Rule::report_c2, stmt.value->range,
               "of another split only means, sums, counts and metrics can be "
               "taken");
  if (place && place != stmt.value->range &&
      !e.session.sources.isLibrary(e.session.sources.getFile(place)))
    d.note(place, "this is of one batch");
  d.note("make it a 'metric': it sees the whole split");
  return false;
}

bool StageRunner::reportOn(const ast::ReportStmt &stmt,
                           core::ReportPlan &plan) {
  plan.on = planOf(stmt.on);
  if (!plan.on)
    return false;
  FrameScope *inner = makeFrame();
  Context *own = e.session.make<Context>();
  Evaluator::Entry entry(e, own, inner, &plan.body);
  llvm::SaveAndRestore<unsigned> version(e.modelVersion, 0);
  e.drawPath.clear();
  openModel(*inner);
  auto bindAsItIs = [&](Symbol name) {
    if (Binding *bound = frame->find(name))
      inner->bind(name, bound->value, Binding::Name, bound->range);
  };
  for (auto &[name, state] : states)
    bindAsItIs(name);
  for (const ast::Stmt *line : lines)
    if (auto *local = llvm::dyn_cast<ast::FieldStmt>(line))
      for (const ast::Name &name : local->names)
        bindAsItIs(name.text);
  // Fields hide the names above them, and are hidden by those below.
  bool isTaken = false;
  auto take = [&] {
    if (!isTaken)
      batchOf(*plan.on, batchCount, stmt.range, {})->inOrder = true;
    isTaken = true;
  };
  std::vector<const ast::Stmt *> needed = linesFor(stmt);
  if (llvm::none_of(needed, llvm::IsaPred<ast::TakeStmt>))
    take();
  for (const ast::Stmt *line : needed)
    if (llvm::isa<ast::TakeStmt>(line))
      take();
    else
      e.statement(line);
  return splitReport(stmt, plan, e.evaluate(stmt.value));
}

/// `every 100`, `every epoch`; false after a diagnostic.
static bool readEvery(Evaluator &e, const ast::Expr *written,
                      core::ReportPlan &plan) {
  auto *word = llvm::dyn_cast<ast::NameExpr>(written);
  plan.everyEpoch = word && word->name == "epoch";
  if (plan.everyEpoch)
    return true;
  auto every =
      e.forceWhole(e.evaluate(written), written->range, "what follows 'every'");
  if (!every)
    return false;
  plan.every = *every;
  if (*every >= 1)
    return true;
  e.report(Rule::report_c1, written->range,
           "'every' counts steps from 1, and this is " + llvm::Twine(*every));
  return false;
}

void StageRunner::report(const ast::ReportStmt &stmt) {
  core::ReportPlan plan;
  plan.name = stmt.name ? stmt.name.text : e.program.intern(e.text(stmt.value));
  plan.range = stmt.name ? stmt.name.range : stmt.range;
  for (const core::ReportPlan &other : stage.reports)
    if (other.name == plan.name) {
      e.report(Rule::name_c2, plan.range,
               "two reports of this stage are called '" + plan.name + "'")
          .note(other.range, "the other is here");
      return fail();
    }
  if (stmt.every && !readEvery(e, stmt.every, plan))
    return fail();
  if (stmt.on) {
    if (!reportOn(stmt, plan))
      return fail();
    stage.reports.push_back(std::move(plan));
    return;
  }
  Value value = e.evaluate(stmt.value);
  core::Expr *expr =
      value.isError() ? nullptr : e.runTime(value, stmt.value->range);
  if (!expr || expr->type.isError())
    return fail();
  if (!expr->type.isScalar()) {
    e.report(Rule::report_c1, stmt.value->range,
             "a report is one number, and this is " + expr->type.str());
    return fail();
  }
  plan.result = e.named(plan.name, e.runTimeValue(expr), stmt.range).expr;
  stage.reports.push_back(std::move(plan));
}

} // namespace lamina::sema
