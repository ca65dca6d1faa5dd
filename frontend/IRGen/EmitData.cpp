// SPDX-License-Identifier: Apache-2.0
//
// Sources, columns, fields of a batch.
//
// The runtime reads columns of records; what a `data` line computes from them
// is part of the entry that uses it. The lines of one record are emitted under
// an index that counts the records of the batch.

#include "dialects/Program/ProgramOps.h"
#include "frontend/Core/Walk.h"
#include "frontend/IRGen/Entry.h"

#include <numeric>

using namespace mlir;

namespace lamina::irgen {

using core::ColumnExpr;
using core::DataPlan;

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

namespace {

/// What the runtime reads of a record for one column.
struct ColumnPlan {
  std::string name;
  SmallVector<int64_t, 3> shape; ///< -1: differs from record to record
  SmallVector<NamedAttribute> attributes;
};

/// `a[low:high]` of n elements: bounds with a minus sign count from the end.
std::pair<int64_t, int64_t> bounds(const ColumnExpr &cut, int64_t n) {
  int64_t low = cut.low < 0 ? n + cut.low : cut.low;
  int64_t high = cut.high.value_or(n);
  if (high < 0)
    high += n;
  return {std::clamp<int64_t>(low, 0, n), std::clamp<int64_t>(high, 0, n)};
}

class ColumnReader {
public:
  explicit ColumnReader(ModuleEmitter &module) : module(module) {}

  /// The column itself, below cuts that the entry makes.
  ColumnPlan plainColumn(const ColumnExpr &source, const core::Type &type);

  /// A text function as the tape has it (docs/program.md, C).
  DictionaryAttr textFunction(const ColumnExpr &source);

private:
  void add(ColumnPlan &column, StringRef name, Attribute value) {
    column.attributes.push_back(
        {StringAttr::get(value.getContext(), name), value});
  }

