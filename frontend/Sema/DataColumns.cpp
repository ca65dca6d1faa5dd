// SPDX-License-Identifier: Apache-2.0
//
// The lines of a data declaration.
//
// The shapes of images and arrays stand in files that are read when the program
// runs. While compiling they are what the line declares, and the program checks
// them when it reads.

#include "frontend/Sema/DataColumns.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

using core::ColumnExpr;
using core::DataPlan;
using core::Type;

//===-- Values of columns -------------------------------------------------===//

/// The number of a list's elements, if the text does not decide it.
static std::optional<int64_t> lengthOf(const ColumnExpr &column) {
  if (column.kind == ColumnExpr::Cut && column.high && *column.high >= 0 &&
      column.low >= 0) {
    bool isList = column.operands[0].kind == ColumnExpr::Columns;
    if (isList)
      return *column.high - column.low;
  }
  for (const ColumnExpr &operand : column.operands)
    if (auto length = lengthOf(operand))
      return length;
  return std::nullopt;
}

static bool isList(const ColumnExpr &column) {
  switch (column.kind) {
  case ColumnExpr::Columns:
  case ColumnExpr::Encode:
  case ColumnExpr::Hashed:
    return true;
  case ColumnExpr::Cut:
  case ColumnExpr::Number:
  case ColumnExpr::IndexOf:
  case ColumnExpr::Lower:
  case ColumnExpr::Strip:
    return isList(column.operands[0]);
  default:
    return false;
  }
}

/// Either the whole line is this column, and its declared type is a list, or
/// the column is an argument whose size the declared type decides.
const ast::Dimension *DataReader::declaredSize(const Column &column) const {
  for (auto &[range, size] : argumentSizes)
    if (range == column.range)
      return size;
  if (!current || current->targets.size() != 1 ||
      current->value->range != column.range)
    return nullptr;
  auto *type =
      llvm::dyn_cast_or_null<ast::TensorType>(current->targets[0].type);
  return type && type->dimensions.size() == 1 ? &type->dimensions[0] : nullptr;
}

/// `x: [256, 1] = column_of(number(.flux))`: the line declares what comes out
/// of `column_of(v: [n]) -> [n, 1]`, so that n is 256, and `.flux` a list.
void DataReader::findArgumentSizes(const ast::CallExpr &call) {
  if (!current || current->value != &call || current->targets.size() != 1)
    return;
  argumentSizes.clear();
  auto *name = llvm::dyn_cast<ast::NameExpr>(call.callee);
  auto *declared =
      llvm::dyn_cast_or_null<ast::TensorType>(current->targets[0].type);
  auto *function = name ? llvm::dyn_cast_or_null<ast::FunctionDecl>(
                              e.session.findDecl(file, name->name).second)
                        : nullptr;
  auto *result = function
                     ? llvm::dyn_cast_or_null<ast::TensorType>(function->result)
                     : nullptr;
  if (!declared || !result ||
      declared->dimensions.size() != result->dimensions.size())
    return;
  for (auto [argument, parameter] :
       llvm::zip(call.arguments, function->parameters.list)) {
    auto *type = llvm::dyn_cast_or_null<ast::TensorType>(parameter.type);
    if (!type || type->dimensions.size() != 1 || argument.name)
      continue;
    for (auto [made, size] :
         llvm::zip(result->dimensions, declared->dimensions)) {
      auto *own = llvm::dyn_cast<ast::NameExpr>(type->dimensions[0].size);
      auto *other = llvm::dyn_cast<ast::NameExpr>(made.size);
      if (own && other && own->name == other->name)
        argumentSizes.push_back({argument.value->range, &size});
    }
  }
}

/// A length that differs from record to record: a size of its own.
core::Axis DataReader::lengthAxis(const Column &column, Range range) {
  if (auto length = lengthOf(column))
    return {e.dims.constant(*length), ""};
  std::optional<int64_t> most;
  if (column.kind == Column::Cut && column.high && *column.high >= 0)
    most = *column.high - column.low;
  Symbol name = "length";
  if (const ast::Dimension *size = declaredSize(column)) {
    if (Dim known = e.knownDimension(size->size); known && known.constant())
      return {known, ""};
    if (auto *word = llvm::dyn_cast<ast::NameExpr>(size->size))
      name = word->name;
  }
  // Two fields of one length: the program checks it when it reads.
  if (Binding *bound = e.scope->find(name); bound && bound->value.isWhole())
    return {bound->value.dim, name};
  Dim &rows = e.session.raggedRows[&plan];
  if (!rows)
    rows = addSize(e, "batch", 1, 32, plan.range);
  Dim size = e.dims.size(name, e.dims.constant(0),
                         most ? e.dims.constant(*most) : Dim(),
                         most ? *most : 32, range, rows.atom());
  e.program.sizes.push_back(size.atom());
  return {size, name};
}

