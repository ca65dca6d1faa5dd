// SPDX-License-Identifier: Apache-2.0
//
// Messages and recovery of the parser.
//
// A generated rule function that meets a mistake calls reportError and recover
// and returns. recover throws on until one of the rules that hold a statement
// and its `;` is reached, so that no rule in between works on half a phrase.

#include "frontend/Grammar/SyntaxErrors.h"

#include "frontend/Grammar/TokenClasses.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include "LaminaParser.h"

using namespace lamina;
using namespace lamina::grammar;
using antlr4::Token;
using Tokens = LaminaParser;

//===----------------------------------------------------------------------===//
// Recovery
//===----------------------------------------------------------------------===//

static bool isLineRule(size_t rule) {
  switch (rule) {
  case LaminaParser::RuleDeclarationLine:
  case LaminaParser::RuleMemberLine:
  case LaminaParser::RuleMapLine:
  case LaminaParser::RuleStatementLine:
  case LaminaParser::RuleItemLine:
    return true;
  default:
    return false;
  }
}

Token *ErrorStrategy::recoverInline(antlr4::Parser *parser) {
  throw antlr4::InputMismatchException(parser);
}

/// Consumes up to and with the `;` that ends the line; braces are balanced.
static void skipLine(antlr4::Parser *parser) {
  unsigned depth = 0;
  for (;;) {
    size_t type = parser->getInputStream()->LA(1);
    if (type == Token::EOF)
      return;
    if (type == Tokens::SEMI && depth == 0) {
      parser->consume();
      return;
    }
    if (type == Tokens::LBRACE)
      ++depth;
    if (type == Tokens::RBRACE) {
      if (depth == 0)
        return;
      --depth;
    }
    parser->consume();
  }
}

void ErrorStrategy::recover(antlr4::Parser *parser, std::exception_ptr error) {
  if (!isLineRule(parser->getContext()->getRuleIndex()))
    std::rethrow_exception(error);
  skipLine(parser);
  isReported = false;
}

static bool isListRule(size_t rule) {
  switch (rule) {
  case LaminaParser::RuleFile:
  case LaminaParser::RuleMembers:
  case LaminaParser::RuleMaps:
  case LaminaParser::RuleBlock:
  case LaminaParser::RuleItems:
    return true;
  default:
    return false;
  }
}

/// Called before each line of a list. A token that begins no line would end the
/// list; it is reported and its line skipped.
void ErrorStrategy::sync(antlr4::Parser *parser) {
  if (!isListRule(parser->getContext()->getRuleIndex()))
    return;
  for (;;) {
    const antlr4::atn::ATN &atn = parser->getATN();
    antlr4::misc::IntervalSet expected =
        atn.nextTokens(atn.states[parser->getState()]);
    size_t type = parser->getInputStream()->LA(1);
    if (expected.contains(type) || type == Token::EOF)
      return;
    report(parser, parser->getCurrentToken(), expected);
    skipLine(parser);
    isReported = false;
  }
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

namespace {
/// What is known of one mistake.
struct Mistake {
  antlr4::Parser *parser;
  const Token *token;    // that does not fit
  const Token *previous; // before it; may be null
  const Token *first;    // of the statement
  antlr4::misc::IntervalSet expected;
  size_t rule;

  bool expects(size_t type) const { return expected.contains(type); }
  bool expectsOnly(size_t type) const {
    return expected.size() == 1 && expects(type);
  }
};
} // namespace

/// The token as a message shows it, with "before" in front of it.
static std::string before(const Token *token) {
  if (token->getType() == Token::EOF)
    return "before the end of the file";
  if (token->getText().empty() || token->getText() == "\n")
    return "before the end of the line";
  return "before '" + token->getText() + "'";
}

/// "'a', 'b' or 'c'": the expected tokens that are written in one way.
static std::string listExpected(const Mistake &mistake) {
  std::vector<std::string> words;
  for (ssize_t type : mistake.expected.toList()) {
    if (type == Tokens::SEMI)
      words.push_back("the end of the line");
    else if (type == Tokens::NUMBER)
      words.push_back("a number");
    else if (type == Tokens::TEXT)
      words.push_back("a text");
    else if (type == Tokens::NAME)
      words.push_back("a name");
    else if (type > 0)
      words.push_back(
          mistake.parser->getVocabulary().getLiteralName(size_t(type)));
  }
  std::string list;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i != 0)
      list += i + 1 == words.size() ? " or " : ", ";
    list += words[i];
  }
  return list;
}

