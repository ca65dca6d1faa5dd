// SPDX-License-Identifier: Apache-2.0
//
// Calls of the built-in forms: `concat`, `sort`, `solve`, `length` …
//
// A form has a rule of its own for its arguments and result, unlike primitives,
// which work element by element.

#ifndef LAMINA_FRONTEND_SEMA_FORMS_H
#define LAMINA_FRONTEND_SEMA_FORMS_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class Forms {
public:
  explicit Forms(Evaluator &e) : e(e) {}

  Value form(llvm::StringRef name, const Args &args, Range range);
  Value wordIndex(const Value &vocabulary, const Args &args, Range range);
  Value unevaluatedForm(llvm::StringRef name, const ast::CallExpr *expr);

private:
  Value formConvert(llvm::StringRef name, const Args &args, Range range);
  Value formSplit(llvm::StringRef name, const Args &args, Range range);
  Value formJoin(llvm::StringRef name, const Args &args, Range range);
  Value joinAt(core::Exprs exprs, const core::Type &widest, unsigned axis,
               core::Elem::Kind kind, Range range);
  unsigned over0(const core::Type &type, unsigned fromEnd, unsigned rank);
  Value formOrder(llvm::StringRef name, const Args &args, Range range);
  Value formShape(llvm::StringRef name, const Args &args, Range range);
  Value formLastTwo(llvm::StringRef name, core::Expr *x, Range range);
  Value formOneHot(const Args &args, core::Expr *x, Range range);
  Value formRepeat(const Args &args, core::Expr *x, Range range);
  Value formInterpolate(const Args &args, core::Expr *x, Range range);
  Value formRagged(const Args &args, core::Expr *x, Range range);
  Value formAlgebra(llvm::StringRef name, const Args &args, Range range);
  core::Type typeOfMatrixForm(llvm::StringRef name, core::Type type);
  Value formVocabulary(llvm::StringRef name, const Args &args, Range range);
  Value formTree(llvm::StringRef name, const Args &args, Range range);
  Value sizeForm(const ast::CallExpr *expr);
  Value lengthOf(Dim dim, Range range);
  core::IndexVar *indexOver(Dim size);
  Value trained(const ast::CallExpr *expr);
  Value gradientError(const ast::CallExpr *expr);
  Value moved(const ast::CallExpr *expr, const Value &weights,
              const Value &direction, double step);
  core::Expr *tensorArg(const Args &args, unsigned position,
                        llvm::StringRef form, Range range);
  std::optional<unsigned> formAxis(const Args &args, const core::Expr *operand,
                                   Range range, bool first = false);
  core::Structured *structured(core::StructuredKind kind, core::Exprs operands,
                               core::Type type, Range range);

  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_FORMS_H
