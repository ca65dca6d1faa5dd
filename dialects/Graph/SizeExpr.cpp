// SPDX-License-Identifier: Apache-2.0
//
// Sizes as canonical polynomials.
//
// Arithmetic, text and reading of sizes. The text is the identity of a size in
// `#graph.dims`, so everything that is equal must print alike: terms by degree
// and name, the coefficient behind the names, quotients in parentheses.

#include "dialects/Graph/SizeExpr.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "mlir/IR/OpImplementation.h"

#include <algorithm>

using namespace lamina::graph;

/// Wraps instead of overflowing: sizes beyond 2^63 are refused where sizes are
/// set, and nothing else reads the coefficient.
static int64_t wrappingAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) +
                              static_cast<uint64_t>(b));
}

static int64_t wrappingMul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) *
                              static_cast<uint64_t>(b));
}

SizeExpr::SizeExpr(int64_t constant) { add({}, constant); }

SizeExpr SizeExpr::atom(Atom atom) {
  SizeExpr result;
  result.add({std::move(atom)}, 1);
  return result;
}

SizeExpr SizeExpr::name(llvm::StringRef name) {
  assert(!name.empty() && "a size has a name");
  return atom({name.str(), nullptr});
}

void SizeExpr::add(const Monomial &monomial, int64_t coefficient) {
  if (coefficient == 0)
    return;
  auto [it, isNew] = terms.try_emplace(monomial, coefficient);
  if (isNew)
    return;
  it->second = wrappingAdd(it->second, coefficient);
  if (it->second == 0)
    terms.erase(it);
}

SizeExpr SizeExpr::operator+(const SizeExpr &other) const {
  SizeExpr result = *this;
  for (const auto &[monomial, coefficient] : other.terms)
    result.add(monomial, coefficient);
  return result;
}

SizeExpr SizeExpr::operator-(const SizeExpr &other) const {
  return *this + other * SizeExpr(-1);
}

SizeExpr SizeExpr::operator*(const SizeExpr &other) const {
  SizeExpr result;
  for (const auto &[left, x] : terms)
    for (const auto &[right, y] : other.terms) {
      Monomial product;
      std::merge(left.begin(), left.end(), right.begin(), right.end(),
                 std::back_inserter(product));
      result.add(product, wrappingMul(x, y));
    }
  return result;
}

bool SizeExpr::isConstant() const { return getConstant().has_value(); }

std::optional<int64_t> SizeExpr::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

std::optional<llvm::StringRef> SizeExpr::getName() const {
  if (terms.size() != 1)
    return std::nullopt;
  const auto &[monomial, coefficient] = *terms.begin();
  if (coefficient != 1 || monomial.size() != 1 || monomial[0].quotient)
    return std::nullopt;
  return llvm::StringRef(monomial[0].text);
}

/// Takes the factors of `divisor` out of `monomial`; nothing if one is missing.
static std::optional<SizeExpr::Monomial>
removeFactors(const SizeExpr::Monomial &monomial,
              const SizeExpr::Monomial &divisor) {
  if (!std::includes(monomial.begin(), monomial.end(), divisor.begin(),
                     divisor.end()))
    return std::nullopt;
  SizeExpr::Monomial rest;
  std::set_difference(monomial.begin(), monomial.end(), divisor.begin(),
                      divisor.end(), std::back_inserter(rest));
  return rest;
}

std::optional<SizeExpr> SizeExpr::divideExactly(const SizeExpr &divisor) const {
  if (divisor.terms.empty())
    return std::nullopt;
  // Long division by the leading term. The order of monomials respects
  // multiplication, so each round removes the leading term of the rest.
  const auto &[lead, leadCoefficient] = *divisor.terms.begin();
  SizeExpr rest = *this, quotient;
  while (!rest.terms.empty()) {
    const auto &[monomial, coefficient] = *rest.terms.begin();
    std::optional<Monomial> factors = removeFactors(monomial, lead);
    // -1 apart, because the smallest number has no negative.
    bool flips = leadCoefficient == -1;
    if (!factors || (!flips && coefficient % leadCoefficient != 0))
      return std::nullopt;
    SizeExpr step;
    step.add(*factors, flips ? wrappingMul(coefficient, -1)
                             : coefficient / leadCoefficient);
    quotient = quotient + step;
    rest = rest - step * divisor;
  }
  return quotient;
}

