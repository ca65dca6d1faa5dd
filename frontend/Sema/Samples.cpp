// SPDX-License-Identifier: Apache-2.0
//
// Samples as entries.
//
// A sample becomes a subcommand whose typed parameters are flags; the sizes in
// their types are bound by what is given.

#include "frontend/Sema/Entries.h"

namespace lamina::sema {

namespace {
class SampleBuilder {
public:
  SampleBuilder(Evaluator &e, FileScope &file, const ast::FunctionDecl &decl)
      : e(e), file(file), decl(decl) {}
  bool build(core::EntryPlan &plan);

private:
  bool addParameter(const ast::Parameter &parameter, core::EntryPlan &plan);
  bool addSetting(const ast::Parameter &parameter);
  bool readDefault(const ast::Expr *written, core::EntryParam &param);
  void addResult(core::EntryPlan &plan, const Value &value);
  bool isBytes(const ast::Type *type);
  core::Vocabulary *vocabularyOf(const ast::Type *type);

  Evaluator &e;
  FileScope &file;
  const ast::FunctionDecl &decl;
  FrameScope *frame = nullptr;
};
} // namespace

/// `id(bytes)`: text on the command line.
bool SampleBuilder::isBytes(const ast::Type *type) {
  auto *tensor = llvm::dyn_cast_or_null<ast::TensorType>(type);
  auto *name = tensor && tensor->bound
                   ? llvm::dyn_cast<ast::NameExpr>(tensor->bound)
                   : nullptr;
  return name && name->name == "bytes";
}

core::Vocabulary *SampleBuilder::vocabularyOf(const ast::Type *type) {
  auto *tensor = llvm::dyn_cast_or_null<ast::TensorType>(type);
  if (!tensor || !tensor->bound || isBytes(type))
    return nullptr;
  Value bound = e.evaluate(tensor->bound);
  return bound.kind == Value::Vocabulary ? bound.vocabulary : nullptr;
}

/// A setting of a command has a value: there is no flag for it.
bool SampleBuilder::addSetting(const ast::Parameter &parameter) {
  Value value = e.evaluate(parameter.value);
  if (value.isError())
    return false;
  frame->bind(parameter.name.text, value, Binding::Setting,
              parameter.name.range);
  return true;
}

/// What a flag is if it is not given; false after a diagnostic.
bool SampleBuilder::readDefault(const ast::Expr *written,
                                core::EntryParam &param) {
  Value initial = e.evaluate(written);
  if (initial.isError())
    return false;
  bool isNumber = initial.kind == Value::Truth || initial.constant() ||
                  (initial.isNumber() && !initial.dim);
  if (!isNumber && !initial.isNone()) {
    e.report(Rule::call_c8, written->range,
             "the default of a flag is one number, and this is " +
                 initial.describe())
        .note("leave it out, or leave the type out: then it is a setting, "
              "and no flag");
    return false;
  }
  if (isNumber)
    param.initial = e.runTime(initial, written->range);
  return true;
}

static int64_t usualSize(const core::EntryParam &param) {
  auto *number = llvm::dyn_cast_or_null<core::Constant>(param.initial);
  return number ? int64_t(number->values[0]) : 1;
}

bool SampleBuilder::addParameter(const ast::Parameter &parameter,
                                 core::EntryPlan &plan) {
  auto *tensor = llvm::dyn_cast<ast::TensorType>(parameter.type);
  if (!tensor || tensor->element == ast::ElementKind::Any) {
    if (parameter.value)
      return addSetting(parameter);
    e.report(Rule::call_c8, parameter.range,
             "a flag of a command is a tensor or a number, and '" +
                 parameter.name.text + "' is none");
    return false;
  }
  core::Type type = e.resolve(parameter.type, [&](ast::Name name) {
    return e.dims.name(name.text, addSize(e, name.text, 1, 1, name.range),
                       name.range);
  });
  if (type.isError())
    return false;
  core::EntryParam param;
  param.local = e.program.makeLocal(core::Local::Param, parameter.name.text,
                                    type, parameter.name.range);
  param.bytes = isBytes(parameter.type);
  param.vocabulary = vocabularyOf(parameter.type);
  if (parameter.value && !readDefault(parameter.value, param))
    return false;
  // Shapes and loops may depend on a whole number: it is a size of the program.
  bool isSize = type.isScalar() && type.elem.isWhole() && !type.elem.high;
  if (isSize)
    param.size = addSize(e, parameter.name.text, 0, usualSize(param),
                         parameter.name.range);
  auto *ref = e.program.make<core::LocalRef>(type, parameter.name.range);
  ref->local = param.local;
  frame->bind(parameter.name.text,
              isSize ? Value::number(param.size, parameter.name.range)
                     : e.runTimeValue(ref),
              Binding::Given, parameter.name.range);
  plan.params.push_back(param);
  return true;
}

void SampleBuilder::addResult(core::EntryPlan &plan, const Value &value) {
  plan.result = e.runTime(value, decl.range);
  if (value.kind == Value::TupleOf && value.names)
    plan.resultNames = *value.names;
  plan.bytes = isBytes(decl.result);
  plan.vocabulary = vocabularyOf(decl.result);
  if (decl.result || !plan.result->type.isTensor())
    return;
  // Without a declared type: ids of what the prompt is made of are text too.
  const core::Elem &elem = plan.result->type.elem;
  for (const core::EntryParam &param : plan.params) {
    const core::Elem &given = param.local->type.elem;
    bool isSame = elem.isWhole() && given.isWhole() && elem.high &&
                  given.high && elem.high.size() == given.high.size();
    plan.bytes |= isSame && param.bytes;
    if (isSame && param.vocabulary)
      plan.vocabulary = param.vocabulary;
  }
}

bool SampleBuilder::build(core::EntryPlan &plan) {
  frame = e.session.make<FrameScope>(&file);
  frame->name = decl.name.text.str();
  frame->call = decl.name.range;
  Context *context = e.session.make<Context>();
  Evaluator::Entry entry(e, context, frame, &plan.body);
  llvm::SaveAndRestore<std::vector<Dim>> facts(e.facts, {});
  llvm::SaveAndRestore<unsigned> version(e.modelVersion, 0);
  llvm::SaveAndRestore<std::vector<core::TrainState *> *> states(e.entryStates,
                                                                 &plan.states);
  e.drawPath = {decl.name.text};
  for (const ast::Parameter &parameter : decl.parameters.list)
    if (!(parameter.isSetting() ? addSetting(parameter)
                                : addParameter(parameter, plan)))
      return false;
  Value value = e.body(decl.body);
  Range range = decl.body.expr ? decl.body.expr->range : decl.range;
  if (decl.result && !value.isError())
    value = e.declare(value, decl.result, range, Rule::call_c4, true);
  if (value.isError())
    return false;
  if (value.isNone()) {
    e.report(Rule::call_c4, decl.name.range,
             "'" + decl.name.text +
                 "' has no result; the last line of its "
                 "block is the result");
    return false;
  }
  addResult(plan, value);
  return !plan.result->type.isError();
}

void evaluateSample(Evaluator &e, FileScope &file,
                    const ast::FunctionDecl &decl) {
  for (const ast::Parameter &parameter : decl.parameters.list)
    if (parameter.isSetting() && !parameter.value)
      return;
  core::EntryPlan plan;
  plan.name = decl.name.text;
  plan.doc = e.program.intern(decl.doc);
  plan.range = decl.name.range;
  if (!isCommandFree(e, plan.name, plan.range))
    return;
  if (SampleBuilder(e, file, decl).build(plan))
    e.program.samples.push_back(std::move(plan));
}

} // namespace lamina::sema