/// The way out for a word that begins a statement in another language.
static llvm::StringRef getForeignAdvice(llvm::StringRef word) {
  return llvm::StringSwitch<llvm::StringRef>(word)
      .Case("return", "the last line of a block is its result")
      .Case("while", "write 'for i < n until done { … }'")
      .Cases({"def", "fn", "func", "fun", "define"},
             "write 'function name(x: [n]) -> [n] { … }'")
      .Cases({"class", "struct", "module", "net", "network"},
             "write 'layer Name(settings) { … }', or 'model Name { … }'")
      .Cases({"type", "typedef", "using"},
             "a type has no name of its own; write it where it is used")
      .Cases({"constant", "static"}, "write 'const name = value'")
      .Case("print", "write 'report name = value' in a train body")
      .Cases({"from", "include", "require", "use"},
             "write 'import \"file.lam\" as name'")
      .Cases({"elif", "elseif", "switch", "match", "case"},
             "write 'a if c else b if d else e'")
      .Default("");
}

/// "did you mean 'model'?" for `modle`.
static void noteNearWord(Diagnostic &d, llvm::StringRef word) {
  for (llvm::StringRef known :
       {"import", "const", "layer", "model", "function", "loss", "metric",
        "mask", "score", "sample", "optimizer", "group", "data", "train",
        "test", "weights"})
    if (word.edit_distance(known) <= 2) {
      d.note("did you mean '" + known + "'?");
      return;
    }
}

static bool isVariableWord(llvm::StringRef word) {
  return llvm::is_contained({"let", "var", "val", "auto", "local", "set", "my"},
                            word);
}

/// `let x = 3`, `retrun x`: a word that begins nothing.
static void reportForeignBegin(const Mistake &m, const Places &places,
                               Diagnostics &diags, llvm::StringRef what) {
  std::string word = m.first->getText();
  Range at = places.getRange(m.first);
  Diagnostic &d =
      diags.report(Rule::parse_c5, at, "'" + word + "' begins no " + what);
  if (isVariableWord(word) && m.token != m.first) {
    Range rest{places.getRange(m.token).begin, at.end};
    llvm::StringRef line = diags.getSources().getLine(
        diags.getSources().getBegin(places.getRange(m.token)));
    llvm::StringRef statement =
        line.drop_front(line.find(word) + word.size()).split("//").first.trim();
    d.note("write '" + statement + "'").fix({at.begin, rest.begin}, "");
  } else if (!getForeignAdvice(word).empty()) {
    d.note(getForeignAdvice(word));
  } else if (what == "declaration") {
    noteNearWord(d, word);
  }
}

static bool isOperandToken(size_t type) {
  return isNameWord(type) || type == Tokens::NUMBER || type == Tokens::TEXT ||
         type == Tokens::TRUE || type == Tokens::FALSE || type == Tokens::NONE;
}

/// The statement could end here, and something else follows.
static void reportRest(const Mistake &m, const Places &places,
                       Diagnostics &diags) {
  bool isSecond = m.previous == m.first;
  if (isSecond && isNameWord(m.first->getType()) &&
      isOperandToken(m.token->getType()))
    return reportForeignBegin(m, places, diags, "statement");
  std::string text = isOperandToken(m.token->getType())
                         ? "expected an operator or the end of the line "
                         : "expected the end of the line ";
  diags.report(Rule::parse_c4, places.getRange(m.token),
               text + before(m.token));
}

/// A token that begins no line of the list it stands in.
static void reportBegin(const Mistake &m, const Places &places,
                        Diagnostics &diags) {
  llvm::StringRef what = m.rule == Tokens::RuleFile      ? "declaration"
                         : m.rule == Tokens::RuleMembers ? "part of a layer"
                         : m.rule == Tokens::RuleMaps    ? "line of a map"
                                                         : "statement";
  reportForeignBegin(m, places, diags, what);
}

/// `function f(…)` inside a layer: a declaration of the file.
static bool isDeclarationInLayer(const Mistake &m) {
  size_t type = m.first->getType();
  bool isDeclaration = type == Tokens::FUNCTION || type == Tokens::LAYER ||
                       type == Tokens::MODEL || type == Tokens::LOSS ||
                       type == Tokens::METRIC || type == Tokens::SAMPLE ||
                       type == Tokens::OPTIMIZER;
  return isDeclaration && m.previous == m.first &&
         isNameWord(m.token->getType());
}

