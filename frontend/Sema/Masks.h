// SPDX-License-Identifier: Apache-2.0
//
// Masks and scores: combined by `and`, `or`, `not` and `+`, and asked at
// positions.

#ifndef LAMINA_FRONTEND_SEMA_MASKS_H
#define LAMINA_FRONTEND_SEMA_MASKS_H

#include "frontend/Sema/Evaluator.h"

namespace lamina::sema {

class Masks {
public:
  explicit Masks(Evaluator &e) : e(e) {}

  Value combine(Callable::Kind kind, const ast::BinaryExpr *expr);
  Value apply(const Value &mask, llvm::ArrayRef<Value> positions, Range range,
              const Value *score = nullptr);

private:
  bool fitsGrid(const Value &position, const Value &width,
                const ast::Subscript &entry, Range range);
  bool bindPosition(FrameScope &callee, const ast::Subscript &entry,
                    const Value &position);
  bool bindParts(FrameScope &callee, const ast::Subscript &entry,
                 const ast::TupleExpr &tuple, const Value &position);
  bool bindArguments(FrameScope &inner, const Callable &callable, Range range);
  bool bindPositions(FrameScope &inner, const ast::FunctionDecl &decl,
                     llvm::ArrayRef<Value> positions);
  bool takesPositions(const ast::FunctionDecl &decl, size_t positions,
                      Range range);
  Value applyBoth(const Callable &callable, llvm::ArrayRef<Value> positions,
                  Range range);
  Value maskOf(const ast::FunctionDecl &decl, const Value &value, Range range);
  Value applyBody(const Value &mask, llvm::ArrayRef<Value> positions,
                  Range range, const Value *score);

  Evaluator &e;
};

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_MASKS_H
