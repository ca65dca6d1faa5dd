// SPDX-License-Identifier: Apache-2.0
//
// From text to syntax tree.
//
// The only header of Grammar that others include; it has nothing of ANTLR.

#ifndef LAMINA_FRONTEND_GRAMMAR_PARSE_H
#define LAMINA_FRONTEND_GRAMMAR_PARSE_H

#include "frontend/AST/AST.h"
#include "frontend/Source/Diagnostic.h"

namespace lamina {

/// Parses a file of `diags`' sources. Mistakes are reported, at most one syntax
/// error a statement, and leave Error nodes in the tree (`isWhole` is false).
/// Never throws; text that is no UTF-8, or is nested too deep, gives an empty
/// tree and a diagnostic.
ast::FileAST parse(FileID file, Diagnostics &diags) noexcept;

/// Counts the decisions of a file for which the parser's fast prediction (SLL)
/// does not suffice, and the ambiguous ones. Tests assert that there are none:
/// one token decides everywhere.
unsigned countConflicts(FileID file, const SourceManager &sources) noexcept;

} // namespace lamina

#endif // LAMINA_FRONTEND_GRAMMAR_PARSE_H
