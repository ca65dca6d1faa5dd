// SPDX-License-Identifier: Apache-2.0
//
// The one way to write a program.
//
// `lamina fmt`. Line breaks, comments and the order of things stay as they are
// written; indentation, spaces between tokens, empty lines and the alignment of
// neighbouring lines are set. Formatting twice gives what formatting once
// gives, and the tree stays the same.

#ifndef LAMINA_FRONTEND_AST_FORMAT_H
#define LAMINA_FRONTEND_AST_FORMAT_H

#include "frontend/AST/AST.h"

#include <string>

namespace lamina {

/// The file's text as it should be written. The file must have parsed
/// (`ast.isWhole`); otherwise its text comes back as it is.
std::string format(const ast::FileAST &ast, const SourceManager &sources);

} // namespace lamina

#endif // LAMINA_FRONTEND_AST_FORMAT_H
