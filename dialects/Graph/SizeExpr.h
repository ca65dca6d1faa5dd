// SPDX-License-Identifier: Apache-2.0
//
// Sizes as canonical polynomials.
//
// A size is a polynomial with integer coefficients over named sizes and
// floordiv quotients. One size has one canonical form and one text, so that
// equal sizes give equal types.

#ifndef LAMINA_DIALECTS_GRAPH_SIZEEXPR_H
#define LAMINA_DIALECTS_GRAPH_SIZEEXPR_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class AsmParser;
} // namespace mlir

namespace lamina::graph {

class SizeExpr {
public:
  struct Quotient;

  /// A factor of a monomial: a named size, or a quotient (then `quotient` is
  /// set and `text` is its canonical text).
  struct Atom {
    std::string text;
    std::shared_ptr<const Quotient> quotient;
    bool operator==(const Atom &other) const { return text == other.text; }
    bool operator<(const Atom &other) const { return text < other.text; }
  };

  /// Factors in order of their text; a square holds its factor twice.
  using Monomial = std::vector<Atom>;

  /// Higher degrees first, then by text; so constants stand last.
  struct MonomialOrder {
    bool operator()(const Monomial &a, const Monomial &b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  using Terms = std::map<Monomial, int64_t, MonomialOrder>;

  SizeExpr(int64_t constant = 0);
  static SizeExpr name(llvm::StringRef name);

  /// The quotient rounded towards minus infinity, simplified as far as it goes
  /// exactly. `divisor` must not be the constant 0.
  static SizeExpr floorDiv(const SizeExpr &dividend, const SizeExpr &divisor);

  /// Reads the text that `str` writes (and any other spelling of a size).
  /// Nothing if the text is not a size.
  static std::optional<SizeExpr> parse(llvm::StringRef text);

  /// Reads a size from IR text; emits an error where it is not one.
  static std::optional<SizeExpr> parse(mlir::AsmParser &parser);

  SizeExpr operator+(const SizeExpr &other) const;
  SizeExpr operator-(const SizeExpr &other) const;
  SizeExpr operator*(const SizeExpr &other) const;
  bool operator==(const SizeExpr &other) const { return terms == other.terms; }
  bool operator!=(const SizeExpr &other) const { return !(*this == other); }

  bool isConstant() const;
  /// The value, if it depends on no name.
  std::optional<int64_t> getConstant() const;
  /// The name, if the size is just one.
  std::optional<llvm::StringRef> getName() const;
  const Terms &getTerms() const { return terms; }

  /// The quotient by `divisor`, if there is one without remainder.
  std::optional<SizeExpr> divideExactly(const SizeExpr &divisor) const;

  /// The value when names have the given values; nothing if a name has none or
  /// a divisor is 0.
  std::optional<int64_t> evaluate(
      llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> value) const;

  /// The size with names replaced; names for which nothing is returned stay.
  SizeExpr substitute(
      llvm::function_ref<std::optional<SizeExpr>(llvm::StringRef)> value) const;

  /// Calls `visit` for every name in it, in order of the text, perhaps twice.
  void forEachName(llvm::function_ref<void(llvm::StringRef)> visit) const;

  /// The canonical text, such as `b*t*2 + t - 1`.
  std::string str() const;

private:
  void add(const Monomial &monomial, int64_t coefficient);
  static SizeExpr atom(Atom atom);

  Terms terms; // no coefficient is 0
};

struct SizeExpr::Quotient {
  SizeExpr dividend, divisor;
};

} // namespace lamina::graph

#endif // LAMINA_DIALECTS_GRAPH_SIZEEXPR_H
