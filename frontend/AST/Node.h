// SPDX-License-Identifier: Apache-2.0
//
// What all syntax nodes have.
//
// Syntax nodes are plain, immutable, and live in the arena of their file
// (AST.h). They are told apart by `kind`; llvm::isa, cast and dyn_cast work on
// each of the four families. Every StringRef points into the source text, or
// into the arena where the text had to be changed.

#ifndef LAMINA_FRONTEND_AST_NODE_H
#define LAMINA_FRONTEND_AST_NODE_H

#include "frontend/Source/Range.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Casting.h"

namespace lamina::ast {

/// A name as it stands in the source. Empty text: there is none (an optional
/// name that was left out).
struct Name {
  llvm::StringRef text;
  Range range;

  explicit operator bool() const { return !text.empty(); }
};

/// Declares the kind of a node's class, and classof for it. Used as the first
/// line of each class: `LAMINA_NODE(Call, Expr)`.
#define LAMINA_NODE(NAME, BASE)                                                \
  static bool classof(const BASE *node) { return node->kind == Kind::NAME; }

} // namespace lamina::ast

#endif // LAMINA_FRONTEND_AST_NODE_H