SizeExpr SizeExpr::floorDiv(const SizeExpr &dividend, const SizeExpr &divisor) {
  assert(!divisor.terms.empty() && "a size is divided by 0");
  if (std::optional<SizeExpr> exact = dividend.divideExactly(divisor))
    return *exact;
  SizeExpr whole, rest = dividend;
  std::optional<int64_t> constant = divisor.getConstant();
  if (constant && *constant > 0) {
    // What is a multiple of the divisor leaves the quotient, so that equal
    // quotients have equal texts.
    rest = SizeExpr();
    for (const auto &[monomial, coefficient] : dividend.terms) {
      int64_t multiple = llvm::divideFloorSigned(coefficient, *constant);
      whole.add(monomial, multiple);
      rest.add(monomial, coefficient - multiple * *constant);
    }
    if (rest.isConstant())
      return whole;
  }
  auto quotient = std::make_shared<Quotient>(Quotient{rest, divisor});
  auto operand = [](const SizeExpr &expr) {
    bool simple = expr.getName() || expr.isConstant();
    return simple ? expr.str() : "(" + expr.str() + ")";
  };
  std::string text =
      "(" + operand(rest) + " floordiv " + operand(divisor) + ")";
  return whole + atom({std::move(text), std::move(quotient)});
}

std::optional<int64_t> SizeExpr::evaluate(
    llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> value) const {
  int64_t sum = 0;
  for (const auto &[monomial, coefficient] : terms) {
    int64_t product = coefficient;
    for (const Atom &factor : monomial) {
      std::optional<int64_t> number;
      if (!factor.quotient) {
        number = value(factor.text);
      } else {
        std::optional<int64_t> a = factor.quotient->dividend.evaluate(value);
        std::optional<int64_t> b = factor.quotient->divisor.evaluate(value);
        if (a && b && *b != 0)
          number = llvm::divideFloorSigned(*a, *b);
      }
      if (!number)
        return std::nullopt;
      product = wrappingMul(product, *number);
    }
    sum = wrappingAdd(sum, product);
  }
  return sum;
}

SizeExpr SizeExpr::substitute(
    llvm::function_ref<std::optional<SizeExpr>(llvm::StringRef)> value) const {
  SizeExpr sum;
  for (const auto &[monomial, coefficient] : terms) {
    SizeExpr product(coefficient);
    for (const Atom &factor : monomial) {
      if (factor.quotient) {
        SizeExpr divisor = factor.quotient->divisor.substitute(value);
        if (divisor.terms.empty())
          return *this;
        product =
            product *
            floorDiv(factor.quotient->dividend.substitute(value), divisor);
      } else if (std::optional<SizeExpr> with = value(factor.text)) {
        product = product * *with;
      } else {
        product = product * atom(factor);
      }
    }
    sum = sum + product;
  }
  return sum;
}

void SizeExpr::forEachName(
    llvm::function_ref<void(llvm::StringRef)> visit) const {
  for (const auto &[monomial, coefficient] : terms)
    for (const Atom &factor : monomial) {
      if (!factor.quotient) {
        visit(factor.text);
        continue;
      }
      factor.quotient->dividend.forEachName(visit);
      factor.quotient->divisor.forEachName(visit);
    }
}

static std::string monomialText(const SizeExpr::Monomial &monomial,
                                uint64_t magnitude) {
  std::string text;
  for (const SizeExpr::Atom &factor : monomial) {
    if (!text.empty())
      text += '*';
    text += factor.text;
  }
  if (text.empty())
    return std::to_string(magnitude);
  return magnitude == 1 ? text : text + '*' + std::to_string(magnitude);
}

std::string SizeExpr::str() const {
  if (terms.empty())
    return "0";
  std::string text;
  for (const auto &[monomial, coefficient] : terms) {
    bool negative = coefficient < 0;
    uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(coefficient)
                                  : static_cast<uint64_t>(coefficient);
    if (text.empty())
      text = negative ? "-" : "";
    else
      text += negative ? " - " : " + ";
    text += monomialText(monomial, magnitude);
  }
  return text;
}

namespace {

/// Reads characters of a plain text.
class TextSource {
public:
  explicit TextSource(llvm::StringRef text) : rest(text) {}

