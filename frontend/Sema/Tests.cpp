// SPDX-License-Identifier: Apache-2.0
//
// Tests as entries.
//
// A test is an entry in float64 whose asserts are checks; `given` takes the
// place of its draws.

#include "frontend/Sema/Entries.h"

#include <set>

namespace lamina::sema {

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
