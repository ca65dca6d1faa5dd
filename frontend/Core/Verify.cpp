// SPDX-License-Identifier: Apache-2.0
//
// What IRGen relies on.
//
// `verify-core`: no error node, types where they have to be equal, alignments
// that ascend, every local defined above its use, every size known. A fault
// found here is ours, never the user's.

#include "frontend/Core/Program.h"
#include "frontend/Core/Walk.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Casting.h"
#include "llvm/Support/raw_ostream.h"

namespace lamina::core {

namespace {

class Verifier {
public:
  std::string program(const Program &program);

private:
  void expr(const Expr *e);
  void operands(const Expr &e);
  void statements(llvm::ArrayRef<Stmt *> statements);
  void define(const Local *local) { defined.insert(local); }
  void type(const Type &type, const Expr *e);
  void alignment(const Alignment &alignment, const Expr *operand,
                 const Expr *e);
  void subscripts(const Element &element);
  void loop(const Loop &loop);
  void fail(const Expr *e, llvm::StringRef what);
  void entry(llvm::ArrayRef<Stmt *> body, const Expr *result);
  void train(const TrainPlan &train);

  llvm::DenseSet<const Local *> defined;
  std::string where, message;
};

} // namespace

void Verifier::fail(const Expr *e, llvm::StringRef what) {
  if (!message.empty())
    return;
  llvm::raw_string_ostream os(message);
  os << where << ": " << what << " in ";
  if (e)
    print(*e, os);
}

void Verifier::type(const Type &type, const Expr *e) {
  if (type.isError())
    return fail(e, "an error");
  for (const Axis &axis : type.axes) {
    if (!axis.dim)
      return fail(e, "an axis without a dim");
    for (const Monomial &m : axis.size().monomials())
      for (auto &power : m.powers)
        if (power.atom->kind == Atom::Cell || power.atom->kind == Atom::Index ||
            power.atom->kind == Atom::Value)
          return fail(e, "a size that is not of the program");
  }
  for (const Type &part : type.parts)
    this->type(part, e);
}

void Verifier::alignment(const Alignment &alignment, const Expr *operand,
                         const Expr *e) {
  if (alignment.size() != operand->type.rank())
    return fail(e, "an alignment of another rank");
  for (unsigned i = 0; i < alignment.size(); ++i) {
    if (alignment[i] >= e->type.rank() ||
        (i && alignment[i] <= alignment[i - 1]))
      return fail(e, "an alignment that does not ascend");
  }
}

void Verifier::subscripts(const Element &element) {
  if (element.subscripts.size() != element.base->type.rank())
    return fail(&element, "an access of another rank");
  unsigned kept = 0;
  for (const Subscript &s : element.subscripts) {
    kept += s.kind == Subscript::All || s.kind == Subscript::Slice;
    if (s.kind == Subscript::ByValue && !s.value)
      return fail(&element, "a subscript without a value");
  }
  if (kept != element.type.rank())
    fail(&element, "an access whose type has other axes");
  if ((element.proof == Proof::Else) != (element.otherwise != nullptr))
    fail(&element, "an access whose proof is not its else");
}

void Verifier::loop(const Loop &loop) {
  for (const Loop::Carry &carry : loop.carries) {
    expr(carry.init);
    define(carry.local);
  }
  if (loop.until)
    expr(loop.until);
  statements(loop.body);
  for (const Loop::Carry &carry : loop.carries) {
    expr(carry.next);
    if (!carry.local->type.isTree() &&
        !sameSizes(carry.local->type, carry.next->type))
      fail(&loop, "a carry that changes its type");
  }
  for (const Loop::Collected &collected : loop.collected)
    expr(collected.value);
}

void Verifier::operands(const Expr &e) {
  if (auto *x = llvm::dyn_cast<Elementwise>(&e)) {
    for (auto [i, operand] : llvm::enumerate(x->operands)) {
      alignment(x->alignments[i], operand, x);
      if (operand->type.elem.kind != x->operands[0]->type.elem.kind)
        fail(x, "operands of different kinds");
    }
  } else if (auto *x = llvm::dyn_cast<Choice>(&e)) {
    alignment(x->conditionAlignment, x->condition, x);
    alignment(x->yesAlignment, x->yes, x);
    alignment(x->noAlignment, x->no, x);
    if (x->yes->type.elem.kind != x->no->type.elem.kind)
      fail(x, "sides of different kinds");
  } else if (auto *x = llvm::dyn_cast<Element>(&e)) {
    subscripts(*x);
  } else if (auto *x = llvm::dyn_cast<Call>(&e)) {
    if (x->args.size() != x->callee->params.size() ||
        x->captures.size() != x->callee->captures.size())
      return fail(x, "a call with other arguments");
    for (auto [arg, param] : llvm::zip(x->args, x->callee->params))
      if (!sameSizes(arg->type, param->type))
        fail(x, "an argument of another type");
  } else if (auto *x = llvm::dyn_cast<MatMul>(&e)) {
    if (x->left->type.axes.back().size() != x->right->type.axes.front().size())
      fail(x, "a product of different sizes");
  }
}

void Verifier::expr(const Expr *e) {
  if (!message.empty())
    return;
  if (!e)
    return fail(nullptr, "a missing expression");
  if (e->kind == ExprKind::Error)
    return fail(e, "an error node");
  if (e->kind != ExprKind::TreeSelf)
    type(e->type, e);
  if (auto *ref = llvm::dyn_cast<LocalRef>(e))
    if (!defined.contains(ref->local))
      return fail(e, "a local that is not defined above");
  operands(*e);
  if (auto *x = llvm::dyn_cast<Loop>(e))
    return loop(*x);
  if (auto *x = llvm::dyn_cast<Block>(e)) {
    statements(x->statements);
    return x->result ? expr(x->result) : void();
  }
  if (auto *x = llvm::dyn_cast<Copies>(e)) {
    define(x->copy);
    define(x->carry);
  }
  if (auto *x = llvm::dyn_cast<Trained>(e))
    define(x->current);
  forEachOperand(*e, [&](const Expr *operand) { expr(operand); });
}

void Verifier::statements(llvm::ArrayRef<Stmt *> statements) {
  for (const Stmt *stmt : statements) {
    if (auto *let = llvm::dyn_cast<Let>(stmt)) {
      expr(let->value);
      define(let->local);
    } else if (auto *batch = llvm::dyn_cast<Batch>(stmt)) {
      for (const Local *field : batch->fields)
        define(field);
    } else if (auto *repeat = llvm::dyn_cast<RepeatSteps>(stmt)) {
      this->statements(repeat->statements);
    } else {
      forEachExpr(*stmt, [&](const Expr *e) { expr(e); });
    }
  }
}

void Verifier::entry(llvm::ArrayRef<Stmt *> body, const Expr *result) {
  statements(body);
  if (result)
    expr(result);
}

void Verifier::train(const TrainPlan &train) {
  where = "train " + train.name.str();
  for (const StagePlan &stage : train.stages) {
    statements(stage.body);
    for (const ReportPlan &report : stage.reports) {
      statements(report.body);
      for (const ReportPlan::Part &part : report.parts) {
        expr(part.value);
        define(part.whole);
      }
      statements(report.after);
      if (report.result)
        expr(report.result);
    }
  }
}

std::string Verifier::program(const Program &program) {
  for (const FunctionInstance &f : program.functions) {
    if (!f.body)
      continue; // an attempt that was only asked whether it works
    where = "layer " + (f.layer ? f.layer->name.str() : std::string());
    for (const Local *local : f.params)
      define(local);
    for (const Local *local : f.captures)
      define(local);
    expr(f.body);
  }
  for (const LayerInstance &layer : program.layers)
    for (const Member &member : layer.members) {
      where = "layer " + layer.name.str() + "." + member.name.str();
      if (member.initial.value && !member.initial.fromBatch)
        expr(member.initial.value);
    }
  for (const TrainPlan &plan : program.trains)
    train(plan);
  for (const EntryPlan &plan : program.samples) {
    where = "sample " + plan.name.str();
    for (const EntryParam &param : plan.params)
      define(param.local);
    entry(plan.body, plan.result);
  }
  for (const TestPlan &plan : program.tests) {
    where = "test '" + plan.name + "'";
    entry(plan.body, nullptr);
  }
  return message;
}

std::string verify(const Program &program) {
  return Verifier().program(program);
}

} // namespace lamina::core
