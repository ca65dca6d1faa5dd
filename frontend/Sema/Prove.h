// SPDX-License-Identifier: Apache-2.0
//
// Deciding that a dim is not negative.
//
// Bound elimination on polynomials: the youngest atom of the goal is replaced
// by a bound on the helpful side until no atom is left. Sound, and allowed to
// give up: `false` means "could not be decided".

#ifndef LAMINA_FRONTEND_SEMA_PROVE_H
#define LAMINA_FRONTEND_SEMA_PROVE_H

#include "frontend/Core/Dim.h"

namespace lamina::sema {

class Prover {
public:
  /// Each of `facts` is >= 0.
  Prover(core::DimContext &dims, llvm::ArrayRef<core::Dim> facts);

  /// True only if `goal >= 0` for all values that atoms can have.
  bool notNegative(core::Dim goal);
  unsigned getSteps() const { return steps; }

  static constexpr unsigned maxSteps = 4000, maxDepth = 14, maxAtoms = 3;

private:
  bool prove(core::Dim goal, unsigned depth);
  bool obvious(core::Dim goal);
  std::optional<bool> signOf(core::Dim factor, unsigned depth);
  bool atomNotNegative(const core::Atom &atom);
  bool eliminate(core::Dim goal, const core::Atom &atom, unsigned depth);
  bool byBounds(core::Dim factor, core::Dim rest, const core::Atom &atom,
                bool lower, unsigned depth);
  bool byFacts(core::Dim factor, core::Dim rest, const core::Atom &atom,
               bool lower, unsigned depth);
  bool byQuotient(core::Dim factor, core::Dim rest, const core::Atom &atom,
                  bool lower, unsigned depth);

  core::DimContext &dims;
  llvm::SmallVector<core::Dim, 8> facts;
  unsigned steps = 0;
};

/// The largest value of `dim` (smallest if not `highest`) over the ranges of
/// indices, for messages; a dim in which no index is left, if one is found.
core::Dim extreme(core::DimContext &dims, core::Dim dim, bool highest);

} // namespace lamina::sema

#endif // LAMINA_FRONTEND_SEMA_PROVE_H
