// SPDX-License-Identifier: Apache-2.0
//
// Names in bodies that no entry reaches.
//
// Bodies are evaluated where they are called, so that one that nobody calls, or
// the side of a choice that no setting takes, would hide a misspelt name. This
// walk knows no order and no blocks: a name that its declaration binds anywhere
// counts as bound, and what is left is bound nowhere.

#include "frontend/Sema/BodyNames.h"

#include "frontend/AST/Walk.h"

namespace lamina::sema {

using ast::forEachBelow;

namespace {

/// The names that one declaration binds, and those that it uses.
class BodyNames {
public:
  BodyNames(Evaluator &e, FileScope &file) : e(e), file(file) {}
  void check(const ast::Decl *decl);

private:
  void bind(ast::Name name) { bound.insert(name.text); }
  void bindNamesOf(const ast::Expr *expr);
  void bind(const ast::Type *type);
  void bind(const ast::Brackets &brackets);
  void bind(const ast::Parameters &parameters);

  void add(const ast::Expr *expr);
  void add(const ast::Body &body);
  void add(const ast::Block *block);
  void add(const ast::Stmt *stmt);
  void add(llvm::ArrayRef<ast::Weight> weights);
  void add(const ast::FunctionDecl &decl);
  void add(const ast::LayerDecl &decl);
  bool isKnown(Symbol name);