  bool eat(char c) {
    rest = rest.ltrim();
    return rest.consume_front(llvm::StringRef(&c, 1));
  }
  std::optional<std::string> eatName() {
    rest = rest.ltrim();
    if (rest.empty() || !(llvm::isAlpha(rest[0]) || rest[0] == '_'))
      return std::nullopt;
    llvm::StringRef name = rest.take_while([](char c) {
      return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
    });
    rest = rest.drop_front(name.size());
    return name.str();
  }
  bool eatFloorDiv() {
    rest = rest.ltrim();
    return rest.consume_front("floordiv");
  }
  std::optional<int64_t> eatInteger() {
    rest = rest.ltrim();
    llvm::StringRef digits = rest.take_while(llvm::isDigit);
    int64_t value;
    if (digits.empty() || digits.getAsInteger(10, value))
      return std::nullopt;
    rest = rest.drop_front(digits.size());
    return value;
  }
  bool isAtEnd() { return rest.ltrim().empty(); }
  void fail(const char *) {}

private:
  llvm::StringRef rest;
};

/// Reads tokens of IR text.
class TokenSource {
public:
  explicit TokenSource(mlir::AsmParser &parser) : parser(parser) {}

  bool eat(char c) {
    switch (c) {
    case '+':
      return succeeded(parser.parseOptionalPlus());
    case '-':
      return succeeded(parser.parseOptionalMinus());
    case '*':
      return succeeded(parser.parseOptionalStar());
    case '(':
      return succeeded(parser.parseOptionalLParen());
    default:
      return succeeded(parser.parseOptionalRParen());
    }
  }
  std::optional<std::string> eatName() {
    llvm::StringRef name;
    if (failed(parser.parseOptionalKeyword(&name)))
      return std::nullopt;
    return name.str();
  }
  bool eatFloorDiv() {
    return succeeded(parser.parseOptionalKeyword("floordiv"));
  }
  std::optional<int64_t> eatInteger() {
    int64_t value;
    mlir::OptionalParseResult result = parser.parseOptionalInteger(value);
    if (!result.has_value() || failed(*result))
      return std::nullopt;
    return value;
  }
  void fail(const char *message) {
    parser.emitError(parser.getCurrentLocation()) << message;
  }

private:
  mlir::AsmParser &parser;
};

/// sum = ["-"] product { ("+" | "-") product }
/// product = atom { "*" atom | "floordiv" atom }
/// atom = name | integer | "(" sum ")"
template <class Source>
class SizeParser {
public:
  explicit SizeParser(Source &source) : source(source) {}

  std::optional<SizeExpr> parseSum() {
    // Far deeper than any size, far less than the stack.
    if (++depth > 200)
      return fail("a size is nested more than 200 deep");
    bool negative = source.eat('-');
    std::optional<SizeExpr> sum = parseProduct();
    if (sum && negative)
      sum = SizeExpr(0) - *sum;
    while (sum) {
      bool minus = source.eat('-');
      if (!minus && !source.eat('+'))
        break;
      std::optional<SizeExpr> term = parseProduct();
      if (!term)
        return std::nullopt;
      sum = minus ? *sum - *term : *sum + *term;
    }
    --depth;
    return sum;
  }

private:
  std::optional<SizeExpr> parseProduct() {
    std::optional<SizeExpr> product = parseAtom();
    while (product) {
      bool times = source.eat('*');
      if (!times && !source.eatFloorDiv())
        break;
      std::optional<SizeExpr> factor = parseAtom();
      if (!factor)
        return std::nullopt;
      if (!times && *factor == SizeExpr(0))
        return fail("a size is divided by 0");
      product =
          times ? *product * *factor : SizeExpr::floorDiv(*product, *factor);
    }
    return product;
  }

  std::optional<SizeExpr> parseAtom() {
    if (std::optional<int64_t> number = source.eatInteger())
      return SizeExpr(*number);
    if (source.eat('(')) {
      std::optional<SizeExpr> inner = parseSum();
      if (inner && !source.eat(')'))
        return fail("expected ')' in a size");
      return inner;
    }
    if (std::optional<std::string> name = source.eatName())
      return SizeExpr::name(*name);
    return fail("expected a size: a name, a number or '('");
  }

  std::optional<SizeExpr> fail(const char *message) {
    source.fail(message);
    return std::nullopt;
  }

  Source &source;
  unsigned depth = 0;
};

} // namespace

std::optional<SizeExpr> SizeExpr::parse(llvm::StringRef text) {
  TextSource source(text);
  std::optional<SizeExpr> result = SizeParser(source).parseSum();
  return result && source.isAtEnd() ? result : std::nullopt;
}

std::optional<SizeExpr> SizeExpr::parse(mlir::AsmParser &parser) {
  TokenSource source(parser);
  return SizeParser(source).parseSum();
}
