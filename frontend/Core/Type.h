// SPDX-License-Identifier: Apache-2.0
//
// Types of values of Core.
//
// The types of run-time values: tensors with named axes, trees of weights,
// runs, tuples. An axis is three things, kept apart: a dim (what it meets), a
// size (what is checked, proved and emitted), and a name (what `over t` finds).

#ifndef LAMINA_FRONTEND_CORE_TYPE_H
#define LAMINA_FRONTEND_CORE_TYPE_H

#include "frontend/Core/Dim.h"

#include <vector>

namespace lamina::core {

struct Slot;

struct Axis {
  Dim dim;
  Symbol name;

  Dim size() const { return dim.size(); }
  /// The sizes' length differs from sample to sample.
  const Atom *raggedOver() const;
};

/// What a tensor is made of. Whole numbers carry inclusive bounds, null where
/// nothing is known; `id(n)` is 0 to n - 1.
struct Elem {
  enum Kind : uint8_t { Real, Whole, Truth };
  Kind kind = Real;
  Dim low, high;

  bool isReal() const { return kind == Real; }
  bool isWhole() const { return kind == Whole; }
  bool isTruth() const { return kind == Truth; }
};

struct Type {
  enum Kind : uint8_t { Tensor, Tree, Run, Tuple, None, Error };
  Kind kind = Error;
  Elem elem;                       ///< Tensor
  llvm::SmallVector<Axis, 4> axes; ///< Tensor, outermost first
  Slot *slot = nullptr;            ///< Tree: what layer's weights these are
  std::shared_ptr<const struct RunType> run; ///< Run
  std::vector<Type> parts;                   ///< Tuple
  std::vector<Symbol> names;                 ///< Tuple: empty or one each

  static Type tensor(Elem elem, llvm::ArrayRef<Axis> axes = {});
  static Type real(llvm::ArrayRef<Axis> axes = {}) { return tensor({}, axes); }
  static Type whole(Dim low = {}, Dim high = {},
                    llvm::ArrayRef<Axis> axes = {});
  static Type truth(llvm::ArrayRef<Axis> axes = {});
  static Type tree(Slot *slot);
  static Type tuple(llvm::ArrayRef<Type> parts,
                    llvm::ArrayRef<Symbol> names = {});
  static Type none();
  static Type error() { return Type(); }

  bool isError() const { return kind == Error; }
  bool isTensor() const { return kind == Tensor; }
  bool isTree() const { return kind == Tree; }
  bool isTuple() const { return kind == Tuple; }
  unsigned rank() const { return axes.size(); }
  bool isScalar() const { return isTensor() && axes.empty(); }

  /// As users write it: `id(256)[b, t]`. With `sizes`, numbers instead of
  /// names.
  std::string str(bool sizes = false) const;
};

/// A run of `f.begin`: its layer (with what it captured), the axis that is read
/// position by position, and the type of `last`.
struct RunType {
  Slot *slot = nullptr;
  Symbol call;   ///< the call of the layer; empty for the nameless one
  Dim rows;      ///< the first axis
  Type position; ///< what `next` takes
  Type last;
};

/// Equal element kinds and equal sizes, axis by axis (names do not count).
bool sameSizes(const Type &a, const Type &b);

} // namespace lamina::core

#endif // LAMINA_FRONTEND_CORE_TYPE_H
