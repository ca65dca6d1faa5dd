// SPDX-License-Identifier: Apache-2.0
//
// What kinds of tokens mean for lines.
//
// The lexer numbers words and signs in the order of LaminaLexer.g4, so some
// classes are ranges.

#include "frontend/Grammar/TokenClasses.h"

#include "LaminaLexer.h"

using namespace lamina;
using namespace lamina::grammar;
using Lexer = LaminaLexer;

bool grammar::isReservedWord(size_t type) {
  return Lexer::AND <= type && type <= Lexer::WITH;
}

bool grammar::isNameWord(size_t type) {
  return Lexer::AFTER <= type && type <= Lexer::NAME;
}

bool grammar::isTrivia(size_t type) {
  return type == Lexer::DOC || type == Lexer::COMMENT ||
         type == Lexer::LINE_END;
}

/// Words that an expression goes on with, on either side of a line end.
static bool isJoiningWord(size_t type) {
  switch (type) {
  case Lexer::AND:
  case Lexer::OR:
  case Lexer::DIV:
  case Lexer::MOD:
  case Lexer::IF:
  case Lexer::ELSE:
  case Lexer::OVER:
  case Lexer::WITH:
    return true;
  default:
    return false;
  }
}

bool grammar::isInfixOperator(size_t type) {
  return Lexer::RIGHT_ARROW <= type && type <= Lexer::PIPE;
}

bool grammar::joinsAfter(size_t type) {
  return isInfixOperator(type) || isJoiningWord(type) || type == Lexer::NOT ||
         type == Lexer::COLON || type == Lexer::COMMA || type == Lexer::DOT;
}

bool grammar::joinsBefore(size_t type) {
  return (isInfixOperator(type) && type != Lexer::MINUS) || isJoiningWord(type);
}

bool grammar::endsOperand(size_t type) {
  switch (type) {
  case Lexer::NUMBER:
  case Lexer::TEXT:
  case Lexer::TRUE:
  case Lexer::FALSE:
  case Lexer::NONE:
  case Lexer::ELLIPSIS:
  case Lexer::QUESTION:
  case Lexer::RPAREN:
  case Lexer::RBRACKET:
    return true;
  default:
    return isNameWord(type);
  }
}

bool grammar::cannotFollowOperand(size_t type) {
  switch (type) {
  case Lexer::NUMBER:
  case Lexer::TEXT:
  case Lexer::TRUE:
  case Lexer::FALSE:
  case Lexer::NONE:
  case Lexer::CONST:
  case Lexer::IMPORT:
  case Lexer::MINIMIZE:
  case Lexer::ASSERT:
  case Lexer::WHEN:
    return true;
  default:
    return isNameWord(type);
  }
}

bool grammar::isNameAtBegin(size_t type, size_t next) {
  switch (type) {
  case Lexer::AFTER:
    return next != Lexer::LBRACE;
  case Lexer::PASS:
    return next != Lexer::WHEN;
  case Lexer::KEEP:
    return next != Lexer::LOWEST && next != Lexer::HIGHEST;
  case Lexer::GIVEN:
  case Lexer::STAGE:
  case Lexer::STATE:
  case Lexer::PARAM:
  case Lexer::MASK:
  case Lexer::SCORE:
    return !isNameWord(next) && !isReservedWord(next);
  case Lexer::DATA:
  case Lexer::EPOCHS:
  case Lexer::REPEAT:
  case Lexer::REPORT:
  case Lexer::STEPS:
    return next == Lexer::COLON || next == Lexer::SEMI ||
           next == Lexer::COMMA || next == Lexer::DOT ||
           next == Lexer::LBRACKET || next == Lexer::RBRACE ||
           (isInfixOperator(next) && next != Lexer::MINUS);
  default:
    return false;
  }
}
