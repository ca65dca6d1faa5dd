// SPDX-License-Identifier: Apache-2.0
//
// What kinds of tokens mean for lines.
//
// Types of tokens are those of the generated lexer.

#ifndef LAMINA_FRONTEND_GRAMMAR_TOKENCLASSES_H
#define LAMINA_FRONTEND_GRAMMAR_TOKENCLASSES_H

#include <cstddef>

namespace lamina::grammar {

/// A word that is no name.
bool isReservedWord(size_t type);

/// A word that can be a name.
bool isNameWord(size_t type);

/// What the parser does not see.
bool isTrivia(size_t type);

/// A sign between two operands.
bool isInfixOperator(size_t type);

/// After it a line end does not end a statement.
bool joinsAfter(size_t type);

/// Before it a line end does not end a statement.
bool joinsBefore(size_t type);

/// What an operand can end with.
bool endsOperand(size_t type);

/// A token that, inside brackets, cannot stand right after an operand.
bool cannotFollowOperand(size_t type);

/// At the beginning of a statement these words begin an item or a member,
/// unless what follows says that they are a name.
bool isNameAtBegin(size_t type, size_t next);

} // namespace lamina::grammar

#endif // LAMINA_FRONTEND_GRAMMAR_TOKENCLASSES_H
