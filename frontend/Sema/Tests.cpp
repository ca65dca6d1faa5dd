// SPDX-License-Identifier: Apache-2.0
//
// Samples and tests as entries.
//
// A sample becomes a subcommand whose typed parameters are flags; the sizes in
// their types are bound by what is given. A test is an entry in float64.

#include "frontend/Sema/Entries.h"

#include <set>

namespace lamina::sema {

//===-- Samples
//-----------------------------------------------------------------===//

namespace {
class SampleBuilder {
public:
  SampleBuilder(Evaluator &e, FileScope &file, const ast::FunctionDecl &decl)
      : e(e), file(file), decl(decl) {}
  bool build(core::EntryPlan &plan);

private:
  bool addParameter(const ast::Parameter &parameter, core::EntryPlan &plan);
  bool addSetting(const ast::Parameter &parameter);
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
  if (parameter.value) {
    Value initial = e.evaluate(parameter.value);
    if (initial.isError())
      return false;
    if (!initial.isNone())
      param.initial = e.runTime(initial, parameter.value->range);
  }
  // Shapes and loops may depend on a whole number: it is a size of the program.
  bool isSize = type.isScalar() && type.elem.isWhole() && !type.elem.high;
  if (isSize) {
    auto *number = llvm::dyn_cast_or_null<core::Constant>(param.initial);
    int64_t usual = number ? int64_t(number->values[0]) : 1;
    param.size =
        addSize(e, parameter.name.text, 0, usual, parameter.name.range);
  }
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
  plan.range = decl.name.range;
  if (SampleBuilder(e, file, decl).build(plan))
    e.program.samples.push_back(std::move(plan));
}

//===-- Tests
//---------------------------------------------------------------------===//

namespace {
class TestBuilder {
public:
  TestBuilder(Evaluator &e, FileScope &file, const ast::TestDecl &decl,
              core::TestPlan &plan)
      : e(e), file(file), decl(decl), plan(plan) {}
  bool build();

private:
  bool item(const ast::Stmt *stmt);
  void check(const ast::AssertStmt &stmt);
  void given(const ast::GivenStmt &stmt);
  void checkDrawn(const core::Given &given);
  /// Both sides at the same axes and of one kind.
  bool compare(const ast::AssertStmt &stmt, const ast::BinaryExpr &equal,
               core::Assert &node);

