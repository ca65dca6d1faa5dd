// SPDX-License-Identifier: Apache-2.0
//
// The parts of syntax.

#include "frontend/AST/Walk.h"

#include "frontend/AST/Visitor.h"

using namespace lamina;
using namespace lamina::ast;

//===----------------------------------------------------------------------===//
// Expressions, types
//===----------------------------------------------------------------------===//

namespace {
class BelowWalker : public ExprVisitor<BelowWalker> {
public:
  using Visit = llvm::function_ref<bool(const Expr *)>;
  explicit BelowWalker(Visit enter) : enter(enter) {}

  void go(const Expr *expr) {
    if (expr && enter(expr))
      visit(const_cast<Expr *>(expr));
  }

  void visitError(ErrorExpr *) {}
  void visitNumber(NumberExpr *) {}
  void visitText(TextExpr *) {}
  void visitTruth(TruthExpr *) {}
  void visitNone(NoneExpr *) {}
  void visitEllipsis(EllipsisExpr *) {}
  void visitName(NameExpr *) {}
  void visitRecord(RecordExpr *) {}
  void visitMember(MemberExpr *e) { go(e->base); }
  void visitCall(CallExpr *e) {
    go(e->callee);
    for (const Argument &argument : e->arguments)
      go(argument.value);
  }
  void visitIndex(IndexExpr *e) {
    go(e->base);
    for (const Subscript &entry : e->brackets.entries)
      all({entry.value, entry.low, entry.high});
    all({e->brackets.where, e->brackets.otherwise});
  }
  void visitUnary(UnaryExpr *e) { go(e->operand); }
  void visitBinary(BinaryExpr *e) { all({e->left, e->right}); }
  void visitChoice(ChoiceExpr *e) { all({e->value, e->condition, e->other}); }
  void visitLambda(LambdaExpr *e) { go(e->body); }
  void visitEach(EachExpr *e) { all({e->element, e->list}); }
  void visitParen(ParenExpr *e) { go(e->inner); }
  void visitTuple(TupleExpr *e) {
    for (const TupleEntry &entry : e->entries)
      go(entry.value);
  }
  void visitList(ListExpr *e) { all(e->elements); }
  void visitPipeline(PipelineExpr *e) {
    for (const PipelineStage &stage : e->stages)
      go(stage.value);
  }

private:
  void all(llvm::ArrayRef<Expr *> parts) {
    for (const Expr *part : parts)
      go(part);
  }

  Visit enter;
};
} // namespace

void ast::forEachBelow(const Expr *expr,
                       llvm::function_ref<bool(const Expr *)> visit) {
  BelowWalker(visit).go(expr);
}

void ast::forEachTensor(const Type *type,
                        llvm::function_ref<void(const TensorType &)> visit) {
  if (auto *tensor = llvm::dyn_cast_or_null<TensorType>(type))
    visit(*tensor);
  if (auto *tuple = llvm::dyn_cast_or_null<TupleType>(type))
    for (const TupleTypeEntry &entry : tuple->entries)
      forEachTensor(entry.type, visit);
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

namespace {
class StmtWalker : public StmtVisitor<StmtWalker> {
public:
  using Visit = llvm::function_ref<void(const Expr *)>;
  explicit StmtWalker(Visit report) : report(report) {}

  void visitError(ErrorStmt *) {}
  void visitDefine(DefineStmt *s) {
    all({s->value});
    for (const Target &target : s->targets) {
      sizes(target.type);
      for (const Subscript &entry : target.brackets.entries)
        all({entry.value, entry.low, entry.high});
      all({target.brackets.where, target.brackets.otherwise});
    }
  }
  void visitField(FieldStmt *s) { all({s->value}); }
  void visitUpdate(UpdateStmt *s) { all({s->value}); }
  void visitState(StateStmt *s) {
    for (const Weight &weight : s->weights) {
      sizes(weight.type);
      all({weight.value});
    }
  }
  void visitFor(ForStmt *s) {
    all({s->from, s->to, s->until});
    block(s->body);
  }
  void visitWhen(WhenStmt *s) {
    all({s->condition});
    block(s->body);
  }
  void visitAfter(AfterStmt *s) { block(s->body); }
  void visitPass(PassStmt *s) { all({s->condition}); }
  void visitWhere(WhereStmt *s) { all({s->condition}); }
  void visitAssert(AssertStmt *s) { all({s->condition, s->within}); }
  void visitGiven(GivenStmt *s) { all({s->value}); }
  void visitValue(ValueStmt *s) { all({s->value}); }
  void visitTake(TakeStmt *s) { all({s->data, s->batch, s->by}); }
  void visitMinimize(MinimizeStmt *s) { all({s->loss, s->over, s->with}); }
  void visitReport(ReportStmt *s) { all({s->value, s->on, s->every}); }
  void visitKeep(KeepStmt *s) { all({s->patience}); }
  void visitSteps(StepsStmt *s) { all({s->count}); }
  void visitStage(StageStmt *s) { block(s->body); }
  void visitRepeat(RepeatStmt *s) {
    all({s->count});
    block(s->body);
  }

private:
  void all(llvm::ArrayRef<const Expr *> parts) {
    for (const Expr *part : parts)
      if (part)
        report(part);
  }
  void sizes(const Type *type) {
    forEachTensor(type, [&](const TensorType &tensor) {
      all({tensor.bound});
      for (const Dimension &dimension : tensor.dimensions)
        all({dimension.size});
    });
  }
  void block(const Block *block) {
    for (Stmt *stmt : block->statements)
      visit(stmt);
  }

  Visit report;
};
} // namespace

void ast::forEachExpr(const Stmt *stmt,
                      llvm::function_ref<void(const Expr *)> visit) {
  StmtWalker(visit).visit(const_cast<Stmt *>(stmt));
}