  ModuleEmitter &module;
};

/// The field that a column is made of names it.
StringRef fieldOf(const ColumnExpr &source) {
  if (source.kind == ColumnExpr::Field)
    return source.text;
  return source.operands.empty() ? StringRef("columns")
                                 : fieldOf(source.operands.front());
}

StringRef comparisonName(core::Primitive comparison) {
  switch (comparison) {
  case core::Primitive::Eq:
    return "==";
  case core::Primitive::Ne:
    return "!=";
  case core::Primitive::Lt:
    return "<";
  case core::Primitive::Le:
    return "<=";
  case core::Primitive::Gt:
    return ">";
  case core::Primitive::Ge:
    return ">=";
  default:
    llvm_unreachable("a comparison of texts or numbers");
  }
}

StringRef functionName(const ColumnExpr &source) {
  switch (source.kind) {
  case ColumnExpr::Field:
    return "field";
  case ColumnExpr::Columns:
    return "columns";
  case ColumnExpr::Text:
    return "text";
  case ColumnExpr::Number:
    return "number";
  case ColumnExpr::Encode:
    return "encode";
  case ColumnExpr::IndexOf:
    return "index";
  case ColumnExpr::Hashed:
    return "hashed";
  case ColumnExpr::Lower:
    return "lower";
  case ColumnExpr::Strip:
    return "strip";
  case ColumnExpr::Cut:
    return "cut";
  case ColumnExpr::At:
    return "at";
  case ColumnExpr::And:
    return "and";
  case ColumnExpr::Or:
    return "or";
  case ColumnExpr::Not:
    return "not";
  case ColumnExpr::Compare:
    return comparisonName(source.comparison);
  }
  llvm_unreachable("every function of records is listed");
}

DictionaryAttr ColumnReader::textFunction(const ColumnExpr &source) {
  OpBuilder builder(module.types.getContext());
  NamedAttrList list;
  if (source.kind == ColumnExpr::Field)
    return builder.getDictionaryAttr(
        builder.getNamedAttr("field", builder.getStringAttr(source.text)));
  list.set("op", builder.getStringAttr(functionName(source)));
  if (source.kind == ColumnExpr::Text)
    list.set("text", builder.getStringAttr(source.text));
  SmallVector<Attribute> operands, words;
  for (const ColumnExpr &operand : source.operands)
    operands.push_back(textFunction(operand));
  if (!operands.empty())
    list.set("of", builder.getArrayAttr(operands));
  // Bytes are no text each, and need no list.
  if (!source.vocabulary || !source.vocabulary->isBytes())
    for (const std::string &word :
         source.vocabulary ? source.vocabulary->words : source.words)
      words.push_back(builder.getStringAttr(word));
  if (!words.empty())
    list.set("words", builder.getArrayAttr(words));
  if (source.kind == ColumnExpr::Hashed)
    list.set("n", builder.getI64IntegerAttr(source.n));
  if (source.kind == ColumnExpr::Cut || source.kind == ColumnExpr::At)
    list.set("low", builder.getI64IntegerAttr(source.low));
  if (source.high)
    list.set("high", builder.getI64IntegerAttr(*source.high));
  return list.getDictionary(builder.getContext());
}

ColumnPlan ColumnReader::plainColumn(const ColumnExpr &source,
                                     const core::Type &type) {
  ColumnPlan column;
  column.name = fieldOf(source).str();
  add(column, "value", textFunction(source));
  OpBuilder builder(module.types.getContext());
  for (const core::Axis &axis : type.axes)
    column.shape.push_back(axis.size().constant().value_or(-1));
  add(column, "element",
      builder.getStringAttr(module.types.elementName(type.elem)));
  SmallVector<Attribute> shape;
  for (int64_t size : column.shape)
    shape.push_back(builder.getI64IntegerAttr(size));
  add(column, "shape", builder.getArrayAttr(shape));
  if (type.elem.isWhole() && type.elem.high &&
      type.elem.high.size().constant() && type.elem.low &&
      type.elem.low.size().isConstant(0))
    add(column, "below",
        builder.getI64IntegerAttr(*type.elem.high.size().constant() + 1));
  if (source.range.isKnown())
    add(column, "line", builder.getStringAttr(module.types.line(source.range)));
  return column;
}

/// The type of a part of a window before the cut.
core::Type uncut(core::Type type, const DataPlan &plan) {
  core::Dim &size = type.axes.front().dim;
  size = size.context().constant(plan.length);
  return type;
}

} // namespace

/// The column of a batch, `[records, …]`. Windows are cut here, so that two
/// fields of one window read it once; a table cuts its list of columns itself.
Value FeedingEntry::columnValue(const ColumnExpr &source,
                                const core::Type &type, const DataPlan &plan,
                                const Feed &feed) {
  if (source.kind == ColumnExpr::Cut && plan.kind == DataPlan::Windows) {
    core::Type whole = uncut(type, plan);
    Value all = columnValue(source.operands.front(), whole, plan, feed);
    auto [low, high] = bounds(source, plan.length);
    return b.slice(all, 1, low, SizeExpr(high - low));
  }
  ColumnPlan column = ColumnReader(module).plainColumn(source, type);
  std::string name = module.addColumn(plan, column.name, column.attributes);
  Sizes sizes = module.types.sizes(type);
  sizes.insert(sizes.begin(), emitter.extent(record));
  for (const core::Axis &axis : type.axes)
    if (const core::Atom *ragged = axis.dim.size().atom();
        ragged && ragged->raggedOver) {
      Type lengths = module.types.tensor(sizes.front(), module.types.whole());
      Value value =
          this->column(lengths, "program.lengths", feed.name + "." + name);
      emitter.lengthValues[ragged] = Emitted::tensor(value, {record});
    }
  Type columnType = module.types.tensor(sizes, module.types.element(type.elem));
  return this->column(columnType, "program.batch", feed.name + "." + name);
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

/// Adds the locals that an expression reads, also inside its statements.
static void addLocals(const core::Expr *expr,
                      llvm::DenseSet<const core::Local *> &locals) {
  if (auto *ref = llvm::dyn_cast<core::LocalRef>(expr))
    locals.insert(ref->local);
  core::forEachPart(*expr,
                    [&](const core::Expr *part) { addLocals(part, locals); });
}

const core::IndexVar *
FeedingEntry::openRecord(const DataPlan &plan, core::Dim rows, const Feed &feed,
                         std::optional<ArrayRef<const core::Expr *>> read) {
  const core::IndexVar *index = module.makeIndex(rows, "record");
  record = index;
  currentFeed = feed.name;
  emitter.open(index);
  llvm::DenseSet<const core::Local *> locals;
  for (const core::Expr *expr : read.value_or(ArrayRef<const core::Expr *>()))
    addLocals(expr, locals);
  // From the last line up, since each reads what stands above it.
  SmallVector<core::Stmt *> lines;
  for (core::Stmt *line : llvm::reverse(plan.record)) {
    auto *let = llvm::dyn_cast<core::Let>(line);
    if (read && let && !locals.contains(let->local))
      continue;
    core::forEachExpr(*line,
                      [&](const core::Expr *expr) { addLocals(expr, locals); });
    lines.push_back(line);
  }
  for (const core::DataColumn &column : plan.columns)
    if (!read || locals.contains(column.local))
      emitter.define(
          column.local,
          Emitted::tensor(
              columnValue(column.source, column.local->type, plan, feed),
              {index}));
  for (core::Stmt *line : llvm::reverse(lines))
    emitter.run(line);
  return index;
}

void FeedingEntry::closeRecord() {
  emitter.close(1);
  record = nullptr;
}

void FeedingEntry::batch(Emitter &, const core::Batch &batch) {
  const DataPlan &plan = batch.data->declared();
  Feed feed{batch.data->name.str(), &batch, batches};
  for (unsigned number = 2;
       llvm::any_of(feeds, [&](const Feed &f) { return f.name == feed.name; });
       ++number)
    feed.name = (batch.data->name + "." + Twine(number)).str();
  feeds.push_back(feed);
  const core::IndexVar *index =
      openRecord(plan, batch.rows, feed, std::nullopt);
  closeRecord();

  bool hasAll = batch.fields.size() == plan.fields.size();
  auto next = batch.fields.begin();
  for (const core::DataField &field : plan.fields) {
    if (!hasAll && !field.used)
      continue;
    const core::Local *local = *next++;
    Emitted value = emitter.cast(emitter.get(field.local), field.type);
    Sizes own = module.types.sizes(field.type);
    bool isNumber = rankOf(value.value) == value.ambient.size();
    Value whole = isNumber ? emitter.align(value, {index}, {}, own)
                           : emitter.align(value, {index});
    emitter.define(local, Emitted::tensor(whole));
  }
  // Lengths have the axis of the records as their own from here on.
  for (auto &[atom, value] : emitter.lengthValues)
    if (value.ambient.size() == 1 && value.ambient.front() == index)
      value.ambient.clear();
}

/// A draw in a line of a record is keyed by the number of the record, not by
/// the step.
Value FeedingEntry::drawKey(Emitter &emitter, StringRef path, Ambient &keyed) {
  if (!record)
    return Entry::drawKey(emitter, path, keyed);
  keyed = {record};
  Type wide = b.getI64Type();
  // (seed, 0), the beginning of every chain.
  Value seed = argument(module.types.scalar(wide), "program.scalar", "seed");
  Value word = b.iota({SizeExpr(2)}, 0);
  Value isFirst = b.compare(arith::CmpIPredicate::eq, arith::CmpFPredicate::OEQ,
                            word, b.constantLike(word, 0));
  Value both = b.broadcast(seed, {SizeExpr(2)}, {});
  Value key = b.select(isFirst, both, b.constantLike(both, 0));
  Value number = column(module.types.tensor(emitter.extent(record), wide),
                        "program.batch", currentFeed + ".index");
  key = deriveKey(key, number);
  return deriveKey(key, path);
}

Value FeedingEntry::lengths(Emitter &, const core::Atom &ragged) {
  llvm_unreachable("a ragged size of a batch comes with one of its columns");
}

DictionaryAttr FeedingEntry::feedAttr(const Feed &feed) {
  const core::Batch &batch = *feed.batch;
  SmallVector<NamedAttribute> attributes{
      b.getNamedAttr("name", b.getStringAttr(feed.name)),
      b.getNamedAttr("dataset",
                     FlatSymbolRefAttr::get(b.getContext(),
                                            module.datasetName(*batch.data))),
      b.getNamedAttr("batch", b.getI64IntegerAttr(batch.count)),
      b.getNamedAttr("order", b.getStringAttr(batch.inOrder || !batch.count
                                                  ? "in order"
                                                  : "shuffled"))};
  if (const core::Atom *atom = batch.rows.size().atom())
    attributes.push_back(b.getNamedAttr(
        "dim",
        FlatSymbolRefAttr::get(b.getContext(), module.types.nameOf(*atom))));
  if (feed.repeat != 1)
    attributes.push_back(
        b.getNamedAttr("repeat", b.getI64IntegerAttr(feed.repeat)));
  if (auto *by = llvm::dyn_cast_or_null<core::LocalRef>(batch.by))
    attributes.push_back(
        b.getNamedAttr("by", b.getStringAttr(by->local->name)));
  return b.getDictionaryAttr(attributes);
}

//===----------------------------------------------------------------------===//
// Sources and datasets
//===----------------------------------------------------------------------===//

std::string ModuleEmitter::addColumn(const DataPlan &plan, StringRef wanted,
                                     ArrayRef<NamedAttribute> attributes) {
  MLIRContext *context = types.getContext();
  auto &columns = sourceColumns[&plan];
  // One column of a file may be read in two ways: as a number and as a word.
  for (unsigned number = 1;; ++number) {
    std::string name =
        number == 1 ? wanted.str() : (wanted + "." + Twine(number)).str();
    SmallVector<NamedAttribute> all(attributes);
    all.push_back(
        {StringAttr::get(context, "name"), StringAttr::get(context, name)});
    if (number > 1)
      all.push_back({StringAttr::get(context, "column"),
                     StringAttr::get(context, wanted)});
    auto dictionary = DictionaryAttr::get(context, all);
    auto known =
        llvm::find_if(columns, [&](const auto &c) { return c.first == name; });
    if (known == columns.end())
      columns.push_back({name, dictionary});
    else if (known->second != dictionary &&
             withoutLine(known->second) != withoutLine(dictionary))
      continue;
    return name;
  }
}

/// Two lines that read a column alike read one column.
DictionaryAttr ModuleEmitter::withoutLine(DictionaryAttr column) {
  NamedAttrList list(column);
  list.erase("line");
  return list.getDictionary(column.getContext());
}

static StringRef kindName(DataPlan::Kind kind) {
  switch (kind) {
  case DataPlan::Table:
    return "table";
  case DataPlan::Lines:
    return "lines";
  case DataPlan::Images:
    return "images";
  case DataPlan::Windows:
    return "windows";
  case DataPlan::Arrays:
    return "arrays";
  default:
    return "records";
  }
}

void ModuleEmitter::emitSource(const DataPlan &plan, StringRef name) {
  OpBuilder builder = atEnd();
  SmallVector<NamedAttribute> attributes;
  auto add = [&](StringRef key, Attribute value) {
    attributes.push_back(builder.getNamedAttr(key, value));
  };
  add("kind", builder.getStringAttr(kindName(plan.kind)));
  if (!plan.file.empty())
    add("file", builder.getStringAttr(plan.file));
  if (!plan.labels.empty())
    add("labels", builder.getStringAttr(plan.labels));
  if (plan.kind == DataPlan::Windows) {
    add("window", builder.getI64IntegerAttr(plan.length));
    add("step", builder.getI64IntegerAttr(plan.step));
  }
  if (plan.kind == DataPlan::Table) {
    add("separator", builder.getStringAttr(plan.separator));
    add("header", builder.getBoolAttr(plan.header));
  }
  if (plan.kind == DataPlan::Records)
    add("count", builder.getI64IntegerAttr(plan.records));
  SmallVector<Attribute> conditions;
  for (const ColumnExpr &condition : plan.conditions)
    conditions.push_back(ColumnReader(*this).textFunction(condition));
  if (!conditions.empty())
    add("conditions", builder.getArrayAttr(conditions));
  SmallVector<Attribute> columns;
  for (auto &[column, attribute] : sourceColumns[&plan])
    columns.push_back(attribute);
  add("columns", builder.getArrayAttr(columns));
  addRecordEntries(plan, attributes);
  makePlan<program::SourceOp>(types.loc(plan.range), name, attributes);
}

/// The symbol of a plan; its op is made at the end, when all columns are known.
std::string ModuleEmitter::datasetName(const DataPlan &plan) {
  auto known = datasetNames.find(&plan);
  if (known != datasetNames.end())
    return known->second;
  // What it is a part of stands before it.
  if (plan.of)
    datasetName(*plan.of);
  datasetOrder.push_back(&plan);
  return datasetNames[&plan] = uniqueName(plan.name);
}

void ModuleEmitter::emitDataset(const DataPlan &plan, StringRef name) {
  OpBuilder builder = atEnd();
  SmallVector<NamedAttribute> attributes{builder.getNamedAttr(
      "source",
      FlatSymbolRefAttr::get(builder.getContext(), datasetName(*plan.of)))};
  if (plan.kind == DataPlan::Split) {
    attributes.push_back(
        builder.getNamedAttr("from", builder.getF64FloatAttr(plan.from)));
    attributes.push_back(
        builder.getNamedAttr("to", builder.getF64FloatAttr(plan.to)));
    if (!plan.by.empty())
      attributes.push_back(
          builder.getNamedAttr("by", builder.getStringAttr(plan.by)));
  }
  addRecordEntries(plan, attributes);
  makePlan<program::DatasetOp>(types.loc(plan.range), name, attributes);
}

void ModuleEmitter::emitData() {
  // They read columns too, which stand in the ops of their sources.
  for (const DataPlan *plan : datasetOrder)
    emitRecordEntries(*plan);
  for (const DataPlan *plan : datasetOrder) {
    if (plan->of)
      emitDataset(*plan, datasetName(*plan));
    else
      emitSource(*plan, datasetName(*plan));
  }
}

} // namespace lamina::irgen
