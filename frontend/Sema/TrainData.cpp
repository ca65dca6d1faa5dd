// SPDX-License-Identifier: Apache-2.0
//
// Batches of a train body.

#include "frontend/Sema/TrainBuilder.h"

namespace lamina::sema {

core::DataPlan *StageRunner::planOf(const ast::Expr *expr) {
  core::DataPlan *plan = dataPlanOf(e, expr);
  if (!plan)
    fail();
  return plan;
}

/// Fields as the nearest filter leaves them.
static llvm::ArrayRef<core::DataField> fieldsOf(core::DataPlan &plan) {
  return plan.fields.empty() && plan.of ? fieldsOf(*plan.of)
                                        : llvm::ArrayRef(plan.fields);
}

void StageRunner::bindFieldsInError(const ast::Expr *data, unsigned depth) {
  auto *name = llvm::dyn_cast<ast::NameExpr>(data);
  FileScope *file = e.currentFile();
  auto *decl = name ? llvm::dyn_cast_or_null<ast::DataDecl>(
                          e.session.findDecl(*file, name->name).second)
                    : nullptr;
  if (!decl || depth > 10) {
    e.scope->hasNamesInError = true;
    return;
  }
  e.scope->bind("batch", Value::error(data->range), Binding::Name, data->range);
  if (auto *call = llvm::dyn_cast_or_null<ast::CallExpr>(decl->value);
      call && !call->arguments.empty())
    return bindFieldsInError(call->arguments[0].value, depth + 1);
  e.scope->hasNamesInError = true;
  if (decl->lines)
    for (const ast::Stmt *line : decl->lines->statements)
      if (auto *define = llvm::dyn_cast<ast::DefineStmt>(line))
        for (const ast::Target &target : define->targets)
          e.scope->bind(target.name.text, Value::error(data->range),
                        Binding::Name, target.name.range);
}

/// Batches of one number of records are of one size, so that what is called on
/// them is the same instance.
static Dim rowsOf(Evaluator &e, core::DataPlan &declared, int64_t count,
                  Range range) {
  if (Dim ragged = e.session.raggedRows.lookup(&declared))
    return ragged;
  Dim &known = e.session.batchRows[count];
  if (!known || !count)
    known = addSize(e, "batch", 1, count ? count : 1024, range);
  return known;
}

core::Batch *StageRunner::batchOf(core::DataPlan &plan, int64_t count,
                                  Range range, ast::Name name) {
  core::DataPlan &declared = plan.declared();
  Dim rows = rowsOf(e, declared, count, range);
  declared.rows = rows;
  auto *batch = e.program.makeStmt<core::Batch>(range);
  batch->data = &plan;
  batch->rows = rows;
  batch->count = count;
  e.statements->push_back(batch);
  e.scope->bind("batch", Value::number(rows, range), Binding::Name, range);
  std::vector<Value> items;
  std::vector<Symbol> names;
  for (auto [i, field] : llvm::enumerate(declared.fields)) {
    field.used = true;
    core::Type type = fieldsOf(plan)[i].type;
    type.elem = e.filteredElem(plan, fieldsOf(plan)[i]);
    type.axes.insert(type.axes.begin(), {rows, "batch"});
    core::Local *local =
        e.program.makeLocal(core::Local::Field, field.name, type, field.range);
    batch->fields.push_back(local);
    auto *ref = e.program.make<core::LocalRef>(type, range);
    ref->local = local;
    Value value = e.runTimeValue(ref);
    items.push_back(value);
    names.push_back(field.name);
    if (!name)
      e.scope->bind(field.name, value, Binding::Name, range);
  }
  if (!name)
    for (auto [untyped, where] : declared.untyped)
      e.scope->untypedData[untyped] = where;
  if (name)
    e.scope->bind(name.text, e.tuple(std::move(items), std::move(names), range),
                  Binding::Name, name.range);
  return batch;
}

/// The records in a batch; none after a diagnostic.
static std::optional<int64_t> countOf(Evaluator &e, const ast::Expr *written) {
  auto count =
      e.forceWhole(e.evaluate(written), written->range, "the size of a batch");
  if (!count || *count >= 1)
    return count;
  e.report(Rule::data_c5, written->range,
           "a batch has at least one record, and this is " +
               llvm::Twine(*count));
  return std::nullopt;
}

/// The number that records are put together by, computed from the fields of one
/// record; null after a diagnostic.
static core::Expr *keyOf(Evaluator &e, FileScope *file, core::DataPlan &plan,
                         const ast::Expr *by) {
  FrameScope *record = e.session.make<FrameScope>(file);
  for (const core::DataField &field : plan.declared().fields) {
    auto *ref = e.program.make<core::LocalRef>(field.type, field.range);
    ref->local = field.local;
    record->bind(field.name, e.runTimeValue(ref), Binding::Name, field.range);
  }
  Statements inner;
  Evaluator::Entry entry(e, e.context, record, &inner);
  llvm::SaveAndRestore<bool> inData(e.inData, true);
  Value key = e.evaluate(by);
  core::Expr *expr = key.isError() ? nullptr : e.runTime(key, by->range);
  if (expr && expr->type.isScalar())
    return e.block(std::move(inner), expr, by->range);
  if (expr)
    e.report(Rule::data_c5, by->range,
             "records are put together by one number, and this is " +
                 key.describe());
  return nullptr;
}

void StageRunner::take(const ast::TakeStmt &stmt) {
  core::DataPlan *plan = planOf(stmt.data);
  if (!plan) {
    hasData = true;
    return bindFieldsInError(stmt.data);
  }
  auto count = stmt.batch ? countOf(e, stmt.batch) : std::optional<int64_t>(0);
  if (!count) {
    hasData = true;
    fail();
    return bindFieldsInError(stmt.data);
  }
  core::Batch *batch = batchOf(*plan, *count, stmt.range, stmt.name);
  batch->inOrder = stmt.inOrder;
  if (!hasData)
    batchCount = *count;
  hasData = true;
  if (!stmt.by)
    return;
  batch->by = keyOf(e, model.file, *plan, stmt.by);
  if (!batch->by)
    fail();
}

} // namespace lamina::sema