/// `y: id(3) = number(.label)`: the program reads whole numbers, and says which
/// is none.
std::optional<core::Elem>
DataReader::declaredWhole(const Column &column) const {
  if (!current || current->targets.size() != 1 ||
      current->value->range != column.range)
    return std::nullopt;
  auto *type =
      llvm::dyn_cast_or_null<ast::TensorType>(current->targets[0].type);
  if (!type || !type->dimensions.empty())
    return std::nullopt;
  llvm::SaveAndRestore<unsigned> silent(e.session.muted, 1);
  Type declared = e.resolve(type);
  return !declared.isError() && declared.elem.isWhole()
             ? std::optional(declared.elem)
             : std::nullopt;
}

/// The tensor that a column becomes; none while it is text.
std::optional<Type> DataReader::typeOf(const Column &column, Range range) {
  auto elem = typeOfElement(column);
  if (!elem)
    return std::nullopt;
  llvm::SmallVector<core::Axis, 4> axes;
  bool mayBeList = !elem->isTruth() && column.kind != Column::At;
  if (mayBeList && (isList(column) || declaredSize(column)))
    axes.push_back(lengthAxis(column, range));
  return Type::tensor(*elem, axes);
}

/// A local that holds the column; equal columns are read once.
Value DataReader::read(Column column, const Type &type, Range range) {
  std::string key = e.session.sources.getText(column.range).str();
  core::Local *local = nullptr;
  for (auto &[text, known] : known)
    if (text == key && core::sameSizes(known->type, type) &&
        known->type.elem.kind == type.elem.kind)
      local = known;
  if (!local) {
    Symbol name = e.program.intern(column.text.empty() ? std::string("column")
                                                       : column.text);
    local = e.program.makeLocal(core::Local::Field, name, type, range);
    known.push_back({key, local});
    plan.columns.push_back({local, std::move(column)});
  }
  auto *ref = e.program.make<core::LocalRef>(local->type, range);
  ref->local = local;
  return e.runTimeValue(ref);
}

Value DataReader::valueOf(Column column, Range range) {
  if (auto type = typeOf(column, range))
    return read(std::move(column), *type, range);
  Value value;
  value.kind = Value::Record;
  value.range = range;
  value.column = std::make_shared<const ColumnExpr>(std::move(column));
  return value;
}

//===-- Fields of sources that are numbers --------------------------------===//

Type DataReader::typeOfField(llvm::StringRef name, Range range) {
  auto whole = [&](llvm::ArrayRef<core::Axis> axes, Dim high) {
    return Type::whole(e.dims.constant(0), high, axes);
  };
  if (plan.kind == DataPlan::Windows && name == "window")
    return whole(core::Axis{e.dims.constant(plan.length), ""},
                 e.dims.constant(255));
  if (plan.kind == DataPlan::Images && name == "image")
    return typeOfImage(range);
  if (plan.kind == DataPlan::Images && name == "label" && !plan.labels.empty())
    return whole({}, Dim());
  if (plan.kind == DataPlan::Records && name == "index")
    return whole({}, Dim());
  if (plan.kind == DataPlan::Arrays && current && current->targets[0].type) {
    Type declared = e.resolve(current->targets[0].type);
    isFailed |= declared.isError();
    return declared;
  }
  static const char *const fields[] = {
      "the columns of the table", "the keys of the lines",
      "image and label",          "window",
      "the arrays of the file",   "index"};
  Diagnostic &d = e.report(Rule::data_c2, range,
                           "a record of this source has no '." + name + "'");
  if (plan.kind == DataPlan::Images && name == "label")
    d.note("give the labels: 'images(\"…\", labels: \"…\")'");
  else
    d.note(llvm::Twine("it has ") + fields[size_t(plan.kind)]);
  isFailed = true;
  return Type::error();
}

Value DataReader::recordField(const ast::RecordExpr &expr) {
  if (auto column = columnOf(&expr))
    return valueOf(std::move(*column), expr.range);
  Type type = typeOfField(expr.field.text, expr.range);
  if (type.isError())
    return Value::error(expr.range);
  Column column;
  column.kind = Column::Field;
  column.text = expr.field.text.str();
  column.range = expr.range;
  return read(std::move(column), type, expr.range);
}

