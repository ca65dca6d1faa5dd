// SPDX-License-Identifier: Apache-2.0
//
// Blanks between two tokens.

#ifndef LAMINA_FRONTEND_AST_SPACING_H
#define LAMINA_FRONTEND_AST_SPACING_H

#include "frontend/AST/Trivia.h"

#include "llvm/ADT/ArrayRef.h"

namespace lamina::ast {

/// Number of blanks before token `at` of `tokens`, which follows another on its
/// line. `bracket` is the innermost open bracket, or 0.
unsigned getSpacing(llvm::ArrayRef<Token> tokens, size_t at, char bracket);

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_SPACING_H
