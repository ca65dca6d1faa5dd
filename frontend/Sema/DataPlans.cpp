// SPDX-License-Identifier: Apache-2.0
//
// Where records come from.
//
// `data d from source { … }` is a plan: which columns are read of a record, and
// how the declared fields are made of them. Splits and filters are plans over a
// plan. What is text stays in columns (DataColumns.cpp); from the first tensor
// expression on a line is Core.

#include "frontend/Sema/DataColumns.h"

#include "llvm/ADT/StringSwitch.h"

namespace lamina::sema {

using core::DataPlan;

static Value valueOf(DataPlan *plan, Range range) {
  Value value;
  value.kind = Value::Data;
  value.range = range;
  value.data = plan;
  return value;
}

static DataPlan &addPlan(Evaluator &e, DataPlan::Kind kind, ast::Name name) {
  e.program.data.emplace_back();
  DataPlan &plan = e.program.data.back();
  plan.kind = kind;
  plan.name = name.text;
  plan.range = name.range;
  return plan;
}

//===-- Sources -----------------------------------------------------------===//

namespace {
/// Reads the arguments of a source; what it does not know is reported.
class SourceReader {
public:
  SourceReader(Evaluator &e, const ast::CallExpr &call, DataPlan &plan)
      : e(e), call(call), plan(plan) {}
  bool read(llvm::StringRef source);

private:
  const ast::Argument *find(llvm::StringRef name, unsigned position);
  std::optional<std::string> text(llvm::StringRef name, unsigned position,
                                  bool isNeeded);
  std::optional<int64_t> whole(llvm::StringRef name, unsigned position,
                               bool isNeeded, int64_t least);
  bool reportUnknown(llvm::StringRef source);

