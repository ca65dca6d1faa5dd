// SPDX-License-Identifier: Apache-2.0
//
// Bound elimination.

#include "frontend/Sema/Prove.h"

#include "llvm/ADT/STLExtras.h"

namespace lamina::sema {

using core::Atom;
using core::Dim;
using core::Rational;

Prover::Prover(core::DimContext &dims, llvm::ArrayRef<Dim> given) : dims(dims) {
  for (Dim fact : given)
    facts.push_back(fact.size());
}

bool Prover::notNegative(Dim goal) {
  steps = 0;
  return goal && prove(goal.size(), 0);
}

/// Cheap and without facts; used where many atoms are looked at.
bool Prover::atomNotNegative(const Atom &atom) {
  auto isNotNegative = [&](Dim d) {
    return d && llvm::all_of(d.size().monomials(), [&](auto &m) {
             return !(m.coefficient < Rational(0)) &&
                    llvm::all_of(m.powers, [&](auto &p) {
                      return atomNotNegative(*p.atom);
                    });
           });
  };
  switch (atom.kind) {
  case Atom::Size:
    return !atom.low || isNotNegative(atom.low);
  case Atom::Cell:
    return true;
  case Atom::Index:
  case Atom::Value:
    return isNotNegative(atom.low);
  case Atom::Div: {
    auto c = atom.y.size().constant();
    bool positive = c ? *c > 0 : isNotNegative(atom.y - 1);
    return positive && isNotNegative(atom.x);
  }
  case Atom::Mod: {
    auto c = atom.y.size().constant();
    return c ? *c > 0 : isNotNegative(atom.y - 1);
  }
  case Atom::Min:
  case Atom::Choice:
    return isNotNegative(atom.x) && isNotNegative(atom.y);
  case Atom::Max:
    return isNotNegative(atom.x) || isNotNegative(atom.y);
  default:
    return atom.x && isNotNegative(atom.x);
  }
}

/// All coefficients are >= 0 over atoms that are >= 0, once every size is
/// written as its smallest value and what it has more.
bool Prover::obvious(Dim goal) {
  Dim shifted = dims.substitute(goal, [&](const Atom &atom) {
    bool shifts = atom.kind == Atom::Size && atom.low;
    return shifts ? dims.atom(&atom) + atom.low.size() : Dim();
  });
  return llvm::all_of(shifted.monomials(), [&](auto &m) {
    return !(m.coefficient < Rational(0)) &&
           llvm::all_of(m.powers, [&](auto &p) {
             return p.exponent % 2 == 0 || p.atom->kind == Atom::Size ||
                    atomNotNegative(*p.atom);
           });
  });
}

bool Prover::prove(Dim goal, unsigned depth) {
  if (++steps > maxSteps || depth > maxDepth)
    return false;
  if (auto known = goal.rational())
    return !(*known < Rational(0));
  if (obvious(goal))
    return true;
  for (Dim fact : facts)
    if (fact != goal ? obvious(goal - fact) : true)
      return true;
  auto atoms = dims.atoms(goal);
  unsigned tried = 0;
  for (const Atom *atom : llvm::reverse(atoms)) {
    if (tried++ == maxAtoms)
      break;
    if (eliminate(goal, *atom, depth))
      return true;
  }
  return false;
}

/// Whether `factor` is never negative or never positive; none if it may be
/// either.
std::optional<bool> Prover::signOf(Dim factor, unsigned depth) {
  if (auto c = factor.rational())
    return !(*c < Rational(0));
  if (prove(factor, depth + 1))
    return true;
  if (prove(dims.scale(factor, -1), depth + 1))
    return false;
  return std::nullopt;
}

bool Prover::eliminate(Dim goal, const Atom &atom, unsigned depth) {
  auto linear = dims.linearIn(goal, &atom);
  if (!linear || linear->first.monomials().empty())
    return false;
  Dim factor = linear->first, rest = linear->second;
  auto isPositive = signOf(factor, depth);
  if (!isPositive)
    return false;
  bool lower = *isPositive; // the bound that helps
  auto with = [&](Dim value) {
    return value && prove(factor * value.size() + rest, depth + 1);
  };
  switch (atom.kind) {
  case Atom::Choice:
    return with(atom.x) && with(atom.y);
  case Atom::Min:
    return lower ? with(atom.x) && with(atom.y) : with(atom.x) || with(atom.y);
  case Atom::Max:
    return lower ? with(atom.x) || with(atom.y) : with(atom.x) && with(atom.y);
  case Atom::Div:
    return byQuotient(factor, rest, atom, lower, depth) ||
           byFacts(factor, rest, atom, lower, depth);
  case Atom::Mod: {
    Dim y = atom.y.size();
    if (!prove(y - 1, depth + 1))
      return false;
    if (lower ? with(dims.constant(0)) : with(y - 1))
      return true;
    if (!lower && prove(atom.x.size(), depth + 1) && with(atom.x))
      return true;
    return byFacts(factor, rest, atom, lower, depth);
  }
  default:
    return byBounds(factor, rest, atom, lower, depth) ||
           byFacts(factor, rest, atom, lower, depth);
  }
}

bool Prover::byBounds(Dim factor, Dim rest, const Atom &atom, bool lower,
                      unsigned depth) {
  Dim bound = lower ? atom.low : atom.high;
  if (lower && !bound && (atom.kind == Atom::Size || atom.kind == Atom::Cell))
    bound = dims.constant(0);
  return bound && prove(factor * bound.size() + rest, depth + 1);
}

bool Prover::byFacts(Dim factor, Dim rest, const Atom &atom, bool lower,
                     unsigned depth) {
  for (Dim fact : facts) {
    auto linear = dims.linearIn(fact, &atom);
    if (!linear)
      continue;
    auto p = linear->first.rational();
    if (!p || p->isZero() || (*p < Rational(0)) == lower)
      continue;
    // lower: p * a >= -q, so p * (factor * a + rest) >= factor * -q + p * rest;
    // upper: -p * a <= q, likewise.
    Rational size = lower ? *p : *p * Rational(-1);
    Dim q = linear->second;
    Dim bound = lower ? dims.scale(q, -1) : q;
    if (prove(factor * bound + dims.scale(rest, size), depth + 1))
      return true;
  }
  return false;
}

/// a = x div y with y >= 1. Exact where the factor is 1 or -1, because the rest
/// is whole; else by y * a <= x <= y * a + y - 1.
bool Prover::byQuotient(Dim factor, Dim rest, const Atom &atom, bool lower,
                        unsigned depth) {
  Dim x = atom.x.size(), y = atom.y.size();
  if (!prove(y - 1, depth + 1))
    return false;
  if (factor.isConstant(1))
    return prove(x + rest * y, depth + 1);
  if (factor.isConstant(-1))
    return prove((rest + 1) * y - 1 - x, depth + 1);
  Dim bound = lower ? x - y + 1 : x;
  return prove(factor * bound + rest * y, depth + 1);
}

Dim extreme(core::DimContext &dims, Dim dim, bool highest) {
  for (unsigned round = 0; round < 8; ++round) {
    const Atom *index = nullptr;
    for (const Atom *atom : dims.atoms(dim.size()))
      if (atom->kind == Atom::Index || atom->kind == Atom::Value)
        index = atom;
    if (!index)
      return dim.size();
    auto linear = dims.linearIn(dim.size(), index);
    auto factor = linear ? linear->first.rational() : std::nullopt;
    if (!factor)
      return Dim();
    bool up = highest != (*factor < Rational(0));
    Dim bound = up ? index->high : index->low;
    if (!bound)
      return Dim();
    dim = linear->first * bound + linear->second;
  }
  return Dim();
}

} // namespace lamina::sema