static void reportDeclarationInLayer(const Mistake &m, const Places &places,
                                     Diagnostics &diags) {
  std::string word = m.first->getText();
  Diagnostic &d = diags.report(Rule::parse_c5, places.getRange(m.first),
                               "'" + word + "' begins no part of a layer");
  if (m.first->getType() == Tokens::FUNCTION)
    d.note("a call of a layer has no word before its name: 'name(x: [n]) -> "
           "[n] { … }'");
  else
    d.note("it is a declaration of the file and stands outside");
}

/// An expression is missing; `x += 1` and `x ** 2` are of other languages.
static void reportNoExpression(const Mistake &m, const Places &places,
                               Diagnostics &diags) {
  Diagnostic &d = diags.report(Rule::parse_c4, places.getRange(m.token),
                               "expected an expression " + before(m.token));
  size_t previous = m.previous ? m.previous->getType() : 0;
  if (previous == Tokens::STAR && m.token->getType() == Tokens::STAR)
    d.note("a power is written 'x^2'");
  bool isOperator = previous == Tokens::PLUS || previous == Tokens::MINUS ||
                    previous == Tokens::STAR || previous == Tokens::SLASH;
  if (isOperator && m.token->getType() == Tokens::ASSIGN &&
      m.first->getType() == Tokens::NAME)
    d.note("write '" + m.first->getText() + " = " + m.first->getText() + " " +
           m.previous->getText() + " …'");
}

static void reportMistake(const Mistake &m, const Places &places,
                          Diagnostics &diags) {
  Range at = places.getRange(m.token);
  size_t type = m.token->getType();
  auto say = [&](const llvm::Twine &text) {
    diags.report(Rule::parse_c4, at, text);
  };
  if (isListRule(m.rule))
    return reportBegin(m, places, diags);
  if (m.rule == Tokens::RuleDefinition || m.rule == Tokens::RuleBody ||
      m.rule == Tokens::RuleMember)
    if (isDeclarationInLayer(m))
      return reportDeclarationInLayer(m, places, diags);
  if (m.expectsOnly(Tokens::SEMI))
    return reportRest(m, places, diags);
  if (m.expects(Tokens::NUMBER) && m.expects(Tokens::LPAREN))
    return reportNoExpression(m, places, diags);
  bool isName = m.expects(Tokens::NAME) ||
                (m.rule == Tokens::RuleParameters && m.previous &&
                 m.previous->getType() == Tokens::LPAREN);
  if (isName && isReservedWord(type)) {
    diags.report(Rule::parse_c10, at,
                 "'" + m.token->getText() +
                     "' is a reserved word and cannot be a name");
    return;
  }
  if (m.rule == Tokens::RuleWeight && m.expects(Tokens::TILDE))
    return say("expected '=' or '~' and an initial value");
  if (m.rule == Tokens::RuleBody ||
      (m.expects(Tokens::LBRACE) && m.expects(Tokens::ASSIGN)))
    return say("expected '=' or '{' and a body " + before(m.token));
  if (m.expects(Tokens::NAME))
    return say("expected a name " + before(m.token));
  if (m.expectsOnly(Tokens::RPAREN) || m.expectsOnly(Tokens::RBRACKET))
    return say("expected ',' or " + listExpected(m) + " " + before(m.token));
  if (m.expectsOnly(Tokens::LBRACE))
    return say("expected a block in braces " + before(m.token));
  say("expected " + listExpected(m) + " " + before(m.token));
}

/// First token of the innermost statement, member or declaration.
static const Token *getFirst(const antlr4::ParserRuleContext *context) {
  const antlr4::ParserRuleContext *at = context;
  while (!isLineRule(at->getRuleIndex()) && at->parent)
    at = static_cast<const antlr4::ParserRuleContext *>(at->parent);
  return at->start;
}

void ErrorStrategy::report(antlr4::Parser *parser, const Token *token,
                           antlr4::misc::IntervalSet expected) {
  if (isReported)
    return;
  isReported = true;
  ++numErrors;
  if (spoiled.count(token->getLine()))
    return;
  antlr4::ParserRuleContext *context = parser->getContext();
  size_t rule = context->getRuleIndex(), index = token->getTokenIndex();
  Mistake mistake{parser,
                  token,
                  index > 0 ? parser->getTokenStream()->get(index - 1)
                            : nullptr,
                  isListRule(rule) ? token : getFirst(context),
                  std::move(expected),
                  rule};
  reportMistake(mistake, places, diags);
}

void ErrorStrategy::reportError(antlr4::Parser *parser,
                                const antlr4::RecognitionException &error) {
  report(parser, error.getOffendingToken(), error.getExpectedTokens());
}