  Evaluator &e;
  const ast::CallExpr &call;
  DataPlan &plan;
  std::set<const ast::Argument *> used;
  bool isFailed = false;
};
} // namespace

const ast::Argument *SourceReader::find(llvm::StringRef name,
                                        unsigned position) {
  unsigned at = 0;
  for (const ast::Argument &argument : call.arguments) {
    bool isMeant =
        argument.name ? argument.name.text == name : at++ == position;
    if (isMeant) {
      used.insert(&argument);
      return &argument;
    }
  }
  return nullptr;
}

std::optional<std::string>
SourceReader::text(llvm::StringRef name, unsigned position, bool isNeeded) {
  if (const ast::Argument *argument = find(name, position)) {
    auto text = e.forceText(e.evaluate(argument->value), argument->range,
                            ("'" + name + "'").str());
    isFailed |= !text;
    return text;
  }
  if (isNeeded) {
    e.report(Rule::data_c1, call.range,
             "'" + e.text(call.callee) + "' is not given its file");
    isFailed = true;
  }
  return std::nullopt;
}

std::optional<int64_t> SourceReader::whole(llvm::StringRef name,
                                           unsigned position, bool isNeeded,
                                           int64_t least) {
  const ast::Argument *argument = find(name, position);
  if (!argument) {
    if (isNeeded) {
      e.report(Rule::data_c1, call.range,
               "'" + e.text(call.callee) + "' is not given '" + name + "'");
      isFailed = true;
    }
    return std::nullopt;
  }
  auto value = e.forceWhole(e.evaluate(argument->value), argument->range,
                            ("'" + name + "'").str());
  if (value && *value < least) {
    e.report(Rule::data_c1, argument->range,
             "'" + name + "' is " + llvm::Twine(*value) +
                 ", and has to be at least " + llvm::Twine(least));
    value = std::nullopt;
  }
  isFailed |= !value;
  return value;
}

bool SourceReader::reportUnknown(llvm::StringRef source) {
  for (const ast::Argument &argument : call.arguments) {
    if (used.count(&argument))
      continue;
    e.report(Rule::call_c6, argument.range,
             argument.name ? "'" + source + "' has no setting '" +
                                 argument.name.text + "'"
                           : "'" + source + "' takes no further argument")
        .note("it has " + llvm::StringSwitch<std::string>(source)
                              .Case("records", "n")
                              .Case("windows", "file, n, step")
                              .Case("images", "file, labels")
                              .Case("table", "file, separator, header")
                              .Default("file"));
    return true;
  }
  return false;
}

bool SourceReader::read(llvm::StringRef source) {
  if (source == "records") {
    plan.kind = DataPlan::Records;
    plan.records = whole("n", 0, true, 1).value_or(1);
    return !reportUnknown(source) && !isFailed;
  }
  plan.file = text("file", 0, true).value_or("");
  if (source == "windows") {
    plan.kind = DataPlan::Windows;
    plan.length = whole("n", 1, true, 1).value_or(1);
    plan.step = whole("step", 2, false, 1).value_or(1);
  } else if (source == "images") {
    plan.kind = DataPlan::Images;
    plan.labels = text("labels", 1, false).value_or("");
  } else if (source == "table") {
    plan.kind = DataPlan::Table;
    plan.separator = text("separator", 1, false).value_or(",");
    if (const ast::Argument *header = find("header", 2))
      plan.header =
          e.forceTruth(e.evaluate(header->value), header->range, "'header'")
              .value_or(true);
  } else if (source == "lines") {
    plan.kind = DataPlan::Lines;
  } else {
    plan.kind = DataPlan::Arrays;
  }
  return !reportUnknown(source) && !isFailed;
}

static bool isSource(llvm::StringRef name) {
  return name == "windows" || name == "images" || name == "table" ||
         name == "lines" || name == "arrays" || name == "records";
}

static Value fromSource(Evaluator &e, FileScope &file,
                        const ast::DataDecl &decl) {
  auto *call = llvm::dyn_cast<ast::CallExpr>(decl.source);
  auto *name = call ? llvm::dyn_cast<ast::NameExpr>(call->callee) : nullptr;
  if (!name || !isSource(name->name)) {
    e.report(Rule::data_c1, decl.source->range,
             "'" + e.text(decl.source) + "' is no source of data")
        .note("sources are table, lines, images, windows, arrays and records");
    return Value::error(decl.range);
  }
  DataPlan &plan = addPlan(e, DataPlan::Table, decl.names[0]);
  llvm::SaveAndRestore<Scope *> in(e.scope, &file);
  if (!SourceReader(e, *call, plan).read(name->name) ||
      !DataReader(e, file, decl, plan).read()) {
    e.program.data.pop_back();
    return Value::error(decl.range);
  }
  return valueOf(&plan, decl.names[0].range);
}

//===-- Splits and filters ------------------------------------------------===//

DataPlan *dataPlanOf(Evaluator &e, const ast::Expr *expr) {
  Value value = e.evaluate(expr);
  if (value.kind == Value::Data)
    return value.data;
  if (!value.isError())
    e.report(Rule::data_c1, expr->range,
             "'" + e.text(expr) + "' is no data, it is " + value.describe());
  return nullptr;
}

/// Bounds of the parts: `split(d, 0.9)` is 0, 0.9, 1.
static std::vector<double> sharesOf(Evaluator &e, const ast::CallExpr &call) {
  std::vector<double> bounds{0};
  for (const ast::Argument &argument : call.arguments.drop_front()) {
    if (argument.name)
      continue;
    auto share = e.forceNumber(e.evaluate(argument.value), argument.range,
                               "a share of the records");
    if (!share)
      return {};
    double next = bounds.back() + *share;
    if (*share <= 0 || next >= 1) {
      e.report(Rule::data_c5, argument.range,
               "the shares of a split are above 0 and together below 1")
          .note("what is left is the last part");
      return {};
    }
    bounds.push_back(next);
  }
  bounds.push_back(1);
  return bounds;
}

static Value splitOf(Evaluator &e, const ast::DataDecl &decl,
                     const ast::CallExpr &call, Symbol wanted) {
  DataPlan *of = dataPlanOf(e, call.arguments[0].value);
  std::vector<double> bounds = of ? sharesOf(e, call) : std::vector<double>();
  if (bounds.empty())
    return Value::error(decl.range);
  if (bounds.size() != decl.names.size() + 1) {
    e.report(Rule::data_c5, call.range,
             "this split makes " + llvm::Twine(bounds.size() - 1) +
                 " parts, and " + llvm::Twine(decl.names.size()) +
                 (decl.names.size() == 1 ? " name stands" : " names stand") +
                 " left of '='");
    return Value::error(decl.range);
  }
  std::string by;
  for (const ast::Argument &argument : call.arguments) {
    if (!argument.name)
      continue;
    auto *field = llvm::dyn_cast<ast::RecordExpr>(argument.value);
    if (argument.name.text != "by" || !field) {
      e.report(Rule::call_c6, argument.range,
               "'split' takes shares and 'by: .field'");
      return Value::error(decl.range);
    }
    by = field->field.text.str();
  }
  for (auto [i, name] : llvm::enumerate(decl.names)) {
    if (name.text != wanted)
      continue;
    DataPlan &plan = addPlan(e, DataPlan::Split, name);
    plan.of = of;
    plan.from = bounds[i];
    plan.to = bounds[i + 1];
    plan.by = by;
    return valueOf(&plan, name.range);
  }
  llvm_unreachable("the name is one of the declaration");
}

static const core::Expr *withoutCasts(const core::Expr *expr) {
  for (;;) {
    if (auto *retype = llvm::dyn_cast<core::Retype>(expr))
      expr = retype->operand;
    else if (auto *convert = llvm::dyn_cast<core::Convert>(expr))
      expr = convert->operand;
    else
      return expr;
  }
}

/// What `row.label < 7` says of the fields of the records that are left: whole
/// numbers of one record get narrower bounds.
static void narrow(Evaluator &e, const core::Expr *condition,
                   std::vector<core::DataField> &fields) {
  auto *node = llvm::dyn_cast<core::Elementwise>(condition);
  if (!node || node->operands.size() != 2)
    return;
  if (node->primitive == core::Primitive::And) {
    narrow(e, node->operands[0], fields);
    narrow(e, node->operands[1], fields);
    return;
  }
  const core::Expr *right = withoutCasts(node->operands[1]);
  auto *ref = llvm::dyn_cast<core::LocalRef>(withoutCasts(node->operands[0]));
  if (!ref || !ref->type.isScalar() || !ref->type.elem.isWhole())
    return;
  Dim limit;
  if (auto *number = llvm::dyn_cast<core::Constant>(right)) {
    limit = e.dims.constant(int64_t(number->values[0]));
  } else if (auto *named = llvm::dyn_cast<core::ScalarRef>(right)) {
    // A proof rests on it, so it cannot change when the program runs.
    if (!named->scalar->fixedAt)
      named->scalar->fixedAt = named->range;
    limit = e.dims.constant(int64_t(named->scalar->value));
  } else {
    return;
  }
  for (core::DataField &field : fields) {
    if (field.local != ref->local)
      continue;
    core::Elem &elem = field.type.elem;
    if (node->primitive == core::Primitive::Lt)
      elem.high = limit - 1;
    else if (node->primitive == core::Primitive::Le)
      elem.high = limit;
    else if (node->primitive == core::Primitive::Ge)
      elem.low = limit;
    else if (node->primitive == core::Primitive::Gt)
      elem.low = limit + 1;
  }
}

/// A record of `plan`, as the parameter of a function sees it.
static Value recordOf(Evaluator &e, DataPlan &plan, Range range) {
  std::vector<Value> items;
  std::vector<Symbol> names;
  for (const core::DataField &field : plan.declared().fields) {
    auto *ref = e.program.make<core::LocalRef>(field.type, field.range);
    ref->local = field.local;
    items.push_back(e.runTimeValue(ref));
    names.push_back(field.name);
  }
  return e.tuple(std::move(items), std::move(names), range);
}

/// What a filter asks of a record; null after a diagnostic.
static core::Expr *conditionOf(Evaluator &e, const ast::Expr *written) {
  Value condition = e.evaluate(written);
  core::Expr *expr =
      condition.isError() ? nullptr : e.runTime(condition, written->range);
  if (expr && expr->type.isScalar() && expr->type.elem.isTruth())
    return expr;
  if (expr)
    e.report(Rule::data_c5, written->range,
             "a filter asks for one truth value, and this is " +
                 condition.describe());
  return nullptr;
}

/// `filter(d, row -> condition)`: the condition over the fields of a record.
static Value filterOf(Evaluator &e, FileScope &file, const ast::DataDecl &decl,
                      const ast::CallExpr &call) {
  DataPlan *of = dataPlanOf(e, call.arguments[0].value);
  auto *lambda = call.arguments.size() == 2
                     ? llvm::dyn_cast<ast::LambdaExpr>(call.arguments[1].value)
                     : nullptr;
  if (!of || !lambda || lambda->parameters.size() != 1) {
    if (of)
      e.report(Rule::data_c5, call.range,
               "'filter' takes data and a condition: "
               "'filter(d, row -> row.label < 7)'");
    return Value::error(decl.range);
  }
  FrameScope *frame = e.session.make<FrameScope>(&file);
  frame->name = decl.names[0].text.str();
  Context *context = e.session.make<Context>();
  Statements inner;
  Evaluator::Entry entry(e, context, frame, &inner);
  llvm::SaveAndRestore<bool> inData(e.inData, true);
  frame->bind(lambda->parameters[0].text, recordOf(e, *of, lambda->range),
              Binding::Given, lambda->parameters[0].range);
  core::Expr *expr = conditionOf(e, lambda->body);
  if (!expr)
    return Value::error(decl.range);
  DataPlan &plan = addPlan(e, DataPlan::Filter, decl.names[0]);
  plan.of = of;
  // Narrower types stand in the filter's own list of the declared fields.
  plan.fields = of->fields.empty() ? of->declared().fields : of->fields;
  narrow(e, expr, plan.fields);
  plan.keep = e.block(std::move(inner), expr, lambda->range);
  return valueOf(&plan, decl.names[0].range);
}

Value dataValue(Evaluator &e, FileScope &file, const ast::DataDecl &decl,
                Symbol name) {
  if (decl.source)
    return fromSource(e, file, decl);
  llvm::SaveAndRestore<Scope *> in(e.scope, &file);
  auto *call = llvm::dyn_cast<ast::CallExpr>(decl.value);
  auto *callee = call ? llvm::dyn_cast<ast::NameExpr>(call->callee) : nullptr;
  if (callee && !call->arguments.empty() && callee->name == "split")
    return splitOf(e, decl, *call, name);
  if (callee && !call->arguments.empty() && callee->name == "filter")
    return filterOf(e, file, decl, *call);
  DataPlan *plan = dataPlanOf(e, decl.value);
  return plan ? valueOf(plan, decl.range) : Value::error(decl.range);
}

} // namespace lamina::sema