//===-- Lines -------------------------------------------------------------===//

/// What is read as it stands is checked to be in the declared range.
static void takeDeclaredBounds(core::Expr *expr, DataPlan &plan) {
  core::Elem declared = expr->type.elem;
  while (auto *retype = llvm::dyn_cast<core::Retype>(expr))
    expr = retype->operand;
  auto *ref = llvm::dyn_cast<core::LocalRef>(expr);
  if (!ref || !declared.isWhole() || !declared.high)
    return;
  for (core::DataColumn &column : plan.columns)
    if (column.local == ref->local && ref->local->type.elem.isWhole() &&
        !ref->local->type.elem.high) {
      ref->local->type.elem = declared;
      ref->type.elem = declared;
    }
}

/// False where a line computes an `id(n)` from numbers that only the data
/// knows.
static bool isInDeclaredRange(Evaluator &e, const core::Expr *expr) {
  const core::Elem declared = expr->type.elem;
  if (!declared.isWhole() || !declared.high ||
      !declared.high.size().constant() || !declared.low ||
      !declared.low.size().isConstant(0))
    return true;
  for (;;) {
    auto *retype = llvm::dyn_cast<core::Retype>(expr);
    auto *ref = llvm::dyn_cast<core::LocalRef>(expr);
    const core::Expr *made = retype ? retype->operand
                             : ref  ? e.madeOf(ref->local)
                                    : nullptr;
    if (!made)
      break;
    expr = made;
  }
  if (auto *convert = llvm::dyn_cast<core::Convert>(expr);
      convert && !convert->operand->type.elem.isWhole())
    return false;
  Dim exact = e.exactOf(expr);
  const core::Elem &given = expr->type.elem;
  Dim low = exact ? exact : given.low, high = exact ? exact : given.high;
  return low && high && e.provesNotNegative(low) &&
         e.provesNotNegative(declared.high - high);
}

void DataReader::addField(const ast::Target &target, Value value) {
  for (const core::DataField &field : plan.fields)
    if (field.name == target.name.text) {
      e.report(Rule::name_c2, target.name.range,
               "'" + target.name.text + "' is declared twice in this data")
          .note(field.range, "first here");
      isFailed = true;
      return;
    }
  core::Expr *expr = value.isError() ? nullptr : e.runTime(value, target.range);
  if (!expr || !expr->type.isTensor()) {
    if (expr && !expr->type.isError())
      e.report(Rule::data_c3, target.range,
               "a field of a record is a tensor, and this is " +
                   value.describe());
    isFailed = true;
    return;
  }
  takeDeclaredBounds(expr, plan);
  bool isProved = isInDeclaredRange(e, expr);
  core::Expr *plain = expr;
  auto *ref = llvm::dyn_cast<core::LocalRef>(plain);
  if (!ref) {
    Value named = e.let(target.name.text, expr, target.range);
    ref = llvm::cast<core::LocalRef>(named.expr);
  }
  e.scope->bind(target.name.text, e.runTimeValue(ref), Binding::Name,
                target.name.range);
  core::DataField field;
  field.name = target.name.text;
  field.local = ref->local;
  field.type = expr->type;
  field.range = target.name.range;
  if (!isProved)
    addBounds(field);
  plan.fields.push_back(field);
}

/// The extremes of an id of one record, for the program to check.
void DataReader::addBounds(core::DataField &field) {
  auto *ref = e.program.make<core::LocalRef>(field.type, field.range);
  ref->local = field.local;
  auto extreme = [&](core::FoldKind fold) -> core::Expr * {
    if (field.type.rank() == 0)
      return ref;
    auto *node = e.program.make<core::Reduce>(Type::whole(), field.range);
    node->fold = fold;
    node->operand = ref;
    for (unsigned axis = 0; axis < field.type.rank(); ++axis)
      node->axes.push_back(axis);
    return node;
  };
  field.lowest = extreme(core::FoldKind::Min);
  field.highest = extreme(core::FoldKind::Max);
}

void DataReader::define(const ast::DefineStmt &stmt) {
  llvm::SaveAndRestore<const ast::DefineStmt *> line(current, &stmt);
  e.define(&stmt);
  for (const ast::Target &target : stmt.targets) {
    Binding *bound = e.scope->find(target.name.text);
    if (!bound || bound->value.isError()) {
      isFailed = true;
      e.scope->bind(target.name.text, Value::error(target.range), Binding::Name,
                    target.name.range);
      continue;
    }
    // Lines without a type are names for what stands below.
    if (target.type)
      addField(target, bound->value);
    else
      plan.untyped.emplace_back(target.name.text, target.name.range);
  }
}