  Evaluator &e;
  FileScope &file;
  const ast::TestDecl &decl;
  core::TestPlan &plan;
};
} // namespace

bool TestBuilder::compare(const ast::AssertStmt &stmt,
                          const ast::BinaryExpr &equal, core::Assert &node) {
  Value left = e.evaluate(equal.left), right = e.evaluate(equal.right);
  if (left.isError() || right.isError())
    return false;
  // Meeting is checked, and broadcasting done, by the comparison itself.
  Value compared = e.binary(core::Primitive::Eq, left, right, equal.range,
                            equal.left, equal.right);
  if (compared.isError())
    return false;
  node.comparison = core::Primitive::Eq;
  auto *made = llvm::dyn_cast_or_null<core::Elementwise>(compared.expr);
  if (!made || made->operands.size() != 2) {
    node.actual = e.runTime(compared, equal.range); // decided while compiling
    return true;
  }
  core::Type type = made->type;
  auto side = [&](unsigned i) {
    core::Expr *operand = made->operands[i];
    type.elem = operand->type.elem;
    if (operand->type.rank() == type.rank())
      return operand;
    auto *wide = e.program.make<core::Broadcast>(type, operand->range);
    wide->operand = operand;
    wide->alignment = made->alignments[i];
    return static_cast<core::Expr *>(wide);
  };
  node.actual = side(0);
  node.wanted = side(1);
  return true;
}

void TestBuilder::check(const ast::AssertStmt &stmt) {
  auto *node = e.program.makeStmt<core::Assert>(stmt.range);
  const ast::Expr *condition =
      ast::withoutParens(const_cast<ast::Expr *>(stmt.condition));
  auto *equal = llvm::dyn_cast<ast::BinaryExpr>(condition);
  if (equal && equal->op == ast::BinaryOp::Equal) {
    if (!compare(stmt, *equal, *node))
      return;
  } else {
    if (stmt.within) {
      e.report(Rule::test_c1, stmt.within->range,
               "'within' belongs to 'a == b'");
      return;
    }
    Value value = e.evaluate(condition);
    if (value.isError())
      return;
    node->actual = e.runTime(value, condition->range);
    if (!node->actual->type.isTensor() || !node->actual->type.elem.isTruth()) {
      e.report(Rule::test_c1, condition->range,
               "what is asserted is true or false, and this is " +
                   value.describe());
      return;
    }
  }
  if (stmt.within && node->wanted)
    node->tolerance = e.runTime(stmt.within);
  e.statements->push_back(node);
}

void TestBuilder::given(const ast::GivenStmt &stmt) {
  std::string path;
  for (const ast::Name &name : stmt.place.names)
    path += (path.empty() ? "" : ".") + name.text.str();
  Value value = e.evaluate(stmt.value);
  if (value.isError())
    return;
  plan.givens.push_back(
      {path, e.runTime(value, stmt.value->range), stmt.range});
}

/// What is given replaces a draw that was met.
void TestBuilder::checkDrawn(const core::Given &given) {
  std::set<std::string> drawn;
  for (const auto &[place, count] : e.drawCounts)
    for (unsigned i = 1; i <= count; ++i)
      drawn.insert(i == 1 ? place.second
                          : place.second + "." + std::to_string(i));
  if (drawn.count(given.path))
    return;
  for (const std::string &path : drawn)
    if (llvm::StringRef(given.path).ends_with("." + path)) {
      e.notSupported(given.range, "'given' for a draw inside of a layer");
      return;
    }
  Diagnostic &diag =
      e.report(Rule::test_c2, given.range,
               "nothing draws '" + llvm::Twine(given.path) + "'");
  if (drawn.empty())
    return;
  std::string list;
  for (const std::string &path : drawn)
    list += (list.empty() ? "'" : ", '") + path + "'";
  diag.note("drawn are " + list);
}

bool TestBuilder::item(const ast::Stmt *stmt) {
  if (auto *check = llvm::dyn_cast<ast::AssertStmt>(stmt))
    this->check(*check);
  else if (auto *given = llvm::dyn_cast<ast::GivenStmt>(stmt))
    this->given(*given);
  else
    return false;
  return true;
}

bool TestBuilder::build() {
  FrameScope *frame = e.session.make<FrameScope>(&file);
  frame->name = "test";
  Context *context = e.session.make<Context>();
  Evaluator::Entry entry(e, context, frame, &plan.body);
  llvm::SaveAndRestore<std::vector<Dim>> facts(e.facts, {});
  llvm::SaveAndRestore<unsigned> version(e.modelVersion, 0);
  llvm::SaveAndRestore<std::vector<core::TrainState *> *> states(e.entryStates,
                                                                 &plan.states);
  llvm::SaveAndRestore<std::function<bool(const ast::Stmt *)>> hook(
      e.entryStatement, [this](const ast::Stmt *stmt) { return item(stmt); });
  e.drawPath.clear();
  unsigned errors = e.session.diags.getNumErrors();
  for (const ast::Stmt *stmt : decl.body->statements)
    e.statement(stmt);
  for (const core::Given &given : plan.givens)
    checkDrawn(given);
  return e.session.diags.getNumErrors() == errors;
}

void evaluateTest(Evaluator &e, FileScope &file, const ast::TestDecl &decl) {
  core::TestPlan plan;
  plan.name = decl.title->value.str();
  plan.range = decl.title->range;
  if (TestBuilder(e, file, decl, plan).build())
    e.program.tests.push_back(std::move(plan));
}

} // namespace lamina::sema
