// SPDX-License-Identifier: Apache-2.0
//
// Names that syntax mentions.

#include "frontend/Sema/Mentions.h"

#include "frontend/AST/Visitor.h"

namespace lamina::sema {

namespace {
/// Calls `visit` with every name; `bound` with the indices of reductions.
class Walker : public ast::ExprVisitor<Walker> {
public:
  using Names = std::set<llvm::StringRef>;
  Walker(Names &names, Names *bound) : names(names), bound(bound) {}

  void go(const ast::Expr *expr) {
    if (expr)
      visit(const_cast<ast::Expr *>(expr));
  }
  void visitError(ast::ErrorExpr *) {}
  void visitNumber(ast::NumberExpr *) {}
  void visitText(ast::TextExpr *) {}
  void visitTruth(ast::TruthExpr *) {}
  void visitNone(ast::NoneExpr *) {}
  void visitEllipsis(ast::EllipsisExpr *) {}
  void visitName(ast::NameExpr *e) { names.insert(e->name); }
  void visitRecord(ast::RecordExpr *) {}
  void visitMember(ast::MemberExpr *e) { go(e->base); }
  void visitCall(ast::CallExpr *e);
  void visitIndex(ast::IndexExpr *e) {
    go(e->base);
    goBrackets(e->brackets);
  }
  void visitUnary(ast::UnaryExpr *e) { go(e->operand); }
  void visitBinary(ast::BinaryExpr *e) {
    go(e->left);
    go(e->right);
  }
  void visitChoice(ast::ChoiceExpr *e) {
    go(e->value);
    go(e->condition);
    go(e->other);
  }
  void visitLambda(ast::LambdaExpr *e) { go(e->body); }
  void visitEach(ast::EachExpr *e) {
    go(e->element);
    go(e->list);
  }
  void visitParen(ast::ParenExpr *e) { go(e->inner); }
  void visitTuple(ast::TupleExpr *e) {
    for (const ast::TupleEntry &entry : e->entries)
      go(entry.value);
  }
  void visitList(ast::ListExpr *e) {
    for (ast::Expr *element : e->elements)
      go(element);
  }
  void visitPipeline(ast::PipelineExpr *e) {
    for (const ast::PipelineStage &stage : e->stages) {
      go(stage.value);
      go(stage.on);
    }
  }
  void goBrackets(const ast::Brackets &brackets) {
    for (const ast::Subscript &entry : brackets.entries) {
      go(entry.value);
      go(entry.low);
      go(entry.high);
    }
    go(brackets.where);
    go(brackets.otherwise);
  }

private:
  Names &names;
  Names *bound;
};
} // namespace

/// `sum[i, j < 2](…)`: i and j.
void Walker::visitCall(ast::CallExpr *e) {
  if (auto *index = llvm::dyn_cast<ast::IndexExpr>(e->callee); index && bound)
    for (const ast::Subscript &entry : index->brackets.entries) {
      const ast::Expr *at = entry.value;
      if (auto *less = llvm::dyn_cast_or_null<ast::BinaryExpr>(at))
        at = less->left;
      if (auto *name = llvm::dyn_cast_or_null<ast::NameExpr>(at))
        bound->insert(name->name);
    }
  go(e->callee);
  for (const ast::Argument &argument : e->arguments) {
    go(argument.value);
    go(argument.over);
  }
}

void addMentions(const ast::Expr *expr, std::set<llvm::StringRef> &names) {
  Walker(names, nullptr).go(expr);
}

void addMentions(const ast::Type *type, std::set<llvm::StringRef> &names) {
  if (auto *tuple = llvm::dyn_cast_or_null<ast::TupleType>(type)) {
    for (const ast::TupleTypeEntry &entry : tuple->entries)
      addMentions(entry.type, names);
    return;
  }
  auto *tensor = llvm::dyn_cast_or_null<ast::TensorType>(type);
  if (!tensor)
    return;
  addMentions(tensor->bound, names);
  for (const ast::Dimension &dimension : tensor->dimensions)
    addMentions(dimension.size, names);
}

static void addMentions(const ast::Block *block,
                        std::set<llvm::StringRef> &names) {
  for (const ast::Stmt *stmt : block->statements)
    addMentions(stmt, names);
}

void addMentions(const ast::Stmt *stmt, std::set<llvm::StringRef> &names) {
  if (auto *s = llvm::dyn_cast<ast::DefineStmt>(stmt)) {
    addMentions(s->value, names);
    for (const ast::Target &target : s->targets) {
      addMentions(target.type, names);
      Walker(names, nullptr).goBrackets(target.brackets);
    }
  } else if (auto *s = llvm::dyn_cast<ast::FieldStmt>(stmt)) {
    addMentions(s->value, names);
  } else if (auto *s = llvm::dyn_cast<ast::UpdateStmt>(stmt)) {
    addMentions(s->value, names);
  } else if (auto *s = llvm::dyn_cast<ast::StateStmt>(stmt)) {
    for (const ast::Weight &weight : s->weights) {
      addMentions(weight.value, names);
      addMentions(weight.type, names);
    }
  } else if (auto *s = llvm::dyn_cast<ast::ForStmt>(stmt)) {
    for (const ast::Expr *part : {s->from, s->to, s->until})
      addMentions(part, names);
    addMentions(s->body, names);
  } else if (auto *s = llvm::dyn_cast<ast::WhenStmt>(stmt)) {
    addMentions(s->condition, names);
    addMentions(s->body, names);
  } else if (auto *s = llvm::dyn_cast<ast::ValueStmt>(stmt)) {
    addMentions(s->value, names);
  } else if (auto *s = llvm::dyn_cast<ast::TakeStmt>(stmt)) {
    addMentions(s->by, names);
  } else if (auto *s = llvm::dyn_cast<ast::MinimizeStmt>(stmt)) {
    addMentions(s->loss, names);
  } else if (auto *s = llvm::dyn_cast<ast::ReportStmt>(stmt)) {
    addMentions(s->value, names);
  } else if (auto *s = llvm::dyn_cast<ast::StageStmt>(stmt)) {
    addMentions(s->body, names);
  } else if (auto *s = llvm::dyn_cast<ast::RepeatStmt>(stmt)) {
    addMentions(s->body, names);
  }
}

void addDefinitions(const ast::Stmt *stmt, std::set<llvm::StringRef> &names) {
  if (auto *define = llvm::dyn_cast<ast::DefineStmt>(stmt)) {
    for (const ast::Target &target : define->targets)
      names.insert(target.name.text);
  } else if (auto *loop = llvm::dyn_cast<ast::ForStmt>(stmt)) {
    for (const ast::Stmt *line : loop->body->statements)
      addDefinitions(line, names);
  }
}

bool mentions(const ast::Expr *expr, llvm::StringRef name) {
  std::set<llvm::StringRef> names;
  addMentions(expr, names);
  return names.count(name) != 0;
}

std::vector<llvm::StringRef>
freeIndices(const ast::Expr *expr, llvm::ArrayRef<llvm::StringRef> names) {
  std::set<llvm::StringRef> mentioned, bound;
  Walker(mentioned, &bound).go(expr);
  std::vector<llvm::StringRef> found;
  for (llvm::StringRef name : names)
    if (mentioned.count(name) && !bound.count(name))
      found.push_back(name);
  return found;
}

} // namespace lamina::sema
