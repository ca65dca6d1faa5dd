// SPDX-License-Identifier: Apache-2.0
//
// Indices of one definition or reduction.
//
// The new indices of one construct, their scope, and the search for their
// ranges: `i < n`; else the dimension of its name; else the axes where it
// stands alone; else what it is compared with by `==`.

#ifndef LAMINA_FRONTEND_SEMA_INDEXING_H
#define LAMINA_FRONTEND_SEMA_INDEXING_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

/// Whether `...` in brackets stands for something here; reports if not.
bool checkPack(Evaluator &e, Range range);

class Indexing {
public:
  Indexing(Evaluator &e, core::IndexVar::Kind kind)
      : e(e), scope(e.session.make<Scope>(Scope::Indices, e.scope)),
        kind(kind) {}

  /// Adds an index as written; false after a diagnostic.
  bool addIndex(const ast::Expr *expr,
                llvm::SmallVectorImpl<core::IndexVar *> &group);
  void findRanges(llvm::ArrayRef<const ast::Expr *> exprs);
  /// Says which index has no range; false if there is one.
  bool finish();
  void enterFacts();
  void setRange(core::IndexVar &var, Dim low, Dim extent);

  Evaluator &e;
  Scope *scope;
  const core::IndexVar::Kind kind;
  llvm::SmallVector<core::IndexVar *, 4> all;
  llvm::SmallVector<core::IndexVar *, 4> packIndices;
  llvm::DenseMap<core::IndexVar *, core::IndexValue *> values;

private:
  core::IndexVar *make(Symbol name, Range range);
  void addPack(Range range, llvm::SmallVectorImpl<core::IndexVar *> &group);
  bool readBound(core::IndexVar &var, const ast::Expr *bound);
  core::IndexVar *ownIndex(const ast::Expr *expr,
                           llvm::ArrayRef<Symbol> hidden);
  core::IndexVar *openIndex(const ast::Expr *expr,
                            llvm::ArrayRef<Symbol> hidden);
  void byName();
  void walk(const ast::Expr *expr, llvm::SmallVector<Symbol, 4> hidden);
  bool walkCall(const ast::CallExpr *call, llvm::SmallVector<Symbol, 4> hidden);
  bool walkChoice(const ast::ChoiceExpr *choice,
                  llvm::SmallVector<Symbol, 4> hidden);
  void walkAccess(const ast::IndexExpr *expr,
                  llvm::SmallVector<Symbol, 4> hidden);
  void fromAxis(const ast::Expr *subscript, const core::Axis &axis,
                llvm::ArrayRef<Symbol> hidden);
  void fromParts(const ast::TupleExpr *parts, const core::Axis &axis,
                 llvm::ArrayRef<Symbol> hidden);
  Dim partExtent(const ast::Expr *part);
  void fromComparison(const ast::BinaryExpr *expr,
                      llvm::ArrayRef<Symbol> hidden);
  bool mentionsOpen(const ast::Expr *expr, llvm::ArrayRef<Symbol> hidden,
                    bool onlyOpen);
  std::optional<core::Type> typeOfName(const ast::NameExpr *name,
                                       llvm::ArrayRef<Symbol> hidden);
  std::optional<core::Type> typeOf(const ast::Expr *expr,
                                   llvm::ArrayRef<Symbol> hidden);
  bool changed = false;
  bool failed = false; ///< something was reported, or is in error
  bool checking = false;
  llvm::DenseMap<core::IndexVar *, std::pair<core::Axis, Range>> fromAxes;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_INDEXING_H
