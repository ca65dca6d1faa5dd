// SPDX-License-Identifier: Apache-2.0
//
// From text to syntax tree.
//
// The only place that catches exceptions: ANTLR throws, the rest of the
// compiler is built without.

#include "frontend/Grammar/Parse.h"

#include "frontend/Grammar/BuildAST.h"
#include "frontend/Grammar/Lines.h"
#include "frontend/Grammar/SyntaxErrors.h"

#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/ErrorHandling.h"

#include "LaminaParser.h"

using namespace lamina;
using namespace lamina::grammar;

/// Offset of the first byte that is no UTF-8, or the size of the text.
static size_t findBadByte(llvm::StringRef text) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  auto *at = begin, *end = begin + text.size();
  while (at != end) {
    unsigned length = llvm::getNumBytesForUTF8(*at);
    if (length > size_t(end - at) ||
        !llvm::isLegalUTF8Sequence(at, at + length))
      break;
    at += length;
  }
  return size_t(at - begin);
}

/// Refuses what the lexer cannot read at all.
static bool checkText(FileID file, Diagnostics &diags) {
  const SourceManager &sources = diags.getSources();
  llvm::StringRef text = sources.getText(file);
  if (text.size() > SourceManager::maxFileSize) {
    diags.report(Rule::parse_c6, sources.getRange(file, 0, 0),
                 "this file is larger than " +
                     llvm::Twine(SourceManager::maxFileSize >> 20) + " MiB");
    return false;
  }
  size_t bad = findBadByte(text);
  if (bad == text.size())
    return true;
  diags
      .report(Rule::parse_c1, sources.getRange(file, bad, bad + 1),
              "byte " + llvm::Twine(bad + 1) + " of the file is no UTF-8 text")
      .note("save the file as UTF-8");
  return false;
}

static void parseText(FileID file, Diagnostics &diags, ast::FileAST &ast) {
  Places places(file, diags.getSources());
  antlr4::ANTLRInputStream input(places.getText());
  Lines lines = readLines(input, places, diags);
  ast.tokens = std::move(lines.trivia);
  ast.isWhole = lines.isWhole;
  if (lines.tokens.empty())
    return;

  antlr4::ListTokenSource source(std::move(lines.tokens));
  antlr4::CommonTokenStream stream(&source);
  LaminaParser parser(&stream);
  parser.removeErrorListeners();
  auto strategy = std::make_shared<ErrorStrategy>(places, lines.spoiled, diags);
  parser.setErrorHandler(strategy);
  parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
      antlr4::atn::PredictionMode::SLL);
  LaminaParser::FileContext *tree = parser.file();
  if (strategy->hasErrors())
    ast.isWhole = false;
  buildAST(tree, places, diags, ast);
}

ast::FileAST lamina::parse(FileID file, Diagnostics &diags) noexcept {
  ast::FileAST ast;
  ast.file = file;
  if (!checkText(file, diags)) {
    ast.isWhole = false;
    return ast;
  }
  try {
    parseText(file, diags, ast);
  } catch (const std::exception &error) {
    llvm::report_fatal_error(llvm::Twine("the parser threw: ") + error.what());
  }
  return ast;
}

namespace {
/// Counts what exact prediction finds wanting.
class ConflictCounter : public antlr4::BaseErrorListener {
public:
  unsigned count = 0;

  void reportAmbiguity(antlr4::Parser *, const antlr4::dfa::DFA &, size_t,
                       size_t, bool, const antlrcpp::BitSet &,
                       antlr4::atn::ATNConfigSet *) override {
    ++count;
  }
  void reportAttemptingFullContext(antlr4::Parser *, const antlr4::dfa::DFA &,
                                   size_t, size_t, const antlrcpp::BitSet &,
                                   antlr4::atn::ATNConfigSet *) override {
    ++count;
  }
};
} // namespace

unsigned lamina::countConflicts(FileID file,
                                const SourceManager &sources) noexcept {
  Diagnostics diags(sources);
  if (!checkText(file, diags))
    return 0;
  Places places(file, sources);
  antlr4::ANTLRInputStream input(places.getText());
  Lines lines = readLines(input, places, diags);
  if (lines.tokens.empty())
    return 0;
  antlr4::ListTokenSource source(std::move(lines.tokens));
  antlr4::CommonTokenStream stream(&source);
  LaminaParser parser(&stream);
  ConflictCounter counter;
  parser.removeErrorListeners();
  parser.addErrorListener(&counter);
  parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
      antlr4::atn::PredictionMode::LL_EXACT_AMBIG_DETECTION);
  parser.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>());
  try {
    parser.file();
  } catch (const antlr4::ParseCancellationException &) {
    // What follows a mistake is not counted.
  }
  return counter.count;
}