void DataReader::where(const ast::WhereStmt &stmt) {
  if (auto column = truthOf(stmt.condition)) {
    plan.conditions.push_back(std::move(*column));
    return;
  }
  Value condition = e.evaluate(stmt.condition);
  core::Expr *expr = condition.isError()
                         ? nullptr
                         : e.runTime(condition, stmt.condition->range);
  if (!expr || !expr->type.isScalar() || !expr->type.elem.isTruth()) {
    if (expr && !expr->type.isError())
      e.report(Rule::data_c5, stmt.condition->range,
               "after 'where' stands a truth value, and this is " +
                   condition.describe());
    isFailed = true;
    return;
  }
  plan.recordConditions.push_back(expr);
  e.assumeValue(expr, true);
}

void DataReader::line(const ast::Stmt *stmt) {
  if (auto *define = llvm::dyn_cast<ast::DefineStmt>(stmt))
    return this->define(*define);
  if (auto *where = llvm::dyn_cast<ast::WhereStmt>(stmt))
    return this->where(*where);
  if (llvm::isa<ast::ErrorStmt>(stmt)) {
    isFailed = true;
    return;
  }
  e.statement(stmt);
}

std::optional<Value> DataReader::valueOfCall(const ast::CallExpr &expr) {
  if (isOfBadWords(expr))
    return Value::error(expr.range);
  if (isTextSource())
    findArgumentSizes(expr);
  auto column = columnOfCall(expr);
  if (!isTextSource() || !column)
    return isTextSource() ? listOfCall(expr) : std::nullopt;
  return valueOf(std::move(*column), expr.range);
}

std::optional<Value> DataReader::valueOfIndex(const ast::IndexExpr &expr) {
  auto column = isTextSource() ? columnOfIndex(expr) : std::nullopt;
  if (!column)
    return std::nullopt;
  return valueOf(std::move(*column), expr.range);
}

/// The size of a dimension that a line declares, if it is not known.
Dim DataReader::freshSize(ast::Name name) {
  if (auto known = e.lookUp(name.text); known && known->isRunTime()) {
    e.notSupported(name.range, "a length that is computed for each record");
    isFailed = true;
    return e.dims.constant(1);
  }
  return Dim();
}

bool DataReader::read() {
  FrameScope *frame = e.session.make<FrameScope>(&file);
  frame->name = plan.name.str();
  Context *context = e.session.make<Context>();
  Evaluator::Entry entry(e, context, frame, &plan.record);
  llvm::SaveAndRestore<bool> inData(e.inData, true);
  llvm::SaveAndRestore<std::vector<Dim>> facts(e.facts, {});
  llvm::SaveAndRestore<std::function<Value(const ast::RecordExpr *)>> field(
      e.recordField,
      [this](const ast::RecordExpr *expr) { return recordField(*expr); });
  llvm::SaveAndRestore<
      std::function<std::optional<Value>(const ast::CallExpr *)>>
      call(e.dataCall,
           [this](const ast::CallExpr *expr) { return valueOfCall(*expr); });
  llvm::SaveAndRestore<
      std::function<std::optional<Value>(const ast::IndexExpr *)>>
      index(e.dataIndex,
            [this](const ast::IndexExpr *expr) { return valueOfIndex(*expr); });
  llvm::SaveAndRestore<std::function<std::optional<Value>(const ast::Expr *)>>
      text(e.dataText, [this](const ast::Expr *expr) -> std::optional<Value> {
        auto column = truthOf(expr);
        if (!column)
          return std::nullopt;
        return valueOf(std::move(*column), expr->range);
      });
  e.drawPath = {plan.name};
  llvm::SaveAndRestore<std::function<Dim(ast::Name)>> length(
      e.freshDimension, [this](ast::Name name) { return freshSize(name); });
  for (const ast::Stmt *stmt : decl.lines->statements)
    line(stmt);
  if (plan.fields.empty() && !isFailed) {
    e.report(Rule::data_c3, decl.range,
             "'" + plan.name +
                 "' declares no field; a field has a type: "
                 "'x: [64] = …'");
    isFailed = true;
  }
  return !isFailed;
}

} // namespace lamina::sema
