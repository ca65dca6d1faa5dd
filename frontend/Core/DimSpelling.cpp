// SPDX-License-Identifier: Apache-2.0
//
// Numbers and spelling of polynomials.
//
// The coefficients of dims, and how dims are written in messages: as the source
// would spell them.

#include "frontend/Core/Dim.h"

#include <algorithm>
#include <cassert>

namespace lamina::core {

//===-- Rational ---------------------------------------------------------===//

static int64_t narrow(__int128 value) {
  // Sizes are far below 2^62; beyond, keep the sign so that proofs fail safely.
  const __int128 limit = (__int128(1) << 62);
  return int64_t(std::clamp(value, -limit, limit));
}

static Rational makeRational(__int128 num, __int128 den) {
  assert(den != 0 && "a dim is never divided by 0");
  if (den < 0) {
    num = -num;
    den = -den;
  }
  __int128 a = num < 0 ? -num : num, b = den;
  while (b) {
    __int128 rest = a % b;
    a = b;
    b = rest;
  }
  if (a > 1) {
    num /= a;
    den /= a;
  }
  Rational result;
  result.num = narrow(num);
  result.den = narrow(den);
  return result;
}

Rational::Rational(int64_t n, int64_t d) : num(n), den(d) {
  if (d != 1)
    *this = makeRational(n, d);
}
Rational Rational::operator+(Rational o) const {
  return makeRational(__int128(num) * o.den + __int128(o.num) * den,
                      __int128(den) * o.den);
}
Rational Rational::operator-(Rational o) const {
  return makeRational(__int128(num) * o.den - __int128(o.num) * den,
                      __int128(den) * o.den);
}
Rational Rational::operator*(Rational o) const {
  return makeRational(__int128(num) * o.num, __int128(den) * o.den);
}
Rational Rational::operator/(Rational o) const {
  return makeRational(__int128(num) * o.den, __int128(den) * o.num);
}
bool Rational::operator<(Rational o) const {
  return __int128(num) * o.den < __int128(o.num) * den;
}

//===-- Spelling ---------------------------------------------------------===//

static std::string spell(const Atom &atom) {
  auto part = [](Dim d) {
    bool simple = d.monomials().size() <= 1 && (d.constant() || d.atom());
    return simple ? d.str() : "(" + d.str() + ")";
  };
  switch (atom.kind) {
  case Atom::Div:
    return "(" + part(atom.x) + " div " + part(atom.y) + ")";
  case Atom::Mod:
    return "(" + part(atom.x) + " mod " + part(atom.y) + ")";
  case Atom::Min:
    return "min(" + atom.x.str() + ", " + atom.y.str() + ")";
  case Atom::Max:
    return "max(" + atom.x.str() + ", " + atom.y.str() + ")";
  case Atom::Choice:
    return "(" + atom.x.str() + " or " + atom.y.str() + ")";
  default:
    return atom.symbol.str();
  }
}

static std::string spell(Rational r) {
  std::string text = std::to_string(r.num);
  return r.isWhole() ? text : text + "/" + std::to_string(r.den);
}

static std::string spell(const Monomial &m) {
  // The sign is written by the caller.
  Rational c =
      m.coefficient.num < 0 ? m.coefficient * Rational(-1) : m.coefficient;
  std::string text;
  if (m.isConstant() || c != Rational(1))
    text = spell(c);
  for (auto &p : m.powers) {
    if (!text.empty())
      text += " * ";
    text += spell(*p.atom);
    if (p.exponent > 1)
      text += "^" + std::to_string(p.exponent);
  }
  return text;
}

std::string Dim::str() const {
  if (!node)
    return "?";
  if (monomials().empty())
    return "0";
  if (const Atom *a = atom()) {
    std::string text = spell(*a);
    bool wrapped = a->kind == Atom::Div || a->kind == Atom::Mod;
    return wrapped ? text.substr(1, text.size() - 2) : text;
  }
  std::string text;
  for (auto &m : monomials()) {
    bool negative = m.coefficient.num < 0;
    if (text.empty())
      text = negative ? "-" : "";
    else
      text += negative ? " - " : " + ";
    text += spell(m);
  }
  return text;
}

} // namespace lamina::core
