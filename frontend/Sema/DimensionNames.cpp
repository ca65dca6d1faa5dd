// SPDX-License-Identifier: Apache-2.0
//
// New dimensions that look like mistakes.
//
// Phase 3, on the user's files, without evaluation: a name in a signature that
// is bound by nothing else and is one or two letters away from a name in scope,
// and a constant of one letter that is used as a dimension.

#include "frontend/Sema/DimensionNames.h"

#include "frontend/AST/Walk.h"

namespace lamina::sema {

namespace {

/// One signature: the names in its types, and what is in scope.
class Signature {
public:
  Signature(Session &session, FileScope &file) : session(session), file(file) {}

  void addSettings(const ast::Parameters &settings);
  void check(const ast::FunctionDecl &decl);

private:
  void collect(const ast::Type *type);
  void collect(const ast::Expr *expr);
  void countNames(const ast::Body &body);
  void countNames(const ast::Expr *expr);
  void compare(ast::Name name);

  Session &session;
  FileScope &file;
  llvm::MapVector<Symbol, ast::Name> found; ///< first place of each
  llvm::MapVector<Symbol, unsigned> counts;
  std::vector<ast::Name> known; ///< settings
};

} // namespace

void Signature::addSettings(const ast::Parameters &settings) {
  for (const ast::Parameter &setting : settings.list)
    if (setting.isSetting())
      known.push_back(setting.name);
}

static void forEachName(const ast::Expr *expr,
                        llvm::function_ref<void(const ast::NameExpr *)> visit) {
  ast::forEachBelow(expr, [&](const ast::Expr *part) {
    if (auto *name = llvm::dyn_cast<ast::NameExpr>(part))
      visit(name);
    return true;
  });
}

void Signature::collect(const ast::Expr *expr) {
  forEachName(expr, [&](const ast::NameExpr *name) {
    found.insert({name->name, {name->name, name->range}});
  });
  countNames(expr);
}

void Signature::collect(const ast::Type *type) {
  ast::forEachTensor(type, [&](const ast::TensorType &tensor) {
    collect(tensor.bound);
    for (const ast::Dimension &dimension : tensor.dimensions)
      collect(dimension.size);
  });
}

void Signature::countNames(const ast::Expr *expr) {
  forEachName(expr, [&](const ast::NameExpr *name) { ++counts[name->name]; });
}

void Signature::countNames(const ast::Body &body) {
  countNames(body.expr);
  if (body.block)
    for (const ast::Stmt *stmt : body.block->statements)
      ast::forEachExpr(stmt, [&](const ast::Expr *expr) { countNames(expr); });
}

void Signature::compare(ast::Name name) {
  auto near = [&](ast::Name other, llvm::StringRef what) {
    bool close = name.text.size() > 3 && other.text.size() > 3 &&
                 name.text.edit_distance(other.text, true, 3) <= 2;
    if (!close)
      return false;
    session
        .report(Rule::dim_w1, name.range,
                "'" + name.text + "' is a new dimension; did you mean the " +
                    what + " '" + other.text + "'?")
        .note(other.range, "'" + other.text + "' is declared here");
    return true;
  };
  for (const ast::Name &other : known)
    if (near(other, "setting"))
      return;
  for (auto &entry : file.decls)
    if (auto *constant = llvm::dyn_cast<ast::ConstDecl>(entry.second))
      if (near(constant->name, "constant"))
        return;
}

void Signature::check(const ast::FunctionDecl &decl) {
  addSettings(decl.parameters);
  for (const ast::Parameter &parameter : decl.parameters.list)
    collect(parameter.type);
  collect(decl.result);
  countNames(decl.body);
  for (auto &[symbol, name] : found) {
    auto isThis = [&, text = symbol](const ast::Name &other) {
      return other.text == text;
    };
    if (llvm::any_of(known, isThis))
      continue;
    auto *constant =
        llvm::dyn_cast_or_null<ast::ConstDecl>(file.decls.lookup(symbol));
    if (constant && symbol.size() == 1) {
      session
          .report(Rule::dim_w2, name.range,
                  "'" + symbol +
                      "' is the constant of this file here, not a "
                      "new dimension")
          .note(constant->name.range, "'" + symbol + "' is declared here")
          .note("give one of them a longer name");
      continue;
    }
    if (!constant && !file.decls.count(symbol) && counts[symbol] == 1)
      compare(name);
  }
}

void checkDimensionNames(Session &session, FileScope &file) {
  for (ast::Decl *decl : file.ast.decls) {
    if (auto *function = llvm::dyn_cast<ast::FunctionDecl>(decl)) {
      Signature(session, file).check(*function);
      continue;
    }
    auto *layer = llvm::dyn_cast<ast::LayerDecl>(decl);
    if (!layer)
      continue;
    for (const ast::Decl *member : layer->members)
      if (auto *call = llvm::dyn_cast<ast::FunctionDecl>(member)) {
        Signature signature(session, file);
        signature.addSettings(layer->settings);
        signature.check(*call);
      }
  }
}

} // namespace lamina::sema
