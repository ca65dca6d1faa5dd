// SPDX-License-Identifier: Apache-2.0
//
// Sizes as canonical polynomials.
//
// A `Dim` is a polynomial with rational coefficients over atoms (names of
// dimensions, sizes of the program, indices, quotients …), interned in a
// `DimContext`: two dims are the same polynomial if and only if their pointers
// are equal. Sema decides with it what meets what; everybody after Sema looks
// at `dim.size()` only, in which nothing is left but constants and `Size`
// atoms.

#ifndef LAMINA_FRONTEND_CORE_DIM_H
#define LAMINA_FRONTEND_CORE_DIM_H

#include "frontend/Source/Range.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lamina::core {

/// A word of the source; its characters live as long as the `Program`.
using Symbol = llvm::StringRef;

class DimContext;
struct DimNode;
struct Atom;

/// An exact quotient of two 64-bit numbers, in lowest terms, with `den > 0`.
struct Rational {
  int64_t num = 0, den = 1;

  Rational(int64_t num = 0, int64_t den = 1);
  bool isZero() const { return num == 0; }
  bool isWhole() const { return den == 1; }
  bool operator==(Rational o) const { return num == o.num && den == o.den; }
  bool operator!=(Rational o) const { return !(*this == o); }
  bool operator<(Rational o) const;
  Rational operator+(Rational o) const;
  Rational operator-(Rational o) const;
  Rational operator*(Rational o) const;
  Rational operator/(Rational o) const;
  double toDouble() const { return double(num) / double(den); }
};

/// One product of a polynomial: `coefficient * a^p * b^q …`, atoms by age.
struct Monomial {
  struct Power {
    const Atom *atom;
    unsigned exponent;
  };
  Rational coefficient;
  llvm::SmallVector<Power, 2> powers;

  bool isConstant() const { return powers.empty(); }
};

/// A polynomial. Cheap to copy; null where there is none.
class Dim {
public:
  Dim() = default;

  explicit operator bool() const { return node; }
  bool operator==(Dim o) const { return node == o.node; }
  bool operator!=(Dim o) const { return node != o.node; }
  const void *key() const { return node; }

  llvm::ArrayRef<Monomial> monomials() const;
  DimContext &context() const;

  /// The value, if no atom occurs and it is whole.
  std::optional<int64_t> constant() const;
  bool isConstant(int64_t value) const { return constant() == value; }
  std::optional<Rational> rational() const;
  /// The atom, if the polynomial is just that.
  const Atom *atom() const;

  /// With every name, pack, setting and (filled) cell replaced by what it is
  /// bound to: constants, sizes of the program, and indices remain.
  Dim size() const;
  /// With settings replaced by their sizes; what dims are compared by.
  Dim comparable() const;

  /// In the words of the source: `2 * n + 1`.
  std::string str() const;

private:
  friend class DimContext;
  friend struct DimNode;
  explicit Dim(const DimNode *node) : node(node) {}
  const DimNode *node = nullptr;
};

/// What a polynomial is made of. Atoms are made by `DimContext` and live there.
struct Atom {
  enum Kind : uint8_t {
    Name,    ///< a name of one signature or body; rigid
    Pack,    ///< one axis of a `...`; rigid
    Setting, ///< a setting that was given a dim that is no number
    Size,    ///< of the program: becomes `program.dim`
    Cell,    ///< a size of a layer's weights that no call has fixed yet
    Index,   ///< an index of a definition, a reduction or a loop
    Value,   ///< a whole run-time number, of which only bounds are known
    Div,     ///< x div y
    Mod,     ///< x mod y
    Min,     ///< min(x, y)
    Max,     ///< max(x, y)
    Choice,  ///< x if some condition else y
  };

  Kind kind;
  unsigned id;   ///< order of creation; decides the order of monomials
  Symbol symbol; ///< how it is spelled; empty for Div … Choice
  Dim x, y;      ///< Name, Pack, Setting: x is the size, bound at creation.
                 ///< Cell: x is null until filled. Div … Choice: the parts.
  Dim low, high; ///< Size, Index, Value: inclusive bounds; null if unknown
  int64_t usual =
      0; ///< Size: what the planner tunes for, 0 if nothing is known
  const Atom *raggedOver =
      nullptr;                 ///< Size: the size along which its length varies
  const void *owner = nullptr; ///< Index: the `IndexVar`; Value: the Core node;
                               ///< Cell: the `Slot`; Choice: the condition
  Range range;                 ///< where the source makes it
};

/// Owns all dims and atoms of one compilation.
class DimContext {
public:
  DimContext();
  ~DimContext();
  DimContext(const DimContext &) = delete;
  DimContext &operator=(const DimContext &) = delete;

  Dim constant(int64_t value) { return rational(Rational(value)); }
  Dim rational(Rational value);
  Dim atom(const Atom *atom);

  Dim name(Symbol symbol, Dim size, Range range);
  Dim pack(unsigned position, Dim size, Range range);
  Dim setting(Symbol symbol, Dim size, Range range);
  /// A size of the program. `high` may be null: no bound but memory.
  Dim size(Symbol symbol, Dim low, Dim high, int64_t usual, Range range,
           const Atom *raggedOver = nullptr);
  Dim cell(Symbol symbol, const void *slot, Range range);
  Dim index(Symbol symbol, const void *var, Dim low, Dim high, Range range);
  Dim value(Symbol symbol, const void *node, Dim low, Dim high, Range range);
  void fillCell(Dim cell, Dim size);
  void setBounds(Dim indexOrValue, Dim low, Dim high);

  Dim add(Dim a, Dim b);
  Dim subtract(Dim a, Dim b);
  Dim multiply(Dim a, Dim b);
  Dim scale(Dim a, Rational factor);
  Dim power(Dim a, unsigned exponent);
  /// The quotient as a polynomial if the division leaves no rest.
  std::optional<Dim> divideExactly(Dim a, Dim b);
  Dim div(Dim a, Dim b);
  Dim mod(Dim a, Dim b);
  Dim min(Dim a, Dim b);
  Dim max(Dim a, Dim b);
  /// `a` where `condition` holds, else `b`; the condition is compared by
  /// pointer.
  Dim choice(const void *condition, Dim a, Dim b);

  /// Replaces atoms: `map` returns the dim for an atom, or null to keep it
  /// (then the parts of Div, Mod, Min, Max and Choice are mapped).
  Dim substitute(Dim dim, llvm::function_ref<Dim(const Atom &)> map);
  /// Every atom, also inside Div … Choice, oldest first, each once.
  llvm::SmallVector<const Atom *, 4> atoms(Dim dim);
  /// `dim = c * atom + rest` with c, rest free of `atom`; none if not linear in
  /// it.
  std::optional<std::pair<Dim, Dim>> linearIn(Dim dim, const Atom *atom);

  struct Impl;

private:
  friend class Dim;
  std::unique_ptr<Impl> impl;
};

inline Dim operator+(Dim a, Dim b) { return a.context().add(a, b); }
inline Dim operator-(Dim a, Dim b) { return a.context().subtract(a, b); }
inline Dim operator*(Dim a, Dim b) { return a.context().multiply(a, b); }
inline Dim operator+(Dim a, int64_t b) { return a + a.context().constant(b); }
inline Dim operator-(Dim a, int64_t b) { return a - a.context().constant(b); }
inline Dim operator*(Dim a, int64_t b) { return a.context().scale(a, b); }

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_DIM_H
