// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on canonical polynomials.
//
// Polynomials are kept as sorted lists of monomials (higher degree first, then
// by age of atoms) and interned by a key spelled from ids, so that equality is
// equality of pointers. Quotients, rests, minima and choices are atoms that are
// interned by their parts after simplification.

#include "frontend/Core/Dim.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>
#include <tuple>
#include <unordered_map>

namespace lamina::core {

struct DimNode {
  DimContext *context;
  llvm::SmallVector<Monomial, 2> monomials;
  Dim size, comparable; // cached; null until asked for
};

using Terms = llvm::SmallVector<Monomial, 2>;

struct DimContext::Impl {
  std::deque<DimNode> nodes;
  std::deque<Atom> atoms;
  std::unordered_map<std::string, const DimNode *> interned;
  std::map<std::tuple<Atom::Kind, const void *, const void *, const void *>,
           const Atom *>
      compound;

  Dim intern(DimContext &context, Terms terms);
  Atom &newAtom(Atom::Kind kind, Symbol symbol, Range range);
};

//===-- Monomials --------------------------------------------------------===//

static unsigned degree(const Monomial &m) {
  unsigned sum = 0;
  for (auto &p : m.powers)
    sum += p.exponent;
  return sum;
}

/// Order of terms: higher degree first, then the older atom first.
static int compare(const Monomial &a, const Monomial &b) {
  if (degree(a) != degree(b))
    return degree(a) > degree(b) ? -1 : 1;
  for (auto [p, q] : llvm::zip(a.powers, b.powers)) {
    if (p.atom != q.atom)
      return p.atom->id < q.atom->id ? -1 : 1;
    if (p.exponent != q.exponent)
      return p.exponent > q.exponent ? -1 : 1;
  }
  return 0;
}

static Monomial product(const Monomial &a, const Monomial &b) {
  Monomial result;
  result.coefficient = a.coefficient * b.coefficient;
  auto *p = a.powers.begin(), *q = b.powers.begin();
  while (p != a.powers.end() || q != b.powers.end()) {
    if (q == b.powers.end() ||
        (p != a.powers.end() && p->atom->id < q->atom->id))
      result.powers.push_back(*p++);
    else if (p == a.powers.end() || q->atom->id < p->atom->id)
      result.powers.push_back(*q++);
    else
      result.powers.push_back({p->atom, (p++)->exponent + (q++)->exponent});
  }
  return result;
}

/// `a / b` if every power of b is in a.
static std::optional<Monomial> quotient(const Monomial &a, const Monomial &b) {
  Monomial result;
  result.coefficient = a.coefficient / b.coefficient;
  auto *q = b.powers.begin();
  for (auto &p : a.powers) {
    unsigned left = p.exponent;
    if (q != b.powers.end() && q->atom == p.atom) {
      if (q->exponent > left)
        return std::nullopt;
      left -= (q++)->exponent;
    }
    if (left)
      result.powers.push_back({p.atom, left});
  }
  if (q != b.powers.end())
    return std::nullopt;
  return result;
}

static void canonicalise(Terms &terms) {
  llvm::sort(terms, [](const Monomial &a, const Monomial &b) {
    return compare(a, b) < 0;
  });
  Terms merged;
  for (Monomial &m : terms) {
    if (!merged.empty() && compare(merged.back(), m) == 0)
      merged.back().coefficient = merged.back().coefficient + m.coefficient;
    else
      merged.push_back(m);
  }
  llvm::erase_if(merged, [](auto &m) { return m.coefficient.isZero(); });
  terms = std::move(merged);
}

//===-- Interning --------------------------------------------------------===//

Dim DimContext::Impl::intern(DimContext &context, Terms terms) {
  canonicalise(terms);
  std::string key;
  for (auto &m : terms) {
    key += std::to_string(m.coefficient.num) + "/" +
           std::to_string(m.coefficient.den);
    for (auto &p : m.powers)
      key +=
          "*" + std::to_string(p.atom->id) + "^" + std::to_string(p.exponent);
    key += "+";
  }
  const DimNode *&slot = interned[key];
  if (!slot) {
    nodes.push_back({&context, std::move(terms), {}, {}});
    slot = &nodes.back();
  }
  return Dim(slot);
}

Atom &DimContext::Impl::newAtom(Atom::Kind kind, Symbol symbol, Range range) {
  atoms.emplace_back();
  Atom &atom = atoms.back();
  atom.kind = kind;
  atom.id = atoms.size();
  atom.symbol = symbol;
  atom.range = range;
  return atom;
}

DimContext::DimContext() : impl(std::make_unique<Impl>()) {}
DimContext::~DimContext() = default;

llvm::ArrayRef<Monomial> Dim::monomials() const { return node->monomials; }
DimContext &Dim::context() const { return *node->context; }

std::optional<Rational> Dim::rational() const {
  if (node->monomials.empty())
    return Rational(0);
  if (node->monomials.size() == 1 && node->monomials[0].isConstant())
    return node->monomials[0].coefficient;
  return std::nullopt;
}

std::optional<int64_t> Dim::constant() const {
  if (!node)
    return std::nullopt;
  auto value = rational();
  if (!value || !value->isWhole())
    return std::nullopt;
  return value->num;
}

const Atom *Dim::atom() const {
  if (!node || node->monomials.size() != 1)
    return nullptr;
  const Monomial &m = node->monomials[0];
  if (m.coefficient != Rational(1) || m.powers.size() != 1 ||
      m.powers[0].exponent != 1)
    return nullptr;
  return m.powers[0].atom;
}

Dim DimContext::rational(Rational value) {
  Terms terms;
  if (!value.isZero())
    terms.push_back({value, {}});
  return impl->intern(*this, terms);
}

Dim DimContext::atom(const Atom *atom) {
  return impl->intern(*this, {Monomial{Rational(1), {{atom, 1}}}});
}

Dim DimContext::name(Symbol symbol, Dim size, Range range) {
  Atom &a = impl->newAtom(Atom::Name, symbol, range);
  a.x = size;
  return atom(&a);
}
Dim DimContext::pack(unsigned position, Dim size, Range range) {
  Atom &a = impl->newAtom(Atom::Pack, "...", range);
  a.x = size;
  a.usual = position;
  return atom(&a);
}
Dim DimContext::setting(Symbol symbol, Dim size, Range range) {
  Atom &a = impl->newAtom(Atom::Setting, symbol, range);
  a.x = size;
  return atom(&a);
}
Dim DimContext::size(Symbol symbol, Dim low, Dim high, int64_t usual,
                     Range range, const Atom *raggedOver) {
  Atom &a = impl->newAtom(Atom::Size, symbol, range);
  a.low = low;
  a.high = high;
  a.usual = usual;
  a.raggedOver = raggedOver;
  return atom(&a);
}
Dim DimContext::cell(Symbol symbol, const void *slot, Range range) {
  Atom &a = impl->newAtom(Atom::Cell, symbol, range);
  a.owner = slot;
  return atom(&a);
}
Dim DimContext::index(Symbol symbol, const void *var, Dim low, Dim high,
                      Range range) {
  Atom &a = impl->newAtom(Atom::Index, symbol, range);
  a.owner = var;
  a.low = low;
  a.high = high;
  return atom(&a);
}
Dim DimContext::value(Symbol symbol, const void *node, Dim low, Dim high,
                      Range range) {
  Atom &a = impl->newAtom(Atom::Value, symbol, range);
  a.owner = node;
  a.low = low;
  a.high = high;
  return atom(&a);
}

void DimContext::fillCell(Dim cell, Dim size) {
  auto *a = const_cast<Atom *>(cell.atom());
  assert(a && a->kind == Atom::Cell && !a->x && "a cell is filled once");
  a->x = size.size();
  // Sizes that were asked for before the first call still hold the cell.
  for (DimNode &node : impl->nodes)
    node.size = node.comparable = Dim();
}

void DimContext::setBounds(Dim indexOrValue, Dim low, Dim high) {
  auto *a = const_cast<Atom *>(indexOrValue.atom());
  assert(a && "bounds belong to one atom");
  a->low = low;
  a->high = high;
}

//===-- Arithmetic -------------------------------------------------------===//

Dim DimContext::add(Dim a, Dim b) {
  Terms terms(a.monomials().begin(), a.monomials().end());
  terms.append(b.monomials().begin(), b.monomials().end());
  return impl->intern(*this, std::move(terms));
}
Dim DimContext::scale(Dim a, Rational factor) {
  Terms terms(a.monomials().begin(), a.monomials().end());
  for (auto &m : terms)
    m.coefficient = m.coefficient * factor;
  return impl->intern(*this, std::move(terms));
}
Dim DimContext::subtract(Dim a, Dim b) {
  return add(a, scale(b, Rational(-1)));
}
Dim DimContext::multiply(Dim a, Dim b) {
  Terms terms;
  for (auto &p : a.monomials())
    for (auto &q : b.monomials())
      terms.push_back(product(p, q));
  return impl->intern(*this, std::move(terms));
}
Dim DimContext::power(Dim a, unsigned exponent) {
  Dim result = constant(1);
  for (unsigned i = 0; i < exponent; ++i)
    result = multiply(result, a);
  return result;
}

std::optional<Dim> DimContext::divideExactly(Dim a, Dim b) {
  if (b.monomials().empty())
    return std::nullopt;
  const Monomial &lead = b.monomials().front();
  Dim rest = a, result = constant(0);
  // Each step removes the leading term of the rest, which is finite.
  while (!rest.monomials().empty()) {
    auto q = quotient(rest.monomials().front(), lead);
    if (!q || !q->coefficient.isWhole())
      return std::nullopt;
    Dim term = impl->intern(*this, {*q});
    result = add(result, term);
    rest = subtract(rest, multiply(term, b));
  }
  return result;
}

static Dim makeCompound(DimContext &context, DimContext::Impl &impl,
                        Atom::Kind kind, Dim a, Dim b,
                        const void *condition = nullptr);

/// Splits `a` into what is certainly a whole multiple of `b`, divided by it,
/// and the rest: `(4 * n + t) div 2` is `2 * n + t div 2`.
static std::pair<Dim, Dim> takeMultiples(DimContext &context, Dim a, Dim b) {
  Dim whole = context.constant(0), rest = context.constant(0);
  for (auto &m : a.monomials()) {
    Dim term = context.rational(m.coefficient);
    for (auto &p : m.powers)
      term = term * context.power(context.atom(p.atom), p.exponent);
    if (auto q = context.divideExactly(term, b))
      whole = whole + *q;
    else
      rest = rest + term;
  }
  return {whole, rest};
}

static int64_t floorDiv(int64_t a, int64_t b) {
  int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

Dim DimContext::div(Dim a, Dim b) {
  auto c = a.constant(), d = b.constant();
  if (c && d && *d != 0)
    return constant(floorDiv(*c, *d));
  if (auto exact = divideExactly(a, b))
    return *exact;
  auto [whole, rest] = takeMultiples(*this, a, b);
  if (auto r = rest.constant(); r && d && *d != 0)
    return add(whole, constant(floorDiv(*r, *d)));
  return add(whole, makeCompound(*this, *impl, Atom::Div, rest, b));
}
Dim DimContext::mod(Dim a, Dim b) {
  auto c = a.constant(), d = b.constant();
  if (c && d && *d != 0)
    return constant(*c - floorDiv(*c, *d) * *d);
  if (divideExactly(a, b))
    return constant(0);
  Dim rest = takeMultiples(*this, a, b).second;
  if (auto r = rest.constant(); r && d && *d != 0)
    return mod(rest, b);
  return makeCompound(*this, *impl, Atom::Mod, rest, b);
}
Dim DimContext::min(Dim a, Dim b) {
  if (a == b)
    return a;
  if (auto d = subtract(a, b).constant())
    return *d < 0 ? a : b;
  return makeCompound(*this, *impl, Atom::Min, a, b);
}
Dim DimContext::max(Dim a, Dim b) {
  if (a == b)
    return a;
  if (auto d = subtract(a, b).constant())
    return *d < 0 ? b : a;
  return makeCompound(*this, *impl, Atom::Max, a, b);
}
Dim DimContext::choice(const void *condition, Dim a, Dim b) {
  if (a == b)
    return a;
  return makeCompound(*this, *impl, Atom::Choice, a, b, condition);
}

static Dim makeCompound(DimContext &context, DimContext::Impl &impl,
                        Atom::Kind kind, Dim a, Dim b, const void *condition) {
  const Atom *&atom = impl.compound[{kind, a.key(), b.key(), condition}];
  if (!atom) {
    Atom &made = impl.newAtom(kind, "", {});
    made.x = a;
    made.y = b;
    made.owner = condition;
    atom = &made;
  }
  return context.atom(atom);
}

//===-- Substitution -----------------------------------------------------===//

static bool isCompound(const Atom &atom) { return atom.kind >= Atom::Div; }

static Dim substituteAtom(DimContext &context, const Atom &atom,
                          llvm::function_ref<Dim(const Atom &)> map) {
  if (Dim mapped = map(atom))
    return mapped;
  if (!isCompound(atom))
    return context.atom(&atom);
  Dim x = context.substitute(atom.x, map), y = context.substitute(atom.y, map);
  if (x == atom.x && y == atom.y)
    return context.atom(&atom);
  switch (atom.kind) {
  case Atom::Div:
    return context.div(x, y);
  case Atom::Mod:
    return context.mod(x, y);
  case Atom::Min:
    return context.min(x, y);
  case Atom::Max:
    return context.max(x, y);
  default:
    return context.choice(atom.owner, x, y);
  }
}

Dim DimContext::substitute(Dim dim, llvm::function_ref<Dim(const Atom &)> map) {
  Dim result = constant(0);
  for (auto &m : dim.monomials()) {
    Dim term = rational(m.coefficient);
    for (auto &p : m.powers)
      term = multiply(term,
                      power(substituteAtom(*this, *p.atom, map), p.exponent));
    result = add(result, term);
  }
  return result;
}

Dim Dim::size() const {
  if (!node || node->size)
    return node ? node->size : Dim();
  Dim result = node->context->substitute(*this, [](const Atom &atom) {
    bool bound = atom.kind == Atom::Name || atom.kind == Atom::Pack ||
                 atom.kind == Atom::Setting || atom.kind == Atom::Cell;
    return bound && atom.x ? atom.x.size() : Dim();
  });
  const_cast<DimNode *>(node)->size = result;
  return result;
}

Dim Dim::comparable() const {
  if (!node || node->comparable)
    return node ? node->comparable : Dim();
  Dim result = node->context->substitute(*this, [](const Atom &atom) {
    bool byValue =
        atom.kind == Atom::Setting || (atom.kind == Atom::Cell && atom.x);
    return byValue ? atom.x.comparable() : Dim();
  });
  const_cast<DimNode *>(node)->comparable = result;
  return result;
}

static void collectAtoms(Dim dim, llvm::SmallVectorImpl<const Atom *> &out) {
  for (auto &m : dim.monomials())
    for (auto &p : m.powers) {
      if (llvm::is_contained(out, p.atom))
        continue;
      out.push_back(p.atom);
      if (isCompound(*p.atom)) {
        collectAtoms(p.atom->x, out);
        collectAtoms(p.atom->y, out);
      }
    }
}

llvm::SmallVector<const Atom *, 4> DimContext::atoms(Dim dim) {
  llvm::SmallVector<const Atom *, 4> result;
  collectAtoms(dim, result);
  llvm::sort(result, [](auto *a, auto *b) { return a->id < b->id; });
  return result;
}

std::optional<std::pair<Dim, Dim>> DimContext::linearIn(Dim dim,
                                                        const Atom *atom) {
  Terms factor, rest;
  for (auto &m : dim.monomials()) {
    auto *p = llvm::find_if(m.powers, [&](auto &q) { return q.atom == atom; });
    if (p == m.powers.end()) {
      rest.push_back(m);
      continue;
    }
    if (p->exponent != 1)
      return std::nullopt;
    Monomial f = m;
    f.powers.erase(f.powers.begin() + (p - m.powers.begin()));
    factor.push_back(f);
  }
  return std::make_pair(impl->intern(*this, factor), impl->intern(*this, rest));
}

} // namespace lamina::core
