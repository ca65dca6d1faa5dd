// SPDX-License-Identifier: Apache-2.0
//
// Messages and recovery of the parser.
//
// Takes the place of ANTLR's error strategy. The first mistake of a statement
// is reported in words of the language; then parsing goes on after the
// statement.

#ifndef LAMINA_FRONTEND_GRAMMAR_SYNTAXERRORS_H
#define LAMINA_FRONTEND_GRAMMAR_SYNTAXERRORS_H

#include "frontend/Grammar/Lines.h"

namespace lamina::grammar {

class ErrorStrategy : public antlr4::DefaultErrorStrategy {
public:
  ErrorStrategy(const Places &places, const std::set<size_t> &spoiled,
                Diagnostics &diags)
      : places(places), spoiled(spoiled), diags(diags) {}

  void reportError(antlr4::Parser *parser,
                   const antlr4::RecognitionException &error) override;
  void recover(antlr4::Parser *parser, std::exception_ptr error) override;
  antlr4::Token *recoverInline(antlr4::Parser *parser) override;
  void sync(antlr4::Parser *parser) override;

  bool hasErrors() const { return numErrors != 0; }

private:
  void report(antlr4::Parser *parser, const antlr4::Token *token,
              antlr4::misc::IntervalSet expected);

  const Places &places;
  const std::set<size_t> &spoiled;
  Diagnostics &diags;
  unsigned numErrors = 0;
  /// The line that had its error, until it is left.
  bool isReported = false;
};

} // namespace lamina::grammar

#endif // LAMINA_FRONTEND_GRAMMAR_SYNTAXERRORS_H
