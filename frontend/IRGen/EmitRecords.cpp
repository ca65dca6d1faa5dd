// SPDX-License-Identifier: Apache-2.0
//
// What the runtime asks of records.
//
// Two kinds of entries over the columns of a source: whether a record is kept
// (`where`, `filter`), and the bounds of ids that lines compute, which nothing
// but the data decides.

#include "dialects/Program/ProgramOps.h"
#include "frontend/IRGen/Entry.h"

using namespace mlir;

namespace lamina::irgen {

using core::DataPlan;

namespace {

class RecordEntry : public FeedingEntry {
public:
  RecordEntry(ModuleEmitter &module, StringRef name, Range range)
      : FeedingEntry(module, name, "record", range) {}

  /// Each value with the records of a batch in front, as a field of its name.
  FlatSymbolRefAttr
  emit(const DataPlan &plan,
       ArrayRef<std::pair<std::string, const core::Expr *>> values) {
    SmallVector<const core::Expr *> read;
    for (auto &[name, expr] : values)
      read.push_back(expr);
    Feed feed{module.datasetName(plan), nullptr};
    const core::IndexVar *index =
        openRecord(plan, plan.rows, feed, ArrayRef(read));
    for (auto &[name, expr] : values)
      result(emitter.align(emitter.emit(expr), {index}), "program.field", name);
    closeRecord();
    return finish();
  }
};

} // namespace

void ModuleEmitter::emitRecordEntries(const DataPlan &plan) {
  const DataPlan *declared = &plan; // which has the lines
  while (declared->of)
    declared = declared->of;
  if (!declared->rows)
    return; // nothing takes batches of it
  SmallVector<std::pair<std::string, const core::Expr *>> conditions, bounds;
  if (plan.keep)
    conditions.push_back({"kept", plan.keep});
  for (const core::Expr *condition : plan.recordConditions)
    conditions.push_back({"kept", condition});
  if (!plan.of)
    for (const core::DataField &field : plan.fields)
      if (field.lowest) {
        bounds.push_back({field.name.str(), field.lowest});
        bounds.push_back({field.name.str(), field.highest});
      }
  std::string name = datasetName(plan);
  RecordEntries &made = recordEntries[&plan];
  if (!conditions.empty())
    made.where = RecordEntry(*this, name + ".where", plan.range)
                     .emit(*declared, conditions);
  if (!bounds.empty())
    made.check =
        RecordEntry(*this, name + ".check", plan.range).emit(*declared, bounds);
}

void ModuleEmitter::addRecordEntries(
    const DataPlan &plan, SmallVectorImpl<NamedAttribute> &attributes) {
  OpBuilder builder = atEnd();
  const RecordEntries &made = recordEntries[&plan];
  if (made.where)
    attributes.push_back(builder.getNamedAttr("where", made.where));
  if (!plan.of && plan.rows)
    if (const core::Atom *atom = plan.rows.size().atom())
      attributes.push_back(builder.getNamedAttr(
          "dim",
          FlatSymbolRefAttr::get(builder.getContext(), types.nameOf(*atom))));
  if (!made.check)
    return;
  SmallVector<Attribute> bounds;
  for (const core::DataField &field : plan.fields)
    if (field.lowest)
      bounds.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("name", builder.getStringAttr(field.name)),
           builder.getNamedAttr(
               "below", builder.getI64IntegerAttr(
                            *field.type.elem.high.size().constant() + 1)),
           builder.getNamedAttr(
               "line", builder.getStringAttr(types.line(field.range)))}));
  attributes.push_back(builder.getNamedAttr("check", made.check));
  attributes.push_back(
      builder.getNamedAttr("ids", builder.getArrayAttr(bounds)));
}

} // namespace lamina::irgen