  Evaluator &e;
  FileScope &file;
  llvm::DenseSet<Symbol> bound;
  std::vector<const ast::NameExpr *> used;
};

} // namespace

//===-- Bound -------------------------------------------------------------===//

void BodyNames::bindNamesOf(const ast::Expr *expr) {
  forEachBelow(expr, [&](const ast::Expr *part) {
    if (auto *name = llvm::dyn_cast<ast::NameExpr>(part))
      bound.insert(name->name);
    return true;
  });
}

/// A name in a type that nothing else declares is a new dimension.
void BodyNames::bind(const ast::Type *type) {
  ast::forEachTensor(type, [&](const ast::TensorType &tensor) {
    bindNamesOf(tensor.bound);
    for (const ast::Dimension &dimension : tensor.dimensions) {
      bind(dimension.name);
      bindNamesOf(dimension.size);
    }
  });
}

/// Indices on the left of a definition, after a reduction, of a mask.
void BodyNames::bind(const ast::Brackets &brackets) {
  for (const ast::Subscript &entry : brackets.entries)
    forEachBelow(entry.value, [&](const ast::Expr *part) {
      if (auto *less = llvm::dyn_cast<ast::BinaryExpr>(part)) {
        bindNamesOf(less->left);
        add(less->right);
        return false;
      }
      if (auto *name = llvm::dyn_cast<ast::NameExpr>(part))
        bound.insert(name->name);
      return true;
    });
  add(brackets.where);
  add(brackets.otherwise);
}

void BodyNames::bind(const ast::Parameters &parameters) {
  for (const ast::Parameter &parameter : parameters.list) {
    bind(parameter.name);
    bind(parameter.type);
    add(parameter.value);
  }
}

//===-- Used --------------------------------------------------------------===//

void BodyNames::add(const ast::Expr *expr) {
  forEachBelow(expr, [&](const ast::Expr *part) {
    if (auto *name = llvm::dyn_cast<ast::NameExpr>(part))
      used.push_back(name);
    else if (auto *lambda = llvm::dyn_cast<ast::LambdaExpr>(part))
      llvm::for_each(lambda->parameters, [&](ast::Name name) { bind(name); });
    else if (auto *each = llvm::dyn_cast<ast::EachExpr>(part))
      bind(each->name);
    else if (auto *call = llvm::dyn_cast<ast::CallExpr>(part))
      if (auto *index = llvm::dyn_cast<ast::IndexExpr>(call->callee))
        bind(index->brackets);
    return true;
  });
}

void BodyNames::add(const ast::Body &body) {
  add(body.expr);
  add(body.block);
}

void BodyNames::add(const ast::Block *block) {
  if (block)
    for (const ast::Stmt *stmt : block->statements)
      add(stmt);
}

void BodyNames::add(llvm::ArrayRef<ast::Weight> weights) {
  for (const ast::Weight &weight : weights) {
    bind(weight.name);
    bind(weight.type);
    add(weight.value);
  }
}

void BodyNames::add(const ast::Stmt *stmt) {
  if (auto *s = llvm::dyn_cast<ast::DefineStmt>(stmt)) {
    for (const ast::Target &target : s->targets) {
      bind(target.name);
      bind(target.type);
      bind(target.brackets);
    }
    add(s->value);
  } else if (auto *s = llvm::dyn_cast<ast::FieldStmt>(stmt)) {
    llvm::for_each(s->names, [&](ast::Name name) { bind(name); });
    add(s->value);
  } else if (auto *s = llvm::dyn_cast<ast::UpdateStmt>(stmt)) {
    add(s->value);
  } else if (auto *s = llvm::dyn_cast<ast::StateStmt>(stmt)) {
    add(s->weights);
  } else if (auto *s = llvm::dyn_cast<ast::ForStmt>(stmt)) {
    bind(s->name);
    for (const ast::Expr *part : {s->from, s->to, s->until})
      add(part);
    add(s->body);
  } else if (auto *s = llvm::dyn_cast<ast::WhenStmt>(stmt)) {
    add(s->condition);
    add(s->body);
  } else if (auto *s = llvm::dyn_cast<ast::AfterStmt>(stmt)) {
    add(s->body);
  } else if (auto *s = llvm::dyn_cast<ast::PassStmt>(stmt)) {
    add(s->condition);
  } else if (auto *s = llvm::dyn_cast<ast::AssertStmt>(stmt)) {
    add(s->condition);
    add(s->within);
  } else if (auto *s = llvm::dyn_cast<ast::GivenStmt>(stmt)) {
    add(s->value);
  } else if (auto *s = llvm::dyn_cast<ast::ValueStmt>(stmt)) {
    add(s->value);
  }
}

void BodyNames::add(const ast::FunctionDecl &decl) {
  bind(decl.parameters);
  bind(decl.brackets);
  bind(decl.result);
  if (decl.functionKind == ast::FunctionKind::Score)
    bound.insert("s"); // the raw score
  add(decl.body);
}

void BodyNames::add(const ast::LayerDecl &decl) {
  bound.insert("self");
  bind(decl.settings);
  for (const ast::Decl *member : decl.members) {
    if (auto *field = llvm::dyn_cast<ast::FieldDecl>(member)) {
      llvm::for_each(field->names, [&](ast::Name name) { bind(name); });
      add(field->value);
      add(field->when);
    } else if (auto *weight = llvm::dyn_cast<ast::WeightDecl>(member)) {
      add(weight->weights);
      add(weight->when);
    } else if (auto *function = llvm::dyn_cast<ast::FunctionDecl>(member)) {
      if (function->name)
        bind(function->name);
      add(*function);
    }
  }
}

//===-- Checked -----------------------------------------------------------===//

bool BodyNames::isKnown(Symbol name) {
  return bound.contains(name) || e.session.findDecl(file, name).second ||
         e.session.lookUp(file, name, e);
}

void BodyNames::check(const ast::Decl *decl) {
  if (auto *layer = llvm::dyn_cast<ast::LayerDecl>(decl)) {
    add(*layer);
  } else if (auto *function = llvm::dyn_cast<ast::FunctionDecl>(decl)) {
    add(*function);
  } else if (auto *optimizer = llvm::dyn_cast<ast::OptimizerDecl>(decl)) {
    for (const char *word : {"w", "g", "t", "rate", "h", "final"})
      bound.insert(word);
    bind(optimizer->settings);
    bind(optimizer->weightType);
    add(optimizer->body);
  } else if (auto *test = llvm::dyn_cast<ast::TestDecl>(decl)) {
    add(test->body);
  }
  for (const ast::NameExpr *name : used) {
    if (isKnown(name->name))
      continue;
    Diagnostic &d = e.session.report(Rule::name_c1, name->range,
                                     "no '" + name->name + "' here");
    if (auto names = e.session.similar(file, name->name); !names.empty())
      d.note("did you mean '" + names.front() + "'?");
    bound.insert(name->name); // said once
  }
}

void checkBodyNames(Evaluator &evaluator, FileScope &file) {
  for (const ast::Decl *decl : file.ast.decls)
    BodyNames(evaluator, file).check(decl);
}

} // namespace lamina::sema
